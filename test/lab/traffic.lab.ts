import { describe, expect, it } from 'vitest'
import type { CarrierLease } from './support/carrier.ts'
import { client, type Lab, NAT_MODES, useLab } from './support/lab.ts'
import { ADDRESS } from './support/topology.ts'
import { answers, ask, echo, flow, type Transport, TRANSPORTS } from './support/traffic.ts'

/** The carrier's mapping at this external port, once it works in both directions. */
async function leaseAt(lab: Lab, transport: Transport, port: number): Promise<CarrierLease | undefined> {
  const leases = await lab.carrier.complete()
  return leases.find((lease) => lease.protocol === transport && lease.externalPort === port)
}

describe.each(NAT_MODES)('with nat: %s', (nat) => {
  const lab = useLab({ nat })

  describe.each(TRANSPORTS)('a mapping for %s', (transport) => {
    const outside = { transport, address: ADDRESS.external, port: 7000 }

    it('joins a peer on the internet and the LAN host, both ways, at one external address and port', async () => {
      const { internet, lan1, lan2 } = lab().hosts
      await echo(lan1, transport, 6000)
      await echo(internet, transport, 9000)
      const toInternet = { transport, address: ADDRESS.internet, port: 9000 }
      expect(await ask(internet, outside)).toBeUndefined()

      await (await client(lab()))('-a', ADDRESS.lan1, 6000, 7000, transport, 600)
      await lab().carrier.complete()
      // The answer is heard by a socket connected to the external address and port: replies come from there.
      expect(await ask(internet, outside)).toMatch(`${ADDRESS.internet}:`)
      expect(await ask(lan1, toInternet, 6000)).toBe(`${ADDRESS.external}:7000`)
      expect(await ask(lan2, toInternet, 6000)).not.toBe(`${ADDRESS.external}:7000`)
    })

    it('is known to the carrier by the address it is mapped to', async () => {
      const lease = await leaseAt(lab(), transport, 7000)
      if (nat === 'none') {
        expect(lease).toMatchObject({ internalAddress: ADDRESS.lan1, internalPort: 6000 })
        return
      }
      expect(lease?.internalAddress).toBe(ADDRESS.cpeWan)
      const wanPort = { transport, address: ADDRESS.cpeWan, port: lease?.internalPort ?? 0 }
      expect(await ask(lab().hosts.neighbour, wanPort)).toMatch(`${ADDRESS.neighbour}:`)
    })

    it('is cut off by its deletion, running flows too', async () => {
      const { internet, neighbour } = lab().hosts
      const lease = await leaseAt(lab(), transport, 7000)
      const running = await flow(internet, outside)
      expect(await answers(running)).toBeGreaterThan(10)

      await (await client(lab()))('-d', 7000, transport)
      expect(await leaseAt(lab(), transport, 7000)).toBeUndefined()
      expect(await answers(running)).toBe(0)
      expect(await ask(internet, outside)).toBeUndefined()
      const wanPort = { transport, address: ADDRESS.cpeWan, port: lease?.internalPort ?? 0 }
      expect(await ask(neighbour, wanPort)).toBeUndefined()
    })
  })
})

describe('with nat: nftables', () => {
  const lab = useLab({ nat: 'nftables' })

  it('another LAN host that sends from the WAN port of a mapping is not seen at its external port', async () => {
    const { internet, lan2 } = lab().hosts
    await (await client(lab()))('-a', ADDRESS.lan1, 6000, 50_000, 'UDP', 600)
    const wanPort = (await leaseAt(lab(), 'UDP', 50_000))?.internalPort
    expect(wanPort).toBeDefined()
    await echo(internet, 'UDP', 9000)
    const target = { transport: 'UDP', address: ADDRESS.internet, port: 9000 } as const
    const seen = await ask(lan2, target, wanPort)
    expect(seen).toMatch(`${ADDRESS.external}:`)
    expect(seen).not.toBe(`${ADDRESS.external}:50000`)
  })
})
