import { describe, expect, it } from 'vitest'
import { client, useLab, useNetwork } from './support/lab.ts'
import { ADDRESS } from './support/topology.ts'
import { ask, echo } from './support/traffic.ts'
import { redirections } from './support/upnpc.ts'

const outside = { transport: 'UDP', address: ADDRESS.external, port: 7000 } as const

describe('a daemon that ends', () => {
  const lab = useLab({ nat: 'nftables' })

  it.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
    'by %s leaves the mappings to the hosts',
    async (signal) => {
      const { lan1, internet } = lab().hosts
      await (await client(lab()))('-a', ADDRESS.lan1, 6000, 7000, 'UDP', 600)
      await echo(lan1, 'UDP', 6000)
      const started = performance.now()
      const code = await lab().daemon.stop(signal)
      if (signal !== 'SIGKILL') expect(code).toBe(0)
      expect(performance.now() - started).toBeLessThan(2_000)
      expect(await lab().carrier.complete()).toHaveLength(1)
      expect(await ask(internet, outside)).toMatch(`${ADDRESS.internet}:`)

      await lab().daemon.start()
      expect(redirections(await (await client(lab()))('-l'))).toMatchObject([{ externalPort: 7000 }])
      expect(await lab().carrier.complete()).toHaveLength(1)
      expect(await ask(internet, outside)).toMatch(`${ADDRESS.internet}:`)
    },
  )
})

describe('a daemon with --release-on-exit', () => {
  const lab = useNetwork({ nat: 'nftables', flags: ['--release-on-exit'] })

  it('takes the mappings with it', async () => {
    await lab().daemon.start()
    await (await client(lab()))('-a', ADDRESS.lan1, 6000, 7000, 'UDP', 600)
    expect(await lab().carrier.leases()).toHaveLength(1)
    expect(await lab().daemon.stop()).toBe(0)
    expect(await lab().carrier.leases()).toEqual([])
  })
})
