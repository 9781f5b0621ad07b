import { describe, expect, it } from 'vitest'
import { takePort } from './support/carrier.ts'
import { useNetwork } from './support/lab.ts'
import { ADDRESS } from './support/topology.ts'
import { answers, ask, echo, flow, TRANSPORTS } from './support/traffic.ts'

/** What the lab measures with: a carrier that forwards what is mapped, and nothing else, without our daemon. */
describe('the lab itself', () => {
  const lab = useNetwork({ nat: 'nftables' })

  it.each(TRANSPORTS)('lets LAN hosts call out through both NATs over %s', async (transport) => {
    const { internet, lan1, lan2 } = lab().hosts
    await echo(internet, transport, 9000)
    const target = { transport, address: ADDRESS.internet, port: 9000 }
    expect(await ask(lan1, target)).toMatch(`${ADDRESS.external}:`)
    expect(await ask(lan2, target)).toMatch(`${ADDRESS.external}:`)
  })

  it.each(TRANSPORTS)('carries %s to a mapped host, both ways, and nothing unmapped', async (transport) => {
    const { internet, neighbour } = lab().hosts
    const outside = { transport, address: ADDRESS.external, port: 7000 }
    await echo(neighbour, transport, 6000)
    expect(await ask(internet, outside)).toBeUndefined()

    await takePort(neighbour, transport, 7000)
    const lease = (await lab().carrier.complete()).find(({ protocol }) => protocol === transport)
    expect(lease).toMatchObject({
      externalPort: 7000,
      internalAddress: ADDRESS.neighbour,
      internalPort: 6000,
    })
    expect(await ask(internet, outside)).toMatch(`${ADDRESS.internet}:`)
    await echo(internet, transport, 9001)
    const seen = await ask(neighbour, { transport, address: ADDRESS.internet, port: 9001 }, 6000)
    expect(seen).toBe(`${ADDRESS.external}:7000`)
    expect(await answers(await flow(internet, outside))).toBeGreaterThan(10)
  })
})
