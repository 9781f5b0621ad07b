import { describe, expect, it } from 'vitest'
import { port } from '../../src/lib/units.ts'
import { HOST, OTHER, add, caller, coreBench, faultOf, key } from '../support/core-bench.ts'

const probing = () => {
  const bench = coreBench({ probe: true })
  const look = (externalPort = 8080, host = HOST) =>
    faultOf(() =>
      bench.iwf.getSpecificPortMappingEntry(key({ externalPort: port(externalPort) }), caller(host)),
    )
  return { ...bench, look }
}

describe('GetSpecificPortMappingEntry for an unknown port (RFC 6970 §5.7)', () => {
  it('R6970-5.7-3 R6970-4.2-2 test 16: 714 at once, one MAP with PREFER_FAILURE for 60 s, and given back', async () => {
    const { carrier, clock, look } = probing()
    expect(await look()).toBe(714)
    await clock.advance(100)
    expect(carrier.maps).toHaveLength(1)
    expect(carrier.maps[0]).toMatchObject({ suggestedPort: 8080, preferFailure: true, lifetime: 60 })
    expect(carrier.held.size).toBe(1)
    await clock.advance(61_000)
    expect(carrier.held.size).toBe(0)
  })

  it('R6970-5.7-4: a port that is taken is 714 too', async () => {
    const { carrier, clock, look } = probing()
    carrier.taken.add(8080)
    expect(await look()).toBe(714)
    await clock.advance(100)
    expect(carrier.held.size).toBe(0)
  })

  it('R6970-5.7-2: the host’s own entry is answered without asking', async () => {
    const { answered, carrier, iwf } = probing()
    await answered(iwf.addPortMapping(add(), caller()))
    await iwf.getSpecificPortMappingEntry(key(), caller())
    expect(carrier.maps).toHaveLength(1)
  })

  it.each([0, 5000])('E5: AddPortMapping %i ms later takes over what the probe reserved', async (later) => {
    const { answered, carrier, clock, iwf, look, nat } = probing()
    await look()
    await clock.advance(later)
    await answered(iwf.addPortMapping(add({ internalClient: OTHER }), caller(OTHER)))
    expect(carrier.maps.map((map) => map.internalPort)).toEqual([
      carrier.maps[0]?.internalPort,
      carrier.maps[0]?.internalPort,
    ])
    expect([...nat.rules.values()].map(({ rule }) => rule.client)).toEqual([OTHER])
    await clock.advance(100_000)
    expect(carrier.held.size).toBe(1)
    expect(carrier.deletes).toHaveLength(0)
  })

  it('E5: without NAT the probe is given back before the port is asked for', async () => {
    const bench = coreBench({ probe: true, wanPorts: undefined })
    await faultOf(() => bench.iwf.getSpecificPortMappingEntry(key(), caller()))
    await bench.clock.advance(1000)
    await bench.answered(bench.iwf.addPortMapping(add(), caller()))
    expect([...bench.carrier.held.keys()]).toEqual([`TCP:${HOST}:8080`])
  })

  it('E5: one probe a second and host, and one a minute for one port', async () => {
    const { carrier, clock, look } = probing()
    for (let n = 0; n < 50; n++) await look(9000 + n)
    await look(9000, OTHER)
    await clock.advance(100)
    expect(carrier.maps).toHaveLength(1)
    await look(9100, OTHER)
    await clock.advance(100)
    expect(carrier.maps).toHaveLength(2)
  })

  it('igd.probe off: no packet', async () => {
    const { carrier, clock, iwf } = coreBench()
    await faultOf(() => iwf.getSpecificPortMappingEntry(key(), caller()))
    await clock.advance(100)
    expect(carrier.maps).toHaveLength(0)
  })
})
