import { describe, expect, it } from 'vitest'
import { millis, port, seconds } from '../../src/lib/units.ts'
import { Counters } from '../../src/metrics/counters.ts'
import { meteredEvents, meteredNat, meteredPcp, meteredSocket } from '../../src/metrics/metered.ts'
import type { Meter, PcpExchange } from '../../src/metrics/meter.ts'
import { add, caller, coreBench, key } from '../support/core-bench.ts'
import { FakeCarrier, HOME } from '../support/fake-carrier.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { FIRST_REQUEST } from '../support/first-request.ts'

const never = new AbortController().signal
const wanted = { ...FIRST_REQUEST, place: HOME }

function pcpBench() {
  const clock = new VirtualClock()
  const carrier = new FakeCarrier(clock)
  const counters = new Counters()
  const exchanges: PcpExchange[] = []
  const nothing = () => undefined
  const heard: Meter = {
    pcp: (exchange) => {
      counters.pcp(exchange)
      exchanges.push(exchange)
    },
    request: nothing,
    retransmission: nothing,
    epochLoss: nothing,
    nat: nothing,
    stateWrite: nothing,
  }
  const pcp = meteredPcp(carrier, clock, heard)
  return { carrier, clock, counters, exchanges, pcp }
}

describe('what the carrier is asked', () => {
  it('a grant: SUCCESS, and how long it took', async () => {
    const { clock, counters, exchanges, pcp } = pcpBench()
    await clock.answered(pcp.map(wanted, never))
    expect(exchanges).toEqual([{ opcode: 'MAP', renewal: false, result: 'SUCCESS', roundTrip: 1 }])
    expect(counters.counts()).toMatchObject({ pcp: { 'MAP SUCCESS': 1 }, renewals: 0 })
  })

  it('a renewal, which goes out once (RFC 6887 §11.2.1)', async () => {
    const { clock, counters, pcp } = pcpBench()
    await clock.answered(pcp.map({ ...wanted, sending: 'once' }, never))
    expect(counters.counts().renewals).toBe(1)
  })

  it('a refusal stands until something is granted', async () => {
    const { carrier, clock, counters, pcp } = pcpBench()
    carrier.refuse = { result: 'ADDRESS_MISMATCH', lifetime: seconds(30) }
    await clock.answered(pcp.map(wanted, never))
    expect(counters.refusal).toBe('ADDRESS_MISMATCH')
    await clock.answered(pcp.unmap(wanted, never))
    expect(counters.refusal).toBe('ADDRESS_MISMATCH')
    carrier.refuse = undefined
    await clock.answered(pcp.map(wanted, never))
    expect(counters.refusal).toBeUndefined()
    expect(counters.counts().pcp).toEqual({
      'MAP ADDRESS_MISMATCH': 1,
      'DELETE SUCCESS': 1,
      'MAP SUCCESS': 1,
    })
  })

  it('silence is no refusal', async () => {
    const { carrier, counters, pcp } = pcpBench()
    carrier.silent = true
    expect(await pcp.map(wanted, AbortSignal.abort())).toEqual({ kind: 'silent' })
    expect(counters.counts().pcp).toEqual({ 'MAP silent': 1 })
    expect(counters.refusal).toBeUndefined()
  })

  it('reachable is that of the carrier', () => {
    const { carrier, pcp } = pcpBench()
    expect(pcp.reachable).toBe(true)
    carrier.reachable = false
    expect(pcp.reachable).toBe(false)
  })
})

describe('what is sent', () => {
  it('the same packet again is a retransmission', async () => {
    const counters = new Counters()
    const sent: Uint8Array[] = []
    const end = { address: caller().address, port: port(5351) }
    const ignore = () => undefined
    const connect = meteredSocket(
      () =>
        Promise.resolve({
          local: end,
          server: end,
          send: (packet) => void sent.push(packet),
          onMessage: ignore,
          onError: ignore,
          close: ignore,
        }),
      counters,
    )
    const socket = await connect(end)
    const [one, other] = [Uint8Array.of(1), Uint8Array.of(1)]
    for (const packet of [one, one, other, one]) socket.send(packet)
    expect(sent).toEqual([one, one, other, one])
    expect(counters.counts().retransmissions).toBe(2)
  })
})

describe('what the carrier says unasked', () => {
  it('each goes on to the core, and a lost state is counted', () => {
    const counters = new Counters()
    const heard: string[] = []
    const told = (what: string) => () => void heard.push(what)
    const events = meteredEvents(
      {
        switched: told('switched'),
        lost: told('lost'),
        lostState: told('lostState'),
        returned: told('returned'),
        doubtful: told('doubtful'),
        mappingUpdate: told('mappingUpdate'),
      },
      counters,
    )
    events.switched()
    events.lost()
    events.lostState()
    events.returned()
    events.doubtful()
    events.mappingUpdate(wanted, { kind: 'refused', result: 'UNKNOWN', lifetime: seconds(0) })
    expect(heard).toEqual(['switched', 'lost', 'lostState', 'returned', 'doubtful', 'mappingUpdate'])
    expect(counters.counts().epochLosses).toBe(1)
  })
})

describe('the router NAT', () => {
  it('a failure stands until a change goes through, and is passed on', async () => {
    const { answered, clock, iwf, nat } = coreBench()
    await answered(iwf.addPortMapping(add(), caller()))
    const [held] = nat.rules.values()
    if (!held) throw new Error('no rule')
    const counters = new Counters()
    const metered = meteredNat(nat, clock, counters)
    nat.broken = true
    await expect(metered.set(held.rule, seconds(60))).rejects.toThrow()
    expect(counters.natFailure).toMatch(/./)
    expect(counters.counts().natFailures).toBe(1)
    nat.broken = false
    await metered.remove('TCP', held.rule.wanPort)
    expect(counters.natFailure).toBeUndefined()
    expect(nat.rules.size).toBe(0)
    await answered(iwf.deletePortMapping(key(), caller()))
  })
})

describe('SOAP calls', () => {
  it('by action and result', () => {
    const counters = new Counters()
    counters.request('AddPortMapping', 200)
    counters.request('AddPortMapping', 718)
    counters.request('AddPortMapping', 200)
    counters.nat(millis(1), undefined)
    expect(counters.counts().requests).toEqual({ 'AddPortMapping 200': 2, 'AddPortMapping 718': 1 })
  })
})
