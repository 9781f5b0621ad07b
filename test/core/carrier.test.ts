import { describe, expect, it } from 'vitest'
import { Capabilities } from '../../src/core/capabilities.ts'
import { Carrier } from '../../src/core/carrier.ts'
import { Holds } from '../../src/core/holds.ts'
import type { MapRequest } from '../../src/core/ports.ts'
import { millis, port, seconds } from '../../src/lib/units.ts'
import { CarrierQuota } from '../../src/core/quota.ts'
import type { ResultName } from '../../src/pcp/wire/constants.ts'
import { add, caller, coreBench, faultOf, key } from '../support/core-bench.ts'
import { fixedDice } from '../support/dice.ts'
import { FakeCarrier, HOME, ip, OTHER_SERVER } from '../support/fake-carrier.ts'
import { FIRST_REQUEST } from '../support/first-request.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const first = { ...FIRST_REQUEST, place: HOME }
const renewal: MapRequest = { ...first, sending: 'once', renews: true }

/** What stands between the core and a fake server. */
function between(mappings = 0) {
  const clock = new VirtualClock()
  const server = new FakeCarrier(clock)
  const lines: string[] = []
  const line = (_fields: object, message: string) => void lines.push(message)
  const log = { debug: line, info: line, warn: line, error: line }
  const holds = new Holds(clock)
  const capabilities = new Capabilities(clock, { wishes: { describes: false }, filtersHere: true })
  const carrier = new Carrier(
    { clock, log, pcp: server, random: fixedDice() },
    { capabilities, holds, quota: new CarrierQuota(clock, () => mappings), mappings: () => mappings },
  )
  const stop = new AbortController()
  const ask = (request: MapRequest) => carrier.map(request, stop.signal)
  const refuse = (result: ResultName, lifetime = 30) => {
    server.refuse = { result, lifetime: seconds(lifetime) }
  }
  return { ask, capabilities, carrier, clock, holds, lines, refuse, server, stop }
}

describe('the pace of requests', () => {
  it('C-14-4: renewals go five at once and then five a second', async () => {
    const { ask, clock, server } = between()
    for (let n = 0; n < 20; n++) void ask({ ...renewal, internalPort: port(50_000 + n) })
    await clock.advance(0)
    expect(server.maps).toHaveLength(5)
    await clock.advance(1000)
    expect(server.maps).toHaveLength(10)
  })

  it('C-14-4: a new mapping waits for nobody, and renewals give way to it', async () => {
    const { ask, clock, server } = between()
    for (let n = 0; n < 8; n++) void ask({ ...first, internalPort: port(50_000 + n) })
    void ask({ ...renewal, internalPort: port(51_000) })
    await clock.advance(0)
    expect(server.maps).toHaveLength(8)
    await clock.advance(700)
    expect(server.maps).toHaveLength(8)
    await clock.advance(200)
    expect(server.maps.at(-1)?.internalPort).toBe(51_000)
  })

  it('E25: what new mappings owe is paid back after two seconds, however many there were', async () => {
    const { ask, clock, server } = between()
    for (let n = 0; n < 300; n++) void ask({ ...first, internalPort: port(50_000 + n) })
    void ask({ ...renewal, internalPort: port(51_000) })
    await clock.advance(1300)
    expect(server.maps).toHaveLength(301)
  })

  it('a table that has more to renew than that is renewed all the same', async () => {
    const { ask, clock, server } = between(3000)
    for (let n = 0; n < 200; n++) void ask({ ...renewal, internalPort: port(50_000 + n) })
    await clock.advance(1000)
    expect(server.maps.length).toBeGreaterThan(90)
  })

  it('a renewal whose time is over before its turn is never sent', async () => {
    const { ask, clock, server, stop } = between()
    const asked = Array.from({ length: 20 }, (_, n) => ask({ ...renewal, internalPort: port(50_000 + n) }))
    await clock.advance(100)
    stop.abort()
    await clock.advance(10_000)
    expect((await Promise.all(asked)).filter(({ kind }) => kind === 'silent')).toHaveLength(15)
    expect(server.maps).toHaveLength(5)
  })
})

describe('NO_RESOURCES (RFC 6887 §11.4)', () => {
  it('T19 C-11.4-2: for a new mapping: nothing new is asked for, renewals go on', async () => {
    const { ask, carrier, clock, refuse, server, stop } = between()
    refuse('NO_RESOURCES')
    const refused = ask(first)
    await clock.advance(10)
    expect(await refused).toMatchObject({ result: 'NO_RESOURCES' })
    expect(await ask({ ...first, internalPort: port(50_001) })).toMatchObject({ result: 'NO_RESOURCES' })
    expect(server.maps).toHaveLength(1)
    void ask(renewal)
    void carrier.unmap(first, stop.signal)
    await clock.advance(10)
    expect([server.maps.length, server.deletes.length]).toEqual([2, 1])
  })

  it('C-11.4-2: for the same mapping again and again: the others are not shut out for ever', async () => {
    const { ask, clock, refuse, server } = between()
    const answered = async (request: MapRequest) => {
      const outcome = ask(request)
      await clock.advance(10)
      return await outcome
    }
    refuse('NO_RESOURCES')
    await answered(renewal)
    expect(await answered(first)).toMatchObject({ result: 'NO_RESOURCES' })
    expect(server.maps).toHaveLength(1)
    await clock.advance(20_000)
    await answered(renewal)
    await clock.advance(14_000)
    server.refuse = undefined
    expect(await answered(first)).toMatchObject({ kind: 'granted' })
    refuse('NO_RESOURCES')
    await answered({ ...renewal, internalPort: port(50_002) })
    expect(await answered({ ...first, internalPort: port(50_001) })).toMatchObject({ kind: 'refused' })
  })

  it('C-11.4-2: who asks for something new meanwhile makes it no longer', async () => {
    const { ask, clock, refuse, server } = between()
    refuse('NO_RESOURCES')
    void ask(first)
    await clock.advance(10)
    server.refuse = undefined
    for (let n = 1; n <= 40; n++) {
      void ask({ ...first, internalPort: port(50_000 + n) })
      await clock.advance(1000)
    }
    expect(server.maps.length).toBeGreaterThan(1)
  })

  it('T20 C-11.4-3: for a delete: nothing of any kind is sent for so long, and a tenth more', async () => {
    const { ask, carrier, clock, server, stop } = between()
    server.refuseDelete = { result: 'NO_RESOURCES', lifetime: seconds(30) }
    void carrier.unmap(first, stop.signal)
    await clock.advance(10)
    server.refuseDelete = undefined
    expect(await ask(first)).toMatchObject({ kind: 'refused', result: 'NO_RESOURCES' })
    void ask(renewal)
    void carrier.unmap(first, stop.signal)
    await clock.advance(31_400)
    expect([server.maps.length, server.deletes.length]).toEqual([0, 1])
    await clock.advance(200)
    expect([server.maps.length, server.deletes.length]).toEqual([1, 2])
  })

  it('T20 C-11.4-3: also when that is said again meanwhile', async () => {
    const { ask, carrier, clock, server, stop } = between()
    server.refuseDelete = { result: 'NO_RESOURCES', lifetime: seconds(30) }
    void carrier.unmap(first, stop.signal)
    await clock.advance(0)
    server.delay = 10_000
    void carrier.unmap(first, stop.signal)
    await clock.advance(5000)
    void ask(renewal)
    await clock.advance(36_400)
    expect(server.maps).toHaveLength(0)
    await clock.advance(200)
    expect(server.maps).toHaveLength(1)
  })

  it('C-x-3: routers that were refused at the same time come back apart', () => {
    const ends = [0, 0.5, 0.999].map((dice) => {
      const clock = new VirtualClock(0)
      return new Holds(clock).freeze({ result: 'NO_RESOURCES', lifetime: seconds(100), what: 'all' }, dice)
    })
    expect(ends).toEqual([100_000, 105_000, 109_990])
  })

  it('E7: USER_EX_QUOTA freezes nobody else', async () => {
    const { ask, clock, refuse, server } = between()
    refuse('USER_EX_QUOTA')
    void ask(first)
    await clock.advance(10)
    server.refuse = undefined
    const other = ask({ ...first, internalPort: port(50_001) })
    await clock.advance(10)
    expect(await other).toMatchObject({ kind: 'granted' })
  })
})

describe('ADDRESS_MISMATCH (RFC 6887 §8.1)', () => {
  it('C-8.1-2: 501 without a packet for half an hour, an error in the log, and then another try', async () => {
    const { answered, carrier, clock, iwf, lines } = coreBench()
    const map = () => answered(iwf.addPortMapping(add(), caller()))
    carrier.refuse = { result: 'ADDRESS_MISMATCH', lifetime: seconds(60) }
    expect(await faultOf(map)).toBe(501)
    expect(await faultOf(map)).toBe(501)
    expect(carrier.maps).toHaveLength(1)
    expect(lines.filter(({ level, message }) => level === 'error' && message.includes('NAT'))).toHaveLength(1)
    await clock.advance(1_700_000)
    expect(await faultOf(map)).toBe(501)
    expect(carrier.maps).toHaveLength(1)
    carrier.refuse = undefined
    await clock.advance(300_000)
    await map()
  })

  it('C-8.1-2: another WAN address is tried at once', async () => {
    const { answered, carrier, events, iwf } = coreBench()
    carrier.refuse = { result: 'ADDRESS_MISMATCH', lifetime: seconds(60) }
    expect(await faultOf(() => answered(iwf.addPortMapping(add(), caller())))).toBe(501)
    carrier.refuse = undefined
    events.switched()
    await answered(iwf.addPortMapping(add(), caller()))
    expect(iwf.portMappingNumberOfEntries()).toBe(1)
  })

  it('C-8.3-9: another server is asked at once for what waited for the end of that', async () => {
    const { answered, carrier, clock, events, iwf } = coreBench()
    carrier.maxLifetime = 600
    for (const externalPort of [8080, 8081, 8082].map(port))
      await answered(iwf.addPortMapping(add({ externalPort, internalPort: externalPort }), caller()))
    carrier.refuse = { result: 'ADDRESS_MISMATCH', lifetime: seconds(60) }
    await clock.advance(400_000)
    carrier.refuse = undefined
    carrier.place = OTHER_SERVER
    events.switched()
    await clock.advance(20_000)
    expect(carrier.held.size).toBe(3)
  })
})

describe('options that a server lacks', () => {
  it('C-7.4-2: none of those that can be left out, where a request without any is refused too', async () => {
    const { ask, capabilities, clock, refuse } = between()
    refuse('UNSUPP_OPTION')
    const outcome = ask({ ...first, preferFailure: true, remotePeers: [] })
    await clock.advance(10)
    expect(await outcome).toMatchObject({ kind: 'refused', result: 'UNSUPP_OPTION' })
    expect(capabilities.known()).toEqual({ PREFER_FAILURE: 'unknown', FILTER: 'unknown' })
  })

  it('E19: a renewal too is asked for without them', async () => {
    const { ask, clock, server } = between()
    server.unsupported.add('PREFER_FAILURE')
    const renewed = ask(renewal)
    await clock.advance(10)
    expect(await renewed).toMatchObject({ kind: 'granted' })
    expect(server.maps.map(({ preferFailure }) => preferFailure)).toEqual([true, false])
  })
})

describe('a server whose external address is another one now', () => {
  const old = ip('203.0.114.9')

  it('C-14-4: the port alone is insisted on, where the address is what cannot be had', async () => {
    const { ask, clock, server } = between()
    server.insistOnAddress = true
    const asked = ask({ ...first, suggestedAddress: old })
    await clock.advance(10)
    expect(await asked).toMatchObject({ kind: 'granted', external: { address: server.externalAddress } })
    expect(server.maps.map(({ suggestedAddress }) => suggestedAddress)).toEqual([old, undefined])
  })

  it('E9: an address that the server granted a moment ago is not given up for a taken port', async () => {
    const { ask, clock, server } = between()
    void ask(first)
    await clock.advance(10)
    server.taken.add(9000)
    const other = { ...first, internalPort: port(50_001), suggestedPort: port(9000) }
    const asked = ask({ ...other, suggestedAddress: server.externalAddress })
    await clock.advance(10)
    expect(await asked).toMatchObject({ result: 'CANNOT_PROVIDE_EXTERNAL' })
    expect(server.maps).toHaveLength(2)
  })

  it('E9: a mapping that AddPortMapping gets at another address than the others have is given back', async () => {
    const { answered, carrier, clock, iwf } = coreBench()
    await answered(iwf.addPortMapping(add({ externalPort: port(8000) }), caller()))
    const shown = carrier.externalAddress
    carrier.externalAddress = ip('203.0.114.77')
    const second = add({ externalPort: port(8001) })
    expect(await faultOf(() => answered(iwf.addPortMapping(second, caller())))).toBe(718)
    await clock.advance(100)
    expect(carrier.held.size).toBe(1)
    expect(iwf.externalIpAddress()).toBe(shown)
  })

  it('E9: what AddAnyPortMapping gets there is kept, and the address that the others have goes on being shown', async () => {
    const { answered, carrier, iwf } = coreBench()
    await answered(iwf.addPortMapping(add({ externalPort: port(8000) }), caller()))
    const shown = carrier.externalAddress
    carrier.externalAddress = ip('203.0.114.77')
    await answered(
      iwf.addAnyPortMapping(add({ externalPort: port(8001), internalPort: port(9001) }), caller()),
    )
    expect(iwf.portMappingNumberOfEntries()).toBe(2)
    expect(iwf.externalIpAddress()).toBe(shown)
  })

  it('E9 E10: all mappings move there and keep their ports, and control points are told the address', async () => {
    const { carrier, clock, answered, context, events, iwf } = coreBench()
    for (const externalPort of [8000, 8001])
      await answered(iwf.addPortMapping(add({ externalPort: port(externalPort) }), caller()))
    const told: string[] = []
    context.changes.listen(() => told.push(iwf.externalIpAddress()))
    carrier.held.clear()
    carrier.externalAddress = ip('203.0.114.77')
    carrier.insistOnAddress = true
    events.lostState()
    await clock.advance(20_000)
    expect([...carrier.held.values()].map(({ externalPort }) => externalPort)).toEqual([8000, 8001])
    expect(told).toContain('203.0.114.77')
    expect([...context.table.mappings()].map(({ claim }) => claim.state)).toEqual(['ACTIVE', 'ACTIVE'])
  })
})

describe('recovery', () => {
  it('C-14-4: what data flows through comes first, then what ends first', async () => {
    const { answered, carrier, clock, context, events, iwf, nat } = coreBench()
    for (const externalPort of [8000, 8001, 8002, 8003]) {
      await answered(iwf.addPortMapping(add({ externalPort: port(externalPort) }), caller()))
      await clock.advance(1000)
    }
    const busy = context.table.at('TCP', port(8002))?.claim.wanPort
    if (busy !== undefined) nat.busy.add(busy)
    carrier.held.clear()
    carrier.maps.splice(0)
    events.lostState()
    await clock.advance(20_000)
    expect(carrier.maps.map(({ suggestedPort }) => suggestedPort)).toEqual([8002, 8000, 8001, 8003])
  })

  it('E21 R6970-5.10-3: AddAnyPortMapping is asked for at its old port first, and then at any', async () => {
    const { answered, carrier, clock, events, iwf } = coreBench()
    const had = await answered(iwf.addAnyPortMapping(add(), caller()))
    const before = iwf.systemUpdateId()
    carrier.held.clear()
    carrier.maps.splice(0)
    carrier.taken.add(had)
    events.lostState()
    await clock.advance(20_000)
    expect(carrier.maps.every(({ suggestedPort }) => suggestedPort === had)).toBe(true)
    expect(
      carrier.maps.map(({ preferFailure, suggestedAddress }) => [preferFailure, suggestedAddress]),
    ).toEqual([
      [true, carrier.externalAddress],
      [true, undefined],
      [false, carrier.externalAddress],
    ])
    expect(iwf.getGenericPortMappingEntry(0).externalPort).not.toBe(had)
    expect(iwf.systemUpdateId()).toBe(before + 1)
  })

  it('E21 R6970-5.10-4: AddPortMapping degrades, stays listed, and is tried again after the error', async () => {
    const { answered, carrier, clock, context, events, iwf } = coreBench()
    await answered(iwf.addPortMapping(add(), caller()))
    carrier.held.clear()
    carrier.taken.add(8080)
    events.lostState()
    await clock.advance(20_000)
    expect(context.table.at('TCP', port(8080))?.claim.state).toBe('DEGRADED')
    expect((await iwf.getSpecificPortMappingEntry(key(), caller())).externalPort).toBe(8080)
    carrier.taken.clear()
    await clock.advance(40_000)
    expect(context.table.at('TCP', port(8080))?.claim.state).toBe('ACTIVE')
  })
})

describe('E21 R6970-5.10-4: a server that gives AddPortMapping’s mapping another port', () => {
  async function moved(how: 'addPortMapping' | 'addAnyPortMapping' = 'addPortMapping') {
    const bench = coreBench()
    const { answered, carrier, clock, events, iwf } = bench
    const made: Promise<unknown> = iwf[how](add({ lease: 'infinite' }), caller())
    await answered(made)
    if (how === 'addAnyPortMapping') await answered(iwf.addPortMapping(add({ lease: 'infinite' }), caller()))
    carrier.held.clear()
    carrier.taken.add(8080)
    carrier.ignorePreferFailure = true
    events.lostState()
    await clock.advance(20_000)
    return bench
  }
  const ports = ({ carrier }: Awaited<ReturnType<typeof moved>>) =>
    [...carrier.held.values()].map(({ externalPort }) => externalPort)

  it('the old one is asked back after half an hour, and the other one goes', async () => {
    const bench = await moved()
    expect(ports(bench)).toEqual([20_000])
    bench.carrier.taken.clear()
    bench.carrier.ignorePreferFailure = false
    await bench.clock.advance(1_900_000)
    expect(ports(bench)).toEqual([8080])
    expect(bench.context.table.at('TCP', port(8080))?.claim.state).toBe('ACTIVE')
  })

  it('until then it is renewed, and the table is as it was', async () => {
    const bench = await moved()
    bench.carrier.maxLifetime = 120
    const [updates, writes] = [bench.iwf.systemUpdateId(), bench.store.writes.length]
    void bench.context.table.at('TCP', port(8080))
    await bench.clock.advance(1_500_000)
    expect(ports(bench)).toEqual([20_000])
    expect(bench.iwf.getGenericPortMappingEntry(0).externalPort).toBe(8080)
    expect([bench.iwf.systemUpdateId(), bench.store.writes.length]).toEqual([updates, writes])
  })

  it('also where AddAnyPortMapping made it first', async () => {
    const bench = await moved('addAnyPortMapping')
    expect(bench.iwf.getGenericPortMappingEntry(0).externalPort).toBe(8080)
  })
})

it('T29: a freeze has an end, whatever the server says', () => {
  const holds = new Holds(new VirtualClock(0))
  const until = holds.freeze({ result: 'NO_RESOURCES', lifetime: seconds(0xffffffff), what: 'all' }, 0)
  expect(until).toBe(millis(300_000))
})
