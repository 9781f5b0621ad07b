import { describe, expect, it } from 'vitest'
import { port } from '../../src/lib/units.ts'
import { FREE, add, caller, coreBench, faultOf, HOST, key, OTHER } from '../support/core-bench.ts'
import { mac } from '../support/fake-hosts.ts'

const MAC = mac('02:00:00:00:00:0a')
const NEWCOMER = mac('02:00:00:00:00:0b')

type Bench = ReturnType<typeof coreBench>

const map = (bench: Bench, externalPort: number, internalClient = HOST) => {
  const request = add({ externalPort: port(externalPort), internalClient })
  return bench.answered(bench.iwf.addPortMapping(request, caller(internalClient)))
}

/** Two mappings of HOST, one of OTHER. */
async function mapped() {
  const bench = coreBench()
  bench.hosts.macs.set(HOST, MAC)
  for (const externalPort of [8000, 8001]) await map(bench, externalPort)
  await map(bench, 9000, OTHER)
  return bench
}

const held = ({ carrier }: Bench) => [...carrier.held.values()].map(({ externalPort }) => externalPort)

describe('R6970-5.10-1 C-15-3: a LAN host that is gone', () => {
  it('G25: loses all it had, here and at the carrier; the others keep theirs', async () => {
    const bench = await mapped()
    expect(bench.iwf.forgetHost(HOST, 'gone')).toBe(2)
    await bench.clock.advance(100)
    expect(held(bench)).toEqual([9000])
    expect(bench.nat.rules.size).toBe(1)
    expect(bench.iwf.portMappingNumberOfEntries()).toBe(1)
  })

  it('G25: the carrier is told by lifetime 0, and the LAN by one step and one event', async () => {
    const bench = await mapped()
    const before = bench.iwf.systemUpdateId()
    let events = 0
    bench.context.changes.listen(() => events++)
    bench.iwf.forgetHost(HOST, 'gone')
    await bench.clock.advance(100)
    expect(bench.carrier.deletes).toHaveLength(2)
    expect([bench.iwf.systemUpdateId() - before, events]).toEqual([1, 1])
  })

  it('that had nothing changes nothing', async () => {
    const bench = await mapped()
    bench.iwf.forgetHost(OTHER, 'gone')
    const before = bench.iwf.systemUpdateId()
    expect(bench.iwf.forgetHost(OTHER, 'gone')).toBe(0)
    expect(bench.iwf.systemUpdateId()).toBe(before)
  })

  it('its successor keeps what it maps, also where the operator mapped to that address for the one before', async () => {
    const bench = coreBench()
    bench.hosts.macs.set(HOST, MAC)
    await map(bench, 8001)
    const operator = { ...caller(), operator: true } as const
    await bench.answered(bench.iwf.addPortMapping(add({ static: true }), operator))
    await bench.answered(bench.iwf.deletePortMapping(key({ externalPort: port(8001) }), caller()))
    bench.hosts.macs.set(HOST, NEWCOMER)
    await map(bench, 8002)
    expect(bench.iwf.hosts().get(HOST)).toBe(NEWCOMER)
  })

  it('its successor keeps what it maps, also where the operator maps to that address', async () => {
    const bench = coreBench()
    bench.hosts.macs.set(HOST, MAC)
    const operator = { ...caller(), operator: true } as const
    await bench.answered(bench.iwf.addPortMapping(add({ static: true }), operator))
    bench.hosts.macs.set(HOST, NEWCOMER)
    await map(bench, 8001)
    expect(bench.iwf.hosts().get(HOST)).toBe(NEWCOMER)
    await map(bench, 8002)
    expect(bench.iwf.portMappingNumberOfEntries()).toBe(3)
  })

  it('frees its quota', async () => {
    const bench = coreBench({ limits: { ...FREE, perHost: 1, total: 1 } })
    await map(bench, 8000)
    bench.iwf.forgetHost(HOST, 'gone')
    await map(bench, 8001)
    expect(held(bench)).toEqual([8001])
  })

  it('is not asked for any more: an add on its way ends, and what the carrier may have done is undone', async () => {
    const bench = coreBench()
    bench.carrier.delay = 2000
    const asked = bench.iwf.addPortMapping(add(), caller())
    const answer = faultOf(() => asked)
    await bench.clock.advance(1000)
    bench.iwf.forgetHost(HOST, 'gone')
    expect(await bench.answered(answer)).toBe(501)
    await bench.clock.advance(5000)
    // Once more, as a copy of the request may have come after the first.
    expect(bench.carrier.deletes).toHaveLength(2)
    expect([held(bench), bench.nat.rules.size, bench.iwf.portMappingNumberOfEntries()]).toEqual([[], 0, 0])
  })

  it('T30: is not served by a recovery that runs', async () => {
    const bench = await mapped()
    bench.carrier.held.clear()
    bench.carrier.maps.splice(0)
    bench.events.lostState()
    bench.iwf.forgetHost(HOST, 'gone')
    await bench.clock.advance(30_000)
    expect(held(bench)).toEqual([9000])
    expect(bench.carrier.maps.map(({ suggestedPort }) => suggestedPort)).toEqual([9000])
  })
})

describe('an address that another machine has now', () => {
  it('tells for whom its mappings were made', async () => {
    const bench = await mapped()
    expect([...bench.iwf.hosts()]).toEqual([
      [HOST, MAC],
      [OTHER, undefined],
    ])
  })

  it('the newcomer inherits nothing: its own add ends what was there before', async () => {
    const bench = await mapped()
    bench.hosts.macs.set(HOST, NEWCOMER)
    await map(bench, 8001)
    await bench.clock.advance(100)
    expect(held(bench).sort()).toEqual([8001, 9000])
    expect(
      await faultOf(() => bench.iwf.getSpecificPortMappingEntry(key({ externalPort: port(8000) }), caller())),
    ).toBe(714)
    expect(bench.iwf.hosts().get(HOST)).toBe(NEWCOMER)
  })

  it('nor by AddAnyPortMapping, which would give it the same port again', async () => {
    const bench = await mapped()
    bench.hosts.macs.set(HOST, NEWCOMER)
    const asked = bench.iwf.addAnyPortMapping(add({ externalPort: port(8500) }), caller())
    expect(await bench.answered(asked)).toBe(8500)
  })

  it('the same machine asks again and keeps what it has', async () => {
    const bench = await mapped()
    await map(bench, 8000)
    expect(held(bench)).toEqual([8000, 8001, 9000])
    expect(bench.carrier.deletes).toEqual([])
  })

  it.each([
    ['was unknown when it asked', undefined, MAC],
    ['is unknown now', MAC, undefined],
  ])('a machine that %s keeps what it has', async (_what, then, now) => {
    const bench = coreBench()
    if (then) bench.hosts.macs.set(HOST, then)
    await map(bench, 8000)
    bench.hosts.macs.clear()
    if (now) bench.hosts.macs.set(HOST, now)
    await map(bench, 8001)
    expect(held(bench)).toEqual([8000, 8001])
  })
})
