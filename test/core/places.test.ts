import { describe, expect, it } from 'vitest'
import { leaveAddress } from '../../src/core/leave-address.ts'
import { isAt, type Place } from '../../src/core/place.ts'
import { after, millis, port, seconds } from '../../src/lib/units.ts'
import { add, caller, coreBench, HOST, key, OTHER } from '../support/core-bench.ts'
import { HOME, OTHER_ADDRESS, OTHER_SERVER } from '../support/fake-carrier.ts'
import { ip, ipv4 } from '../pcp/literals.ts'
import { settle } from '../support/virtual-clock.ts'

type Bench = ReturnType<typeof coreBench>

/** One mapping at external port 8080, at `HOME`. */
async function mapped(over: Parameters<typeof coreBench>[0] = {}): Promise<Bench> {
  const bench = coreBench(over)
  await bench.answered(bench.iwf.addPortMapping(add(), caller()))
  return bench
}

/** The carrier is asked at `place` from now on, and there is a way to the one before or not. */
function moveTo({ carrier, events }: Bench, place: Place, { reached }: { readonly reached: boolean }): void {
  if (!reached && carrier.place) carrier.unreachable.add(carrier.place)
  carrier.unreachable.delete(place)
  carrier.place = place
  events.switched()
}

const standing = ({ carrier }: Bench, place: Place) =>
  [...carrier.heldAt(place).values()].map(({ externalPort }) => externalPort)

const recordOf = ({ store }: Bench) => [...store.records.values()][0]

describe('what is asked for from another address', () => {
  const V4 = HOME
  const V6: Place = { ...HOME, client: ip('2001:db8::2'), self: ipv4('100.64.0.2') }

  it.each([
    ['over IPv6 for our IPv4 address is the same mapping', V4, V6, true],
    ['over IPv4 is the same that was asked for over IPv6', V6, V4, true],
    ['over IPv6 for another IPv4 address of ours is another', V4, { ...V6, self: ipv4('100.64.0.3') }, false],
    ['over another IPv6 address may be another customer’s', V6, { ...V6, client: ip('2001:db8::3') }, false],
    ['over IPv4, another one, is another', V4, OTHER_ADDRESS, false],
    ['at another server is another', V4, { ...V6, server: OTHER_SERVER.server }, false],
    ['for a LAN host is the same whoever asks', { server: HOME.server }, V6, true],
  ])('S7488-5-1: %s', (_what, place, here, same) => {
    expect(isAt(place, here)).toBe(same)
  })
})

const MOVES = [
  ['another server', OTHER_SERVER],
  ['another address of ours', OTHER_ADDRESS],
] as const

describe('a record', () => {
  it('says where the mapping is asked for, before the first packet', async () => {
    const bench = coreBench()
    const map = bench.carrier.map.bind(bench.carrier)
    const known: unknown[] = []
    bench.carrier.map = (request, signal) => {
      known.push(recordOf(bench)?.place)
      return map(request, signal)
    }
    await bench.answered(bench.iwf.addPortMapping(add(), caller()))
    expect(known).toEqual([HOME])
    expect(recordOf(bench)).toMatchObject({ state: 'ACTIVE', place: HOME })
  })

  it.each(MOVES)('%s is on the disk before the first packet there', async (_what, place) => {
    const bench = await mapped()
    moveTo(bench, place, { reached: false })
    const put = bench.store.put.bind(bench.store)
    let written = false
    bench.store.put = async (record) => {
      await new Promise<void>((resolve) => bench.clock.at(millis(bench.clock.now() + 20), resolve))
      await put(record)
      written = true
    }
    const map = bench.carrier.map.bind(bench.carrier)
    const early: boolean[] = []
    bench.carrier.map = (request, signal) => {
      early.push(!written)
      return map(request, signal)
    }
    await bench.clock.advance(10_000)
    expect(early).not.toContain(true)
    expect(recordOf(bench)).toMatchObject({ place, former: [{ place: HOME }] })
  })

  it('T26: also when another request there begins while it is being written', async () => {
    const bench = coreBench()
    const { carrier, clock, store } = bench
    await bench.answered(bench.iwf.addPortMapping(add({ remoteHost: OTHER }), caller()))
    const [map, put] = [carrier.map.bind(carrier), store.put.bind(store)]
    const elsewhere = { kind: 'elsewhere' } as const
    let moved = (): void => undefined
    carrier.map = () => new Promise((resolve) => (moved = () => resolve(elsewhere)))
    await bench.answered(bench.iwf.addPortMapping(add(), caller()))
    let written = false
    store.put = async (record) => {
      await new Promise<void>((resolve) => clock.at(millis(clock.now() + 8000), resolve))
      await put(record)
      written = true
    }
    const early: boolean[] = []
    carrier.map = (request, signal) => {
      early.push(!written)
      return map(request, signal)
    }
    moveTo(bench, OTHER_SERVER, { reached: false })
    moved()
    await clock.advance(15_000)
    expect([early.length > 0, early.includes(true)]).toEqual([true, false])
  })

  it('R6970-5.9-5: nothing is written for renewals, nor for refusals at the new place', async () => {
    const bench = await mapped()
    moveTo(bench, OTHER_ADDRESS, { reached: false })
    await bench.clock.advance(10_000)
    const before = bench.store.writes.length
    await bench.clock.advance(600_000)
    expect(bench.carrier.maps.length).toBeGreaterThan(5)
    expect(bench.store.writes).toHaveLength(before)
  })
})

describe('what was left behind', () => {
  it('S7723-3-1: at another server is deleted there once it is granted here', async () => {
    const bench = await mapped()
    moveTo(bench, OTHER_SERVER, { reached: true })
    await bench.clock.advance(10_000)
    expect([standing(bench, OTHER_SERVER), standing(bench, HOME)]).toEqual([[8080], []])
    // Once more, as a copy of the last request there may have come after the first.
    expect(bench.carrier.deletes.map(({ place }) => place)).toEqual([HOME, HOME])
  })

  it('R6970-5.10-2: under another address, which has the port, is deleted first', async () => {
    const bench = await mapped()
    moveTo(bench, OTHER_ADDRESS, { reached: true })
    await bench.clock.advance(10_000)
    expect([standing(bench, OTHER_ADDRESS), standing(bench, HOME)]).toEqual([[8080], []])
  })

  it('T26: while that is deleted, the last request here may come late and undo the delete here', async () => {
    const bench = coreBench()
    await bench.answered(bench.iwf.addPortMapping(add({ remoteHost: OTHER }), caller()))
    moveTo(bench, OTHER_SERVER, { reached: false })
    await bench.clock.advance(10_000)
    bench.carrier.unreachable.clear()
    await bench.answered(bench.iwf.addPortMapping(add(), caller()))
    await bench.clock.advance(10)
    const late = bench.carrier.maps.at(-1) ?? expect.fail('no MAP')
    bench.iwf.forgetHost(HOST, 'gone')
    await bench.clock.advance(100)
    void bench.carrier.map(late, new AbortController().signal)
    await bench.clock.advance(10_000)
    expect([standing(bench, OTHER_SERVER), standing(bench, HOME)]).toEqual([[], []])
  })

  it('is deleted as soon as there is a way', async () => {
    const bench = await mapped()
    moveTo(bench, OTHER_SERVER, { reached: false })
    await bench.clock.advance(600_000)
    expect(standing(bench, HOME)).toEqual([8080])
    bench.carrier.unreachable.clear()
    await bench.clock.advance(2000)
    expect(standing(bench, HOME)).toEqual([])
  })

  it('keeps no refusal standing: the port is asked for as soon as it is deleted', async () => {
    const bench = await mapped()
    const { carrier, clock } = bench
    moveTo(bench, OTHER_ADDRESS, { reached: false })
    await clock.advance(10_000)
    expect(standing(bench, OTHER_ADDRESS)).toEqual([])
    carrier.unreachable.clear()
    await clock.advance(1500)
    expect([standing(bench, OTHER_ADDRESS), standing(bench, HOME)]).toEqual([[8080], []])
  })

  it('T27: is taken up again when that is the place once more, with nothing deleted', async () => {
    const bench = await mapped()
    moveTo(bench, OTHER_SERVER, { reached: false })
    await bench.clock.advance(10_000)
    moveTo(bench, HOME, { reached: true })
    await bench.clock.advance(10_000)
    expect([standing(bench, HOME), standing(bench, OTHER_SERVER)]).toEqual([[8080], []])
    expect(bench.carrier.deletes.map(({ place }) => place)).toEqual([OTHER_SERVER, OTHER_SERVER])
    expect(new Set(bench.carrier.maps.map(({ generation }) => generation))).toEqual(new Set([0]))
  })

  it('is at a dozen places at once without a leak of listeners', async () => {
    const bench = await mapped()
    const warnings: string[] = []
    const listen = ({ name }: Error) => warnings.push(name)
    process.on('warning', listen)
    for (let n = 0; n < 12; n++) {
      moveTo(bench, { ...HOME, server: `100.64.1.${n}:5351` }, { reached: false })
      await bench.clock.advance(10_000)
    }
    expect(recordOf(bench)?.former).toHaveLength(12)
    process.off('warning', listen)
    expect(warnings).toEqual([])
  })

  it('goes with the mapping: deleted everywhere', async () => {
    const bench = await mapped()
    moveTo(bench, OTHER_SERVER, { reached: false })
    await bench.clock.advance(10_000)
    await bench.answered(bench.iwf.deletePortMapping(key(), caller()))
    expect([standing(bench, OTHER_SERVER), standing(bench, HOME)]).toEqual([[], [8080]])
    bench.carrier.unreachable.clear()
    await bench.clock.advance(5000)
    expect(standing(bench, HOME)).toEqual([])
    expect(bench.store.records.size).toBe(0)
  })

  it('T7: a request whose answer the change kept away is deleted there, when it is granted here', async () => {
    const bench = coreBench()
    const { carrier } = bench
    const map = carrier.map.bind(carrier)
    carrier.map = async (request, signal) => {
      carrier.map = map
      await map(request, signal) // done at the old place, and nobody hears so
      carrier.place = OTHER_SERVER
      return { kind: 'elsewhere' }
    }
    await bench.answered(bench.iwf.addPortMapping(add(), caller()))
    await bench.clock.advance(10)
    expect([standing(bench, OTHER_SERVER), standing(bench, HOME)]).toEqual([[8080], []])
    expect(bench.store.writes).toEqual(['INTENT 0', 'INTENT 0', 'ACTIVE 0'])
  })
})

describe('the WAN port of what was left behind', () => {
  const block = { wanPorts: { first: 50_000, last: 50_001 } }

  it.each(MOVES)('is no other mapping’s until that has ended: %s', async (_what, place) => {
    const bench = await mapped({ ...block, maxLifetime: seconds(600) })
    moveTo(bench, place, { reached: false })
    await bench.clock.advance(10_000)
    await bench.answered(bench.iwf.deletePortMapping(key(), caller()))
    const second = add({ externalPort: port(9000), internalClient: OTHER })
    await bench.answered(bench.iwf.addPortMapping(second, caller(OTHER)))
    const third = add({ externalPort: port(9001), internalClient: OTHER })
    await expect(bench.iwf.addPortMapping(third, caller(OTHER))).rejects.toMatchObject({ code: 728 })
    await bench.clock.advance(700_000)
    await bench.answered(bench.iwf.addPortMapping(third, caller(OTHER)))
  })

  it.each(MOVES)('nor after a restart of the daemon: %s', async (_what, place) => {
    const before = await mapped({ ...block, maxLifetime: seconds(600) })
    moveTo(before, place, { reached: false })
    await before.clock.advance(10_000)
    await before.answered(before.iwf.deletePortMapping(key(), caller()))
    const bench = await before.restarted()
    void bench.start()
    await bench.clock.advance(10_000)
    expect(standing(bench, HOME)).toEqual([8080])
    expect([...bench.store.records.values()]).toMatchObject([{ state: 'DELETING' }])
    const two = [9000, 9001].map((n) => add({ externalPort: port(n), internalClient: OTHER }))
    await bench.answered(bench.iwf.addPortMapping(two[0] ?? add(), caller(OTHER)))
    await expect(bench.iwf.addPortMapping(two[1] ?? add(), caller(OTHER))).rejects.toMatchObject({
      code: 728,
    })
    await bench.clock.advance(700_000)
    await bench.answered(bench.iwf.addPortMapping(two[1] ?? add(), caller(OTHER)))
  })
})

describe('a restart at another place', () => {
  it.each([
    ['another server', OTHER_SERVER, true],
    ['another server, and no way to the old one', OTHER_SERVER, false],
    ['another address, and the old one is ours still', OTHER_ADDRESS, true],
  ])('%s: mappings are made here, and what there is a way to is deleted', async (_what, place, reached) => {
    const before = await mapped()
    if (!reached) before.carrier.unreachable.add(HOME)
    before.carrier.place = place
    const bench = await before.restarted()
    void bench.start()
    await bench.clock.advance(15_000)
    expect(standing(bench, place)).toEqual([8080])
    expect(standing(bench, HOME)).toEqual(reached ? [] : [8080])
  })

  it('a delete that was under way goes on where the mapping stands, and nowhere else', async () => {
    const before = await mapped()
    before.carrier.silent = true
    void before.iwf.deletePortMapping(key(), caller())
    await before.clock.advance(10)
    before.carrier.place = OTHER_SERVER
    const bench = await before.restarted()
    bench.carrier.silent = false
    bench.carrier.deletes.splice(0)
    void bench.start()
    await bench.clock.advance(10_000)
    expect(standing(bench, HOME)).toEqual([])
    const deletes = bench.carrier.deletes.filter(({ generation }) => generation === 0)
    expect(deletes.map(({ place }) => place)).toEqual([HOME])
  })

  it('the same external port is asked for at once, though the old address keeps it', async () => {
    const before = await mapped()
    before.carrier.unreachable.add(HOME)
    before.carrier.place = OTHER_SERVER
    const bench = await before.restarted()
    void bench.start()
    await bench.clock.advance(10)
    const asked = bench.clock.now()
    await bench.answered(bench.iwf.deletePortMapping(key(), caller()))
    await bench.answered(bench.iwf.addPortMapping(add(), caller()))
    expect(bench.clock.now() - asked).toBeLessThan(100)
  })

  it('nor does a delete keep it waiting that is under way where nobody is asked any more', async () => {
    const bench = await mapped()
    bench.carrier.silent = true
    await bench.answered(bench.iwf.deletePortMapping(key(), caller()))
    moveTo(bench, OTHER_SERVER, { reached: false })
    bench.carrier.silent = false
    const asked = bench.clock.now()
    await bench.answered(bench.iwf.addPortMapping(add(), caller()))
    expect(bench.clock.now() - asked).toBeLessThan(100)
  })

  it('a journal that says nothing of places: the mapping is where is asked now', async () => {
    const before = await mapped()
    const saved = before.store.saved(true)
    const [record] = saved.records
    if (!record) throw new Error('no record')
    const old = { ...saved, records: [{ ...record, place: undefined }] }
    const bench = coreBench({ saved: old }, before)
    void bench.start()
    await bench.clock.advance(10_000)
    expect(recordOf(bench)).toMatchObject({ place: HOME })
    expect(recordOf(bench)?.former).toBeUndefined()
    expect(bench.carrier.deletes).toEqual([])
  })
})

describe('another address of ours without NAT in the router', () => {
  it('R6970-5.4-1: a LAN host’s mapping is the same one: it is renewed, and nothing is left', async () => {
    const bench = await mapped({ wanPorts: undefined })
    expect(recordOf(bench)?.place).toEqual({ server: HOME.server })
    moveTo(bench, OTHER_ADDRESS, { reached: false })
    await bench.clock.advance(10_000)
    expect(recordOf(bench)?.former).toBeUndefined()
    expect(bench.carrier.deletes).toEqual([])
  })
})

describe('the old address is left while it still works', () => {
  it('with many mappings at once, without a leak of listeners', async () => {
    const bench = coreBench()
    const warnings: string[] = []
    const listen = ({ name }: Error) => warnings.push(name)
    process.on('warning', listen)
    for (let n = 0; n < 12; n++)
      await bench.answered(bench.iwf.addPortMapping(add({ externalPort: port(8000 + n) }), caller()))
    bench.carrier.silent = true
    await bench.answered(leaveAddress(bench.context, after(bench.clock.now(), millis(1500))))
    await settle()
    process.off('warning', listen)
    expect([bench.carrier.deletes.length, warnings]).toEqual([12, []])
  })

  it('nothing stands there any more, so nothing is deleted again', async () => {
    const bench = await mapped()
    await bench.clock.advance(3000)
    const leaving = leaveAddress(bench.context, after(bench.clock.now(), millis(1500)))
    await bench.answered(leaving)
    moveTo(bench, OTHER_ADDRESS, { reached: true })
    await bench.clock.advance(10_000)
    expect(bench.carrier.deletes).toHaveLength(1)
    expect(recordOf(bench)?.former).toBeUndefined()
  })

  it('a request that is under way may make it anew there: it is deleted again', async () => {
    const bench = coreBench()
    await bench.answered(bench.iwf.addPortMapping(add({ remoteHost: OTHER }), caller()))
    await bench.clock.advance(3000)
    const { carrier } = bench
    const map = carrier.map.bind(carrier)
    carrier.map = async (request, signal) => {
      carrier.map = map
      await new Promise<void>((resolve) => bench.clock.at(millis(bench.clock.now() + 100), resolve))
      return await map(request, signal)
    }
    await bench.answered(bench.iwf.addPortMapping(add(), caller()))
    await bench.answered(leaveAddress(bench.context, after(bench.clock.now(), millis(1500))))
    await bench.clock.advance(200)
    expect(standing(bench, HOME)).toEqual([8080])
    moveTo(bench, OTHER_ADDRESS, { reached: true })
    await bench.clock.advance(10_000)
    expect([standing(bench, OTHER_ADDRESS), standing(bench, HOME)]).toEqual([[8080], []])
  })

  it('T26: who comes back waits for deletes that nobody answered, too', async () => {
    const bench = await mapped()
    await bench.clock.advance(3000)
    bench.carrier.silent = true
    await bench.answered(leaveAddress(bench.context, after(bench.clock.now(), millis(1500))))
    bench.carrier.silent = false
    const left = bench.clock.now()
    moveTo(bench, OTHER_ADDRESS, { reached: true })
    moveTo(bench, HOME, { reached: true })
    const asked = bench.carrier.maps.length
    await bench.answered(bench.iwf.addPortMapping(add({ remoteHost: OTHER }), caller()))
    while (bench.carrier.maps.length === asked) await bench.clock.advance(10)
    expect(bench.clock.now() - left).toBeGreaterThanOrEqual(1900)
  })

  it('what stands elsewhere yet is left alone: the new address may be there', async () => {
    const bench = await mapped()
    moveTo(bench, OTHER_ADDRESS, { reached: true })
    await bench.clock.advance(0)
    await bench.answered(leaveAddress(bench.context, after(bench.clock.now(), millis(1500))))
    expect(bench.carrier.deletes).toEqual([])
  })

  it('a request shortly before the delete may come late: it is deleted again', async () => {
    const bench = await mapped()
    const late = bench.carrier.maps.at(-1) ?? expect.fail('no MAP')
    const leaving = leaveAddress(bench.context, after(bench.clock.now(), millis(3000)))
    bench.carrier.delay = 2500
    await bench.answered(leaving)
    bench.carrier.delay = 1
    void bench.carrier.map(late, new AbortController().signal)
    moveTo(bench, OTHER_ADDRESS, { reached: true })
    await bench.clock.advance(10_000)
    expect([standing(bench, OTHER_ADDRESS), standing(bench, HOME)]).toEqual([[8080], []])
  })

  it('C-11.2-4: who comes back asks when no copy of the delete can come after it', async () => {
    const bench = coreBench()
    await bench.answered(bench.iwf.addPortMapping(add({ remoteHost: OTHER }), caller()))
    await bench.answered(leaveAddress(bench.context, after(bench.clock.now(), millis(1500))))
    const left = bench.clock.now()
    const asked: number[] = []
    const map = bench.carrier.map.bind(bench.carrier)
    bench.carrier.map = (request, signal) => {
      asked.push(bench.clock.now() - left)
      return map(request, signal)
    }
    await bench.answered(bench.iwf.addPortMapping(add(), caller()))
    await bench.clock.advance(5000)
    expect(asked[0]).toBeGreaterThanOrEqual(1900)
  })
})
