import { describe, expect, it } from 'vitest'
import { client, useNetwork } from './support/lab.ts'
import { until } from './support/program.ts'
import { ADDRESS } from './support/topology.ts'
import { ask, echo } from './support/traffic.ts'

describe('a daemon that ends', () => {
  const lab = useNetwork({ nat: 'nftables' })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s exits in 2 s and leaves the mappings to the hosts',
    async (signal) => {
      const { lan1, internet } = lab().hosts
      await lab().daemon.start()
      const port = signal === 'SIGTERM' ? 7000 : 7001
      await (await client(lab()))('-a', ADDRESS.lan1, 6000, port, 'UDP', 600)
      await echo(lan1, 'UDP', 6000)
      const started = performance.now()
      expect(await lab().daemon.stop(signal)).toBe(0)
      expect(performance.now() - started).toBeLessThan(2_000)
      const ports = (await lab().carrier.complete()).map((lease) => lease.externalPort)
      expect(ports).toContain(port)
      expect(await ask(internet, { transport: 'UDP', address: ADDRESS.external, port })).toMatch(
        `${ADDRESS.internet}:`,
      )
    },
  )

  it('exits in 2 s while a host waits for a silent carrier', async () => {
    const { carrier, daemon, hosts } = lab()
    await daemon.start()
    const upnpc = await client(lab())
    carrier.pause()
    const waiting = upnpc('-a', ADDRESS.lan1, 6002, 7002, 'UDP', 600)
    // The way in the router is made, then the carrier is asked.
    await until('the carrier is asked', 10_000, async () => {
      const inbound = await hosts.cpe.must(['nft', 'list', 'map', 'ip', 'igd_pcp', 'inbound'])
      return inbound.includes(`${ADDRESS.lan1} . 6002`) || undefined
    })
    const started = performance.now()
    expect(await daemon.stop()).toBe(0)
    expect(performance.now() - started).toBeLessThan(2_000)
    carrier.resume()
    await waiting
  })
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
