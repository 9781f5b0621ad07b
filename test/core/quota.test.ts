import { describe, expect, it } from 'vitest'
import { problemsNow } from '../../src/core/status-view.ts'
import { port, seconds } from '../../src/lib/units.ts'
import { add, caller, coreBench, faultOf, key, OTHER } from '../support/core-bench.ts'
import { OTHER_SERVER } from '../support/fake-carrier.ts'
import { WELL_OUTSIDE } from '../support/symptoms.ts'

/** A carrier that lets this line have `quota` mappings, and a line that has as many, from port 9000 on. */
async function full(quota: number, over: Parameters<typeof coreBench>[0] = {}) {
  const bench = coreBench(over)
  const { answered, carrier, iwf } = bench
  carrier.quota = quota
  const ask = (n: number, more: Parameters<typeof add>[0] = {}) =>
    answered(iwf.addPortMapping(add({ externalPort: port(n), lease: seconds(86_400), ...more }), caller()))
  const refused = (n: number) => faultOf(() => ask(n))
  const drop = (n: number) => answered(iwf.deletePortMapping(key({ externalPort: port(n) }), caller()))
  for (let n = 0; n < quota; n++) await ask(9000 + n)
  return { ...bench, ask, drop, refused }
}

describe('USER_EX_QUOTA (RFC 6887 §7.4)', () => {
  it('E7: is learnt, and adds beyond it are 728 without a packet for as long as the error lasts', async () => {
    const { carrier, clock, context, lines, refused } = await full(3)
    expect(await refused(8000)).toBe(728)
    expect(context.quota.most).toBe(3)
    const before = carrier.maps.length
    for (const n of [8000, 8001, 8002]) expect(await refused(n)).toBe(728)
    expect(carrier.maps).toHaveLength(before)
    expect(lines.filter(({ message }) => message.includes('no more mappings'))).toHaveLength(1)
    await clock.advance(30_000)
    expect(await refused(8003)).toBe(728)
    expect(carrier.maps).toHaveLength(before + 1)
  })

  it('is seen in the status while it is known', async () => {
    const { clock, context, refused } = await full(2)
    expect(problemsNow(context, WELL_OUTSIDE)).toEqual([])
    await refused(8000)
    expect(problemsNow(context, WELL_OUTSIDE)).toMatchObject([{ id: 'carrier-quota', severity: 'warning' }])
    await clock.advance(31_000)
    expect(problemsNow(context, WELL_OUTSIDE)).toEqual([])
  })

  it('several adds at once learn the same', async () => {
    const { context, refused } = await full(3)
    expect(await Promise.all([8000, 8001, 8002, 8003].map(refused))).toEqual([728, 728, 728, 728])
    expect(context.quota.most).toBe(3)
  })

  it('a delete makes room, for the same request too', async () => {
    const { ask, carrier, drop, refused } = await full(3)
    expect(await refused(8000)).toBe(728)
    await drop(9001)
    await ask(8000)
    expect(carrier.held.size).toBe(3)
    expect(await refused(8001)).toBe(728)
  })

  it('another host’s mapping is never taken for it', async () => {
    const { answered, carrier, iwf } = await full(2)
    const other = add({ externalPort: port(8000), internalClient: OTHER })
    expect(await faultOf(() => answered(iwf.addPortMapping(other, caller(OTHER))))).toBe(728)
    expect([...carrier.held.values()].map(({ externalPort }) => externalPort)).toEqual([9000, 9001])
  })

  it('what nobody wants gives way: a delete that is not confirmed yet', async () => {
    const { ask, carrier, clock, iwf } = await full(3)
    carrier.delay = 2000
    void iwf.deletePortMapping(key({ externalPort: port(9000) }), caller())
    await clock.advance(100)
    carrier.delay = 1
    await ask(8000)
    expect([...carrier.held.values()].map(({ externalPort }) => externalPort)).toEqual([9001, 9002, 8000])
  })

  it('what nobody wants gives way: a port that was only probed', async () => {
    const { answered, ask, carrier, clock, iwf } = await full(2, { probe: true })
    carrier.quota = 3
    const probe = key({ externalPort: port(7000) })
    await faultOf(() => answered(iwf.getSpecificPortMappingEntry(probe, caller())))
    await clock.advance(100)
    expect(carrier.held.size).toBe(3)
    await ask(8000)
    expect([...carrier.held.values()].map(({ externalPort }) => externalPort)).toEqual([9000, 9001, 8000])
  })

  it('while it is full nothing is probed', async () => {
    const { answered, carrier, iwf, refused } = await full(2, { probe: true })
    await refused(8000)
    const before = carrier.maps.length
    const probe = key({ externalPort: port(7000) })
    await faultOf(() => answered(iwf.getSpecificPortMappingEntry(probe, caller())))
    expect(carrier.maps).toHaveLength(before)
  })

  it('renewals of what there is go on', async () => {
    const { carrier, clock, refused } = await full(3)
    carrier.maxLifetime = 120
    await clock.advance(54_000_000)
    await refused(8000)
    const before = carrier.maps.length
    await clock.advance(110_000)
    expect(carrier.maps.slice(before).filter(({ renews }) => renews).length).toBeGreaterThanOrEqual(3)
  })

  it('what has to be made anew keeps its place: nothing new takes it', async () => {
    const { carrier, clock, drop, events, iwf, refused } = await full(3)
    carrier.held.clear()
    carrier.quota = 2
    events.lostState()
    await clock.advance(10_000)
    expect(carrier.held.size).toBe(2)
    await drop(9000)
    expect(await refused(8000)).toBe(728)
    await clock.advance(40_000)
    expect(iwf.portMappingNumberOfEntries()).toBe(2)
    expect([...carrier.held.values()].map(({ externalPort }) => externalPort).sort()).toEqual([9001, 9002])
  })

  it('C-7.4-1: what it keeps out is asked for less and less often, and at once when a delete makes room', async () => {
    const { carrier, clock, drop, events } = await full(3)
    carrier.held.clear()
    carrier.quota = 2
    events.lostState()
    await clock.advance(10_000)
    const asked = async (span: number) => {
      const before = carrier.maps.length
      await clock.advance(span)
      return carrier.maps.slice(before).filter(({ suggestedPort }) => !has(suggestedPort)).length
    }
    const has = (wanted: number) => [...carrier.held.values()].some((one) => one.externalPort === wanted)
    const [first, later] = [await asked(600_000), await asked(14_400_000)]
    expect(first).toBeGreaterThanOrEqual(3)
    expect(first).toBeLessThanOrEqual(5)
    expect(later).toBeLessThanOrEqual(9)
    const [kept] = carrier.held.values()
    await drop(kept?.externalPort ?? 0)
    await clock.advance(1000)
    expect(carrier.held.size).toBe(2)
  })

  it('C-8.3-9: what one server grants says nothing of another', async () => {
    const { ask, carrier, events, refused } = await full(2)
    await refused(8000)
    carrier.place = OTHER_SERVER
    carrier.quota = 100
    events.switched()
    await ask(8000)
  })
})
