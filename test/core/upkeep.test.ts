import { describe, expect, it } from 'vitest'
import { seconds } from '../../src/lib/units.ts'
import { Fault } from '../../src/core/fault.ts'
import { add, caller, coreBench, faultOf, key } from '../support/core-bench.ts'
import type { FakeCarrier } from '../support/fake-carrier.ts'

const mapped = async (over: Parameters<typeof add>[0] = {}, maxLifetime = 120) => {
  const bench = coreBench()
  bench.carrier.maxLifetime = maxLifetime
  await bench.answered(bench.iwf.addPortMapping(add(over), caller()))
  return bench
}

describe('renewal while the lease lives (RFC 6970 §5.9)', () => {
  it('R6970-4.1-5 R6970-5.9-4 C-15-2: 120 s granted for 3600 s: renewed to the end, then deleted', async () => {
    const { carrier, clock, iwf, nat } = await mapped()
    let lapses = 0
    const watch = () => {
      const [held] = carrier.held.values()
      if (!held || held.expires < clock.now()) lapses++
    }
    for (let s = 0; s < 3590; s += 10) {
      await clock.advance(10_000)
      watch()
    }
    expect(lapses).toBe(0)
    expect(iwf.portMappingNumberOfEntries()).toBe(1)
    await clock.advance(11_000)
    expect(iwf.portMappingNumberOfEntries()).toBe(0)
    expect(carrier.held.size).toBe(0)
    expect(nat.rules.size).toBe(0)
  })

  it('G15: the UPnP lease runs on while the carrier is asked again and again', async () => {
    const { clock, iwf } = await mapped()
    const update = iwf.systemUpdateId()
    await clock.advance(1_000_000)
    expect(iwf.getGenericPortMappingEntry(0).leaseDuration).toBe(2600)
    expect(iwf.systemUpdateId()).toBe(update)
  })

  it('R6970-5.9-1 R6970-5.9-2: an infinite lease asks for 2^32-1 and outlives five lifetimes', async () => {
    const { carrier, clock, iwf } = await mapped({ lease: 'infinite' })
    expect(carrier.maps[0]?.lifetime).toBe(0xffffffff)
    await clock.advance(5 * 120_000 + 1000)
    expect(iwf.getGenericPortMappingEntry(0).leaseDuration).toBe(0)
    expect([...carrier.held.values()][0]?.expires).toBeGreaterThan(clock.now())
  })

  it('R6970-5.9-3 E4: the lease first, what is left of it later, never less than 120 s', async () => {
    const { carrier, clock } = await mapped({ lease: seconds(300) })
    await clock.advance(299_000)
    const asked = carrier.maps.map((map) => map.lifetime)
    expect(asked[0]).toBe(300)
    expect(asked[1]).toBeGreaterThanOrEqual(225)
    expect(asked[1]).toBeLessThanOrEqual(240)
    expect(Math.min(...asked)).toBe(120)
  })

  it('pcp.maxLifetime caps what is asked for', async () => {
    const bench = coreBench({ maxLifetime: seconds(7200) })
    await bench.answered(bench.iwf.addPortMapping(add({ lease: 'infinite' }), caller()))
    expect(bench.carrier.maps[0]?.lifetime).toBe(7200)
  })

  it('C-11.2.1-1 C-11.2.1-3: renewals are single packets that suggest what is assigned', async () => {
    const { carrier, clock } = await mapped({}, 3600)
    await clock.advance(2_300_000)
    expect(carrier.maps[1]).toMatchObject({
      sending: 'once',
      suggestedPort: 8080,
      suggestedAddress: '203.0.114.1',
      generation: carrier.maps[0]?.generation,
    })
  })

  it('E3: at the end of the lease a delete is sent although the carrier granted more', async () => {
    const { carrier, clock } = await mapped({ lease: seconds(10) })
    await clock.advance(10_100)
    expect(carrier.deletes).toHaveLength(1)
    expect(carrier.held.size).toBe(0)
  })
})

describe('a carrier that does not renew', () => {
  it('R6970-5.9-6 C-x-5: after the lifetime the mapping lapses, is asked for as anew, and comes back', async () => {
    const { answered, carrier, clock, context, iwf } = await mapped()
    carrier.silent = true
    await clock.advance(200_000)
    const attempts = carrier.maps.slice(1)
    expect(attempts.slice(0, -1).every((map) => map.sending === 'once')).toBe(true)
    expect(attempts.at(-1)?.sending).toBe('until-answered')
    expect(context.table.entryAt(0)?.mapping.claim.state).toBe('LAPSED')
    expect(iwf.portMappingNumberOfEntries()).toBe(1)
    carrier.silent = false
    await answered(iwf.addPortMapping(add(), caller()))
    await clock.advance(10)
    expect(context.table.entryAt(0)?.mapping.claim.state).toBe('ACTIVE')
  })

  it('C-8.3-4: a refused renewal is not repeated before the error’s time is over', async () => {
    const { carrier, clock } = await mapped({}, 3600)
    await clock.advance(1_000)
    carrier.refuse = { result: 'NOT_AUTHORIZED', lifetime: seconds(600) }
    await clock.advance(2_251_000)
    const refusedAt = carrier.maps.length
    expect(refusedAt).toBe(2)
    await clock.advance(140_000)
    expect(carrier.maps).toHaveLength(refusedAt)
  })

  it('a port moved on renewal: AddAnyPortMapping shows the new one', async () => {
    const { answered, carrier, clock, iwf } = coreBench()
    carrier.maxLifetime = 120
    await answered(iwf.addAnyPortMapping(add(), caller()))
    const update = iwf.systemUpdateId()
    carrier.held.clear()
    carrier.taken.add(8080)
    await clock.advance(80_000)
    expect(iwf.getGenericPortMappingEntry(0).externalPort).toBe(20_000)
    expect(
      await iwf.getSpecificPortMappingEntry(key({ externalPort: 20_000 as never }), caller()),
    ).toBeDefined()
    expect(iwf.systemUpdateId()).toBe(update + 1)
  })
})

describe('a host that asks every second for what it has', () => {
  /** One mapping that the carrier no longer renews as `fails` has it, asked for again and again for `span` seconds. */
  async function insisting(fails: Partial<FakeCarrier>, span: number) {
    const bench = await mapped({ lease: 'infinite' }, 600)
    const { carrier, clock, iwf } = bench
    await clock.advance(290_000)
    carrier.maps.splice(0)
    Object.assign(carrier, fails)
    const sent: number[] = []
    const map = carrier.map.bind(carrier)
    carrier.map = (request, signal) => {
      sent.push(clock.now())
      return map(request, signal)
    }
    const codes: Promise<number>[] = []
    const again = async () => {
      await iwf.addPortMapping(add({ lease: 'infinite' }), caller())
      return 200
    }
    for (let second = 0; second < span; second++) {
      codes.push(again().catch((error: unknown) => (error instanceof Fault ? error.code : 0)))
      await clock.advance(1000)
    }
    return { ...bench, codes, sent }
  }

  it('C-8.3-4: what was refused is not asked for before the error’s time is over', async () => {
    const refuse = { result: 'NETWORK_FAILURE', lifetime: seconds(100) } as const
    const { codes, sent } = await insisting({ refuse }, 90)
    expect(sent).toHaveLength(1)
    expect(new Set(await Promise.all(codes))).toEqual(new Set([200]))
  })

  it('C-8.3-4: nor when its lifetime is over: it is refused at once, as the carrier did', async () => {
    const refuse = { result: 'NETWORK_FAILURE', lifetime: seconds(1000) } as const
    const { clock, iwf, sent } = await insisting({ refuse }, 2)
    await clock.advance(1_200_000)
    const before = sent.length
    expect(await faultOf(() => iwf.addPortMapping(add({ lease: 'infinite' }), caller()))).toBe(501)
    expect(sent).toHaveLength(before)
  })

  it('C-11.2.1-2: a renewal that is not answered is not repeated within four seconds', async () => {
    const { sent } = await insisting({ silent: true }, 60)
    const gaps = sent.slice(1).map((at, i) => at - (sent[i] ?? 0))
    expect(gaps.length).toBeGreaterThan(5)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(4000)
  })
})

describe('the external address', () => {
  it.each([
    ['a minute', 60_000],
    ['a day', 86_400_000],
  ])(
    'R6970-4.2-5: a carrier that is there and was silent for %s is no lost connection for ever',
    async (_long, silence) => {
      const { clock, carrier, iwf, start } = coreBench()
      void start()
      await clock.advance(100)
      carrier.silent = true
      void iwf.addPortMapping(add(), caller()).catch(() => undefined)
      await clock.advance(silence)
      expect(iwf.connectionStatus()).toBe('Disconnected')
      carrier.silent = false
      await clock.advance(1_100_000)
      expect(iwf.connectionStatus()).toBe('Connected')
    },
  )

  it('R6970-4.2-5: another server is asked at once, however long the first wants to be left alone', async () => {
    const { carrier, clock, events, iwf, start } = coreBench()
    carrier.refuse = { result: 'NETWORK_FAILURE', lifetime: seconds(86_400) }
    void start()
    await clock.advance(1000)
    expect(iwf.connectionStatus()).toBe('Connecting')
    carrier.refuse = undefined
    events.switched()
    await clock.advance(1000)
    expect(iwf.connectionStatus()).toBe('Connected')
  })

  it('R6970-4.1-1 test 17: empty before any answer, then the carrier’s', async () => {
    const { clock, iwf, start } = coreBench()
    expect(iwf.externalIpAddress()).toBe('')
    expect(iwf.connectionStatus()).toBe('Connecting')
    void start()
    await clock.advance(100)
    expect(iwf.externalIpAddress()).toBe('203.0.114.1')
    expect(iwf.connectionStatus()).toBe('Connected')
  })

  it('R6970-4.2-5: one short-lived UDP mapping at start, given back at once', async () => {
    const { carrier, clock, iwf, start } = coreBench()
    void start()
    await clock.advance(100)
    expect(carrier.maps).toHaveLength(1)
    expect(carrier.maps[0]).toMatchObject({
      protocol: 'UDP',
      suggestedPort: 0,
      preferFailure: false,
      lifetime: 120,
    })
    expect(carrier.held.size).toBe(0)
    for (let i = 0; i < 50; i++) iwf.externalIpAddress()
    expect(carrier.maps).toHaveLength(1)
  })

  it('a carrier that does not answer is told as Disconnected, and found when it is back', async () => {
    const { carrier, clock, iwf, start } = coreBench()
    carrier.silent = true
    void start()
    await clock.advance(26_000)
    expect(iwf.connectionStatus()).toBe('Disconnected')
  })
})

describe('stopping', () => {
  it('leaves the mappings at the carrier, and no timer behind', async () => {
    const { carrier, clock, closing, iwf } = await mapped()
    closing.abort()
    await iwf.stop(false, clock.now())
    expect(carrier.held.size).toBe(1)
    expect(clock.pending).toBe(0)
  })

  it('--release-on-exit deletes them first', async () => {
    const { answered, carrier, clock, iwf, nat } = await mapped()
    await answered(iwf.stop(true, (clock.now() + 1500) as never))
    expect(carrier.held.size).toBe(0)
    expect(nat.rules.size).toBe(0)
  })
})
