import { describe, expect, it } from 'vitest'
import { client, useNetwork } from './support/lab.ts'
import { ADDRESS } from './support/topology.ts'
import { answers, ask, echo, flow } from './support/traffic.ts'

describe('a daemon that is killed and started again', () => {
  const lab = useNetwork({ nat: 'nftables' })

  it('a transfer goes on, the mapping is still listed, and the carrier keeps its port', async () => {
    const { internet, lan1 } = lab().hosts
    await lab().daemon.start()
    const upnpc = await client(lab())
    await upnpc('-a', ADDRESS.lan1, 6000, 7000, 'UDP', 600)
    await echo(lan1, 'UDP', 6000)
    const [before] = await lab().carrier.complete()
    const running = await flow(internet, { transport: 'UDP', address: ADDRESS.external, port: 7000 })
    expect(await answers(running)).toBeGreaterThan(10)

    await lab().daemon.stop('SIGKILL')
    expect(await answers(running)).toBeGreaterThan(10)
    await lab().daemon.start()
    expect(await answers(running)).toBeGreaterThan(10)
    expect(await upnpc('-l')).toContain('7000')

    await new Promise((resolve) => setTimeout(resolve, 8000))
    const [after] = await lab().carrier.complete()
    expect(after).toMatchObject({ externalPort: 7000, internalPort: before?.internalPort })
    expect(await lab().carrier.leases()).toHaveLength(1)
    expect(await ask(internet, { transport: 'UDP', address: ADDRESS.external, port: 7000 })).toMatch(
      `${ADDRESS.internet}:`,
    )
  })
})
