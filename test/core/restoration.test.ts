import { describe, expect, it } from 'vitest'
import { port, seconds } from '../../src/lib/units.ts'
import { OTHER, add, caller, coreBench, faultOf, key } from '../support/core-bench.ts'

const mapped = async (...externalPorts: number[]) => {
  const bench = coreBench()
  for (const externalPort of externalPorts)
    await bench.answered(bench.iwf.addPortMapping(add({ externalPort: port(externalPort) }), caller()))
  return bench
}

/** The signal of each delete that the carrier was asked for. */
const watchedDeletes = (carrier: ReturnType<typeof coreBench>['carrier']): readonly AbortSignal[] => {
  const signals: AbortSignal[] = []
  const unmap = carrier.unmap.bind(carrier)
  carrier.unmap = (mapping, signal) => {
    signals.push(signal)
    return unmap(mapping, signal)
  }
  return signals
}

const listed = ({ iwf }: Pick<ReturnType<typeof coreBench>, 'iwf'>): number[] =>
  Array.from(
    { length: iwf.portMappingNumberOfEntries() },
    (_, i) => iwf.getGenericPortMappingEntry(i).externalPort,
  )

describe('the order of things', () => {
  it('an add is written down before the carrier is asked, and again before it is answered', async () => {
    const { answered, carrier, iwf, store } = coreBench()
    const writesAt: string[][] = []
    const map = carrier.map.bind(carrier)
    carrier.map = (request, signal) => {
      writesAt.push([...store.writes])
      return map(request, signal)
    }
    await answered(iwf.addPortMapping(add(), caller()))
    expect(writesAt).toEqual([['INTENT 0']])
    expect(store.writes).toEqual(['INTENT 0', 'ACTIVE 0'])
  })

  it('a delete is written down when the router forwards no more, and before the carrier is asked', async () => {
    const { answered, carrier, clock, iwf, nat, store } = await mapped(8080)
    const seen: unknown[] = []
    const unmap = carrier.unmap.bind(carrier)
    carrier.unmap = (mapping, signal) => {
      seen.push(nat.rules.size, store.writes.at(-1))
      return unmap(mapping, signal)
    }
    await answered(iwf.deletePortMapping(key(), caller()))
    expect(seen).toEqual([0, 'DELETING 0'])
    await clock.advance(3000)
    expect(store.writes.at(-1)).toBe('GONE 0')
  })

  it('the carrier is not told to delete before that would survive a crash', async () => {
    const { carrier, clock, iwf, store } = await mapped(8080)
    store.put = () => new Promise(() => undefined)
    void iwf.deletePortMapping(key(), caller())
    await clock.advance(1000)
    expect(carrier.deletes).toEqual([])
  })

  it('a refusal leaves nothing', async () => {
    const { answered, carrier, iwf, store } = coreBench()
    carrier.refuse = { result: 'NO_RESOURCES', lifetime: seconds(30) }
    await faultOf(() => answered(iwf.addPortMapping(add(), caller())))
    expect([...store.records.keys()]).toEqual([])
  })

  it('renewals are not written: they would wear the flash', async () => {
    const { clock, store } = await mapped(8080)
    const before = store.writes.length
    await clock.advance(3_000_000)
    expect(store.writes).toHaveLength(before)
  })

  it('another external port is', async () => {
    const { answered, carrier, clock, iwf, store } = coreBench()
    await answered(iwf.addAnyPortMapping(add(), caller()))
    for (const held of carrier.held.values()) Object.assign(held, { externalPort: port(9999) })
    await clock.advance(2_400_000)
    expect([...store.records.values()]).toMatchObject([{ state: 'ACTIVE', externalPort: 9999 }])
  })
})

describe('a disk that takes nothing', () => {
  it('new mappings are 501 before anything is sent', async () => {
    const { answered, carrier, iwf, nat, store } = coreBench()
    store.broken = true
    expect(await faultOf(() => answered(iwf.addPortMapping(add(), caller())))).toBe(501)
    expect(carrier.maps).toEqual([])
    expect(nat.rules.size).toBe(0)
    store.broken = false
    await answered(iwf.addPortMapping(add(), caller()))
  })

  it('full between the two records of an add: 501, and the carrier is told to forget it', async () => {
    const { answered, carrier, iwf, nat, store } = coreBench()
    const map = carrier.map.bind(carrier)
    carrier.map = (request, signal) => {
      store.broken = true
      return map(request, signal)
    }
    expect(await faultOf(() => answered(iwf.addPortMapping(add(), caller())))).toBe(501)
    await answered(Promise.resolve())
    expect(iwf.portMappingNumberOfEntries()).toBe(0)
    expect([carrier.held.size, nat.rules.size]).toEqual([0, 0])
  })

  it('renewals, deletes and longer leases go on', async () => {
    const { answered, carrier, clock, iwf, store } = await mapped(8080)
    store.broken = true
    const before = carrier.maps.length
    await clock.advance(2_400_000)
    expect(carrier.maps.length).toBeGreaterThan(before)
    await answered(iwf.addPortMapping(add(), caller()))
    await answered(iwf.deletePortMapping(key(), caller()))
    expect(carrier.held.size).toBe(0)
  })

  it.each([
    ['behind NAT', {}],
    ['without', { wanPorts: undefined }],
  ])('another LAN port is 501, and the mapping is as it was: %s', async (_where, options) => {
    const { answered, carrier, clock, iwf, nat, store } = coreBench(options)
    await answered(iwf.addPortMapping(add({ description: 'first' }), caller()))
    const rules = [...nat.rules.values()].map(({ rule }) => rule)
    store.broken = true
    const moved = add({ internalPort: port(9999), description: 'second' })
    expect(await faultOf(() => answered(iwf.addPortMapping(moved, caller())))).toBe(501)
    await clock.advance(10_000)
    expect(iwf.getGenericPortMappingEntry(0)).toMatchObject({ internalPort: 8080, description: 'first' })
    expect([...nat.rules.values()].map(({ rule }) => rule)).toEqual(rules)
    expect(carrier.held.size).toBe(1)
    const [given] = store.given.values()
    expect(given).toMatchObject({ internalPort: 8080, entries: [{ description: 'first' }] })
  })

  it('an entry more is 501 and not listed', async () => {
    const { answered, iwf, store } = await mapped(8080)
    store.broken = true
    const remoteHost = caller(OTHER).address
    expect(await faultOf(() => answered(iwf.addPortMapping(add({ remoteHost }), caller())))).toBe(501)
    expect(iwf.portMappingNumberOfEntries()).toBe(1)
  })
})

describe('a copy of a request that the network delivers after the delete', () => {
  it('is deleted too', async () => {
    const { answered, carrier, clock, iwf } = await mapped(8080)
    const late = carrier.maps[0] ?? expect.fail('no MAP')
    await answered(iwf.deletePortMapping(key(), caller()))
    void carrier.map(late, new AbortController().signal)
    await clock.advance(1000)
    expect(carrier.held.size).toBe(1)
    await clock.advance(2000)
    expect(carrier.held.size).toBe(0)
  })

  it('nothing is deleted twice when the last request is long past', async () => {
    const { answered, carrier, clock, iwf } = await mapped(8080)
    await clock.advance(5000)
    await answered(iwf.deletePortMapping(key(), caller()))
    await clock.advance(5000)
    expect(carrier.deletes).toHaveLength(1)
  })

  it('nor when the internal port has another life', async () => {
    const { answered, carrier, clock, iwf } = coreBench({ wanPorts: undefined })
    await answered(iwf.addPortMapping(add(), caller()))
    await answered(iwf.deletePortMapping(key(), caller()))
    await answered(iwf.addPortMapping(add(), caller()))
    await clock.advance(5000)
    expect(carrier.deletes).toHaveLength(1)
    expect(carrier.held.size).toBe(1)
  })

  it('the second delete ends when the internal port gets another life', async () => {
    const { answered, carrier, clock, iwf } = coreBench({ wanPorts: { first: 50_000, last: 50_000 } })
    const deletes = watchedDeletes(carrier)
    await answered(iwf.addPortMapping(add(), caller()))
    await answered(iwf.deletePortMapping(key(), caller()))
    carrier.silent = true
    await clock.advance(5000)
    expect(deletes.map(({ aborted }) => aborted)).toEqual([false, false])
    carrier.silent = false
    await answered(iwf.addPortMapping(add(), caller()))
    expect(deletes.map(({ aborted }) => aborted)).toEqual([false, true])
  })
})

describe('a mapping that the carrier knows by the nonce of an earlier life (RFC 6887 §11.3)', () => {
  it.each([
    ['as a new one', 0],
    ['as one that is renewed', 1],
  ])('T25: is asked for and deleted by that after a restart: %s', async (_when, first) => {
    const before = coreBench()
    const map = before.carrier.map.bind(before.carrier)
    let n = 0
    before.carrier.map = async (request, signal) => {
      const outcome = await map(request, signal)
      return outcome.kind === 'granted' && n++ >= first ? { ...outcome, knownAs: 7 } : outcome
    }
    await before.answered(before.iwf.addPortMapping(add(), caller()))
    await before.clock.advance(2_700_000)
    const bench = await before.restarted()
    bench.carrier.maps.splice(0)
    void bench.start()
    await bench.clock.advance(10_000)
    expect(bench.carrier.maps).toMatchObject([{ generation: 0, knownAs: 7 }])
    await bench.answered(bench.iwf.deletePortMapping(key(), caller()))
    expect(bench.carrier.deletes[0]).toMatchObject({ generation: 0, knownAs: 7 })
  })
})

describe('a restart of the daemon within one boot (R6970-5.3-2)', () => {
  it('mappings are listed at once and forwarded on, and the carrier confirms each once', async () => {
    const before = await mapped(8001, 8002)
    const asked = before.carrier.maps.splice(0)
    const bench = await before.restarted()
    expect(listed(bench)).toEqual([8001, 8002])
    expect(bench.rules().map(({ rule }) => rule)).toEqual(
      [...bench.nat.rules.values()].map(({ rule }) => rule),
    )
    void bench.start()
    await bench.clock.advance(10_000)
    const known = asked.map(({ generation, internalPort, suggestedPort }) => ({
      generation,
      internalPort,
      suggestedPort,
      preferFailure: true,
    }))
    expect(bench.carrier.maps).toHaveLength(2)
    expect(bench.carrier.maps).toEqual(
      expect.arrayContaining(known.map((one) => expect.objectContaining(one) as unknown)),
    )
    expect(bench.context.table.entryAt(0)?.mapping.claim.state).toBe('ACTIVE')
  })

  it('nothing is sent before 0 to 5 s have passed', async () => {
    const before = await mapped(8001)
    const bench = await before.restarted()
    before.carrier.maps.splice(0)
    void bench.start()
    await bench.clock.advance(50)
    expect(bench.carrier.maps).toEqual([])
  })

  it('leases end when they would have', async () => {
    const before = await mapped(8001)
    await before.clock.advance(3_000_000)
    const bench = await before.restarted()
    void bench.start()
    expect(bench.iwf.getGenericPortMappingEntry(0).leaseDuration).toBe(600)
    await bench.clock.advance(601_000)
    expect(listed(bench)).toEqual([])
    expect(bench.carrier.held.size).toBe(0)
  })

  it('a lease that ended meanwhile is deleted at the carrier, and never listed', async () => {
    const before = await mapped(8001)
    const saved = before.store.saved(true)
    await before.clock.advance(3_599_000)
    const gone = await before.restarted()
    await gone.clock.advance(10_000)
    const bench = coreBench({ saved }, gone)
    expect(listed(bench)).toEqual([])
    void bench.start()
    await bench.clock.advance(10_000)
    expect(bench.carrier.held.size).toBe(0)
    expect(bench.store.records.size).toBe(0)
  })

  it('another host’s add for a port of ours is 718 without PCP; the owner’s is answered', async () => {
    const bench = await (await mapped(8001)).restarted()
    const other = add({ externalPort: port(8001), internalClient: OTHER })
    expect(await faultOf(() => bench.iwf.addPortMapping(other, caller(OTHER)))).toBe(718)
    await bench.answered(bench.iwf.addPortMapping(add({ externalPort: port(8001) }), caller()))
    expect(listed(bench)).toEqual([8001])
  })

  it('WAN ports stay taken, and no generation is used twice (C-11.2-4)', async () => {
    const over = { wanPorts: { first: 50_000, last: 50_001 } }
    const first = coreBench(over)
    await first.answered(first.iwf.addPortMapping(add(), caller()))
    await first.answered(first.iwf.addPortMapping(add({ externalPort: port(8081) }), caller()))
    await first.answered(first.iwf.deletePortMapping(key({ externalPort: port(8081) }), caller()))
    await first.clock.advance(3000)
    const bench = await first.restarted()
    await bench.answered(bench.iwf.addPortMapping(add({ externalPort: port(8082) }), caller()))
    const lives = bench.carrier.maps.map(({ generation, internalPort }) => `${internalPort} ${generation}`)
    expect(lives.map((life) => life.slice(6))).toEqual(['0', '1', '2'])
    expect(lives[2]?.slice(0, 5)).toBe(lives[1]?.slice(0, 5))
    expect(new Set([...bench.carrier.held.keys()]).size).toBe(2)
  })
})

describe('a reboot', () => {
  it('R6970-4.1-6: nothing is shown or forwarded until the carrier confirms it; then it is there with its old port', async () => {
    const before = await mapped(8001)
    const bench = await before.restarted(false)
    expect(listed(bench)).toEqual([])
    expect(bench.rules()).toEqual([])
    expect(
      await faultOf(() => bench.iwf.getSpecificPortMappingEntry(key({ externalPort: port(8001) }), caller())),
    ).toBe(714)
    const id = bench.iwf.systemUpdateId()
    void bench.start()
    await bench.clock.advance(10_000)
    expect(listed(bench)).toEqual([8001])
    expect(bench.nat.rules.size).toBe(1)
    expect(bench.iwf.systemUpdateId()).toBe(id + 1)
  })

  it('entries come back in their order', async () => {
    const before = await mapped(8003, 8001, 8002)
    const bench = await before.restarted(false)
    void bench.start()
    await bench.clock.advance(20_000)
    expect(listed(bench)).toEqual([8003, 8001, 8002])
  })

  it('the owner may ask before: it is answered when the carrier has confirmed', async () => {
    const before = await mapped(8001)
    const bench = await before.restarted(false)
    await bench.answered(bench.iwf.addPortMapping(add({ externalPort: port(8001) }), caller()))
    expect(listed(bench)).toEqual([8001])
    expect(bench.carrier.held.size).toBe(1)
  })

  it('and gets 501 when the carrier says no', async () => {
    const before = await mapped(8001)
    const bench = await before.restarted(false)
    bench.carrier.refuse = { result: 'CANNOT_PROVIDE_EXTERNAL', lifetime: seconds(300) }
    const again = add({ externalPort: port(8001) })
    expect(await faultOf(() => bench.answered(bench.iwf.addPortMapping(again, caller())))).toBe(501)
    expect(listed(bench)).toEqual([])
  })

  it('the owner may delete what is not confirmed yet', async () => {
    const before = await mapped(8001)
    const bench = await before.restarted(false)
    await bench.answered(bench.iwf.deletePortMapping(key({ externalPort: port(8001) }), caller()))
    expect(bench.carrier.held.size).toBe(0)
    void bench.start()
    await bench.clock.advance(20_000)
    expect(listed(bench)).toEqual([])
  })
})

describe('what a crash left half done', () => {
  /** The carrier made it, and the answer did not come before the crash. */
  const crashed = async () => {
    const bench = coreBench()
    bench.carrier.delay = 5
    void bench.iwf.addPortMapping(add(), caller()).catch(() => undefined)
    await bench.clock.advance(2)
    const saved = bench.store.saved(true)
    bench.carrier.delay = 1
    await bench.clock.advance(20)
    const after = coreBench({ saved }, bench)
    return after
  }

  it('an unanswered add is deleted at the carrier', async () => {
    const bench = await crashed()
    expect(bench.carrier.held.size).toBe(1)
    void bench.start()
    await bench.clock.advance(10_000)
    expect(bench.carrier.held.size).toBe(0)
    expect(listed(bench)).toEqual([])
  })

  it('unless its control point asks again: the same nonce, hence the same port', async () => {
    const bench = await crashed()
    await bench.answered(bench.iwf.addPortMapping(add(), caller()))
    const [first, second] = bench.carrier.maps
    expect(second).toMatchObject({ internalPort: first?.internalPort, generation: first?.generation })
    void bench.start()
    await bench.clock.advance(10_000)
    expect(listed(bench)).toEqual([8080])
    expect(bench.carrier.held.size).toBe(1)
  })

  it('another host that wants that port waits until it is deleted', async () => {
    const bench = await crashed()
    await bench.answered(bench.iwf.addPortMapping(add({ internalClient: OTHER }), caller(OTHER)))
    expect(bench.carrier.deletes).toHaveLength(1)
    expect(listed(bench)).toEqual([8080])
  })

  it('a delete goes on', async () => {
    const before = await mapped(8080)
    before.carrier.silent = true
    void before.iwf.deletePortMapping(key(), caller())
    await before.clock.advance(10)
    const bench = await before.restarted()
    bench.carrier.silent = false
    expect(listed(bench)).toEqual([])
    void bench.start()
    await bench.clock.advance(10_000)
    expect(bench.carrier.held.size).toBe(0)
    expect(bench.store.records.size).toBe(0)
  })
})

describe('an infinite lease whose answer may never have left', () => {
  it('stays: nobody can tell, and who was answered asks no more', async () => {
    const before = coreBench()
    await before.answered(before.iwf.addPortMapping(add({ lease: 'infinite' }), caller()))
    expect(before.store.writes).toEqual(['INTENT 0', 'ACTIVE 0'])
    const bench = await before.restarted()
    void bench.start()
    await bench.clock.advance(7_200_000)
    expect(listed(bench)).toEqual([8080])
    expect(bench.carrier.held.size).toBe(1)
  })
})

describe('other settings than in the last run', () => {
  it.each([
    ['the WAN port is no mapping’s any more', { wanPorts: { first: 60_000, last: 60_010 } }],
    ['the router does no NAT now', { wanPorts: undefined }],
  ])('%s: the mapping is deleted at the carrier', async (_what, changed) => {
    const before = await mapped(8080)
    const bench = await before.restarted(true, changed)
    expect(listed(bench)).toEqual([])
    void bench.start()
    await bench.clock.advance(10_000)
    expect(bench.carrier.deletes[0]?.internalPort).toBe(before.carrier.maps[0]?.internalPort)
    expect(bench.carrier.held.size).toBe(0)
    expect(bench.store.records.size).toBe(0)
  })
})
