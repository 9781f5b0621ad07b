import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ClaimRecord, Saved } from '../../src/core/record.ts'
import { millis, port, seconds } from '../../src/lib/units.ts'
import { encodeLine, replay } from '../../src/store/format.ts'
import { JournalStore } from '../../src/store/journal-store.ts'
import { rebased } from '../../src/store/rebase.ts'
import { HOST } from '../support/core-bench.ts'
import { ip } from '../support/fake-carrier.ts'
import { MemoryDisk } from '../support/memory-disk.ts'
import { VirtualClock, settle } from '../support/virtual-clock.ts'

const YEAR = 365 * 86_400_000
const TODAY = Date.UTC(2026, 5, 1)

const intent = (generation: number, until = 100_000): ClaimRecord => ({
  state: 'INTENT',
  generation,
  protocol: 'TCP',
  client: HOST,
  internalPort: port(80),
  wanPort: port(50_000 + generation),
  externalPort: port(8080),
  until: millis(until),
})

const active = (generation: number, leaseEnd: number | 'never' = 'never'): ClaimRecord => ({
  state: 'ACTIVE',
  generation,
  protocol: 'UDP',
  client: HOST,
  internalPort: port(80),
  wanPort: port(50_000 + generation),
  externalPort: port(9000 + generation),
  external: { address: ip('203.0.114.1'), port: port(9000 + generation) },
  lifetime: seconds(3600),
  preferFailure: true,
  filtered: false,
  entries: [
    {
      remoteHost: '',
      description: 'a "web" server\nwith <signs> and ünïcode',
      lease: seconds(60),
      leaseEnd: leaseEnd === 'never' ? leaseEnd : millis(leaseEnd),
      order: generation,
    },
  ],
})

interface Machine {
  readonly disk?: MemoryDisk
  readonly clock?: VirtualClock
  readonly bootId?: string
  readonly date?: () => number
}

async function opened({
  bootId = 'one',
  clock = new VirtualClock(),
  date = () => TODAY,
  disk = new MemoryDisk(),
}: Machine = {}) {
  const lines: string[] = []
  const line = (_fields: object, message: string) => void lines.push(message)
  const log = { debug: line, info: line, warn: line, error: line }
  const store = new JournalStore({ bootId, clock, date, disk, log })
  const saved = await store.open()
  const core = new Core(store, saved)
  return { bootId, clock, core, disk, lines, saved, store }
}

/** Whoever has the records: what it puts or drops it knows at once, whenever that is on the disk. */
class Core {
  readonly #store: JournalStore
  readonly #records: Map<number, ClaimRecord>
  systemUpdateId: number

  constructor(store: JournalStore, { records, systemUpdateId }: Saved) {
    this.#store = store
    this.#records = new Map(records.map((record) => [record.generation, record]))
    this.systemUpdateId = systemUpdateId
    store.follow({ systemUpdateId: () => this.systemUpdateId, records: () => this.records })
  }

  get records(): Iterable<ClaimRecord> {
    return this.#records.values()
  }

  put(record: ClaimRecord): Promise<void> {
    this.#records.set(record.generation, record)
    return this.#store.put(record)
  }

  drop(generation: number): Promise<void> {
    this.#records.delete(generation)
    return this.#store.drop(generation)
  }
}

describe('what was kept', () => {
  it('R6970-5.3-2: comes back as it was written last', async () => {
    const { clock, core, disk } = await opened()
    await core.put(intent(0))
    await core.put(active(0))
    await core.put(intent(1))
    await core.put({ ...active(2, 5_000_000), knownAs: 1 })
    await core.drop(1)
    const again = await opened({ disk, clock })
    expect(again.saved).toMatchObject({ lastGeneration: 2, sameBoot: true })
    expect(again.saved.records).toEqual([active(0), { ...active(2, 5_000_000), knownAs: 1 }])
    expect(again.lines).toEqual([])
  })

  it('a fresh installation has nothing, and begins at SystemUpdateID 0', async () => {
    expect((await opened()).saved).toEqual({
      records: [],
      lastGeneration: -1,
      sameBoot: false,
      systemUpdateId: 0,
    })
  })

  it('R6970-4.1-13: SystemUpdateID goes on past what control points have seen', async () => {
    const { core, disk } = await opened()
    core.systemUpdateId = 41
    await core.put(active(0))
    expect((await opened({ disk })).saved.systemUpdateId).toBe(44)
    expect((await opened({ disk })).saved.systemUpdateId).toBe(47)
  })

  it('R6970-4.1-13: and past the mappings that came back after a reboot, which is not noted', async () => {
    const { core, disk } = await opened()
    core.systemUpdateId = 41
    for (let n = 0; n < 5; n++) await core.put(active(n))
    const { systemUpdateId } = (await opened({ disk, bootId: 'another' })).saved
    const seen = systemUpdateId + 5
    expect((await opened({ disk, bootId: 'a third' })).saved.systemUpdateId).toBeGreaterThan(seen)
  })

  it('C-11.2-4: a generation is known as used when its record is long gone', async () => {
    const first = await opened()
    await first.core.put(intent(7))
    await first.core.drop(7)
    const second = await opened({ disk: first.disk })
    const third = await opened({ disk: second.disk })
    expect(third.saved.lastGeneration).toBe(7)
  })
})

describe('where a mapping stands', () => {
  const place = { server: '[2001:db8::1]:5351', client: ip('100.64.0.2'), self: ip('192.0.0.2') }
  const former = [
    { place: { server: '100.64.0.1:5351' }, until: millis(900_000) },
    { place: { ...place, self: undefined }, until: millis(800_000) },
  ]

  it.each([
    ['an intent', intent(0)],
    ['a mapping', active(0)],
  ])('comes back with %s', async (_what, record) => {
    const { core, disk } = await opened()
    await core.put({ ...record, place, former })
    expect((await opened({ disk })).saved.records).toEqual([{ ...record, place, former }])
  })

  it('after a reboot what was left elsewhere ends when it would have', async () => {
    const { core, disk } = await opened({ clock: new VirtualClock(500_000) })
    await core.put({ ...intent(0), place, former })
    const { saved } = await opened({ disk, clock: new VirtualClock(1000), bootId: 'two' })
    expect(saved.records[0]?.former?.map(({ until }) => until)).toEqual([400_000, 300_000])
  })
})

describe('what the server said of its age (RFC 6887 §8.5)', () => {
  const epoch = (at: number) => ({ server: '100.64.0.1:5351', seconds: seconds(at / 1000), at: millis(at) })

  it('costs no write of its own, and is kept with the next', async () => {
    const { core, disk, store } = await opened()
    const before = disk.syncs
    for (let n = 1; n <= 100; n++) store.noteEpoch(epoch(n * 1000))
    expect(disk.syncs).toBe(before)
    await core.put(active(0))
    await core.put(active(1))
    expect(disk.syncs - before).toBe(2)
    expect(disk.text().match(/"epoch"/g)).toHaveLength(1)
    expect((await opened({ disk })).saved.epoch).toEqual(epoch(100_000))
  })

  it('is kept when the daemon ends in peace', async () => {
    const { disk, store } = await opened()
    store.noteEpoch(epoch(5000))
    await store.close()
    expect((await opened({ disk })).saved.epoch).toEqual(epoch(5000))
  })

  it('after a kill -9 it is that of the last change', async () => {
    const { core, disk, store } = await opened()
    store.noteEpoch(epoch(5000))
    await core.put(active(0))
    store.noteEpoch(epoch(6000))
    expect((await opened({ disk })).saved.epoch).toEqual(epoch(5000))
  })

  it('outlives a run that hears nothing', async () => {
    const { disk, store } = await opened()
    store.noteEpoch(epoch(5000))
    await store.close()
    await (await opened({ disk })).store.close()
    expect((await opened({ disk })).saved.epoch).toEqual(epoch(5000))
  })

  it('is forgotten by a reboot: our clock has begun anew', async () => {
    const { disk, store } = await opened()
    store.noteEpoch(epoch(5000))
    await store.close()
    expect((await opened({ disk, bootId: 'two' })).saved.epoch).toBeUndefined()
  })

  it('a disk that takes nothing at the end is no reason not to end', async () => {
    const { clock, disk, store } = await opened()
    store.noteEpoch(epoch(5000))
    disk.broken = true
    await store.close()
    expect(clock.pending).toBe(0)
  })
})

describe('syncs', () => {
  it('one for each step, none for a step nobody takes', async () => {
    const { core, disk } = await opened()
    const before = disk.syncs
    await core.put(intent(0))
    await core.put(active(0))
    expect(disk.syncs - before).toBe(2)
  })

  it('all that wait share one', async () => {
    const { core, disk } = await opened()
    const before = disk.syncs
    await Promise.all(Array.from({ length: 100 }, (_, i) => core.put(intent(i))))
    expect(disk.syncs - before).toBe(1)
  })

  it('those that come while one is under way share the next', async () => {
    const { core, disk } = await opened()
    const gate = { open: (): void => undefined }
    disk.before = (operation) =>
      operation === 'sync' ? new Promise((resolve) => (gate.open = resolve)) : Promise.resolve()
    const first = core.put(intent(0))
    await settle()
    const rest = Promise.all([1, 2, 3].map((n) => core.put(intent(n))))
    const before = disk.syncs
    gate.open()
    await first
    await settle()
    gate.open()
    await rest
    expect(disk.syncs - before).toBe(2)
  })

  it('resolves not before the sync', async () => {
    const { core, disk } = await opened()
    disk.before = (operation) => (operation === 'sync' ? new Promise(() => undefined) : Promise.resolve())
    let done = false
    void core.put(intent(0)).then(() => (done = true))
    await settle()
    expect(done).toBe(false)
  })
})

describe('a power cut', () => {
  it('loses nothing that was resolved, whatever it cuts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(7), { maxLength: 40 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        async (steps, dice) => {
          const { core, disk } = await opened()
          const kept = new Map<number, ClaimRecord>()
          for (const [i, generation] of steps.entries()) {
            const record = i % 3 === 0 ? intent(generation, i) : active(generation, i)
            if (i % 5 === 4) kept.delete(generation)
            else kept.set(generation, record)
            await (i % 5 === 4 ? core.drop(generation) : core.put(record))
          }
          void core.put(intent(99))
          await Promise.resolve()
          disk.cut(() => Number(dice.next().value))
          const { saved } = await opened({ disk })
          const records = new Map(saved.records.map((record) => [record.generation, record]))
          records.delete(99)
          expect(records).toEqual(kept)
        },
      ),
    )
  })

  it('a torn tail is dropped, with one line', async () => {
    const { core, disk } = await opened()
    await core.put(active(0))
    disk.spoil(
      (text) =>
        `${text}${encodeLine({ at: millis(0), date: 0, systemUpdateId: 0, put: active(1) }).slice(0, 50)}`,
    )
    const { lines, saved } = await opened({ disk })
    expect(saved.records).toEqual([active(0)])
    expect(lines).toEqual(['the last lines of the journal are not whole and left out: a crash cut them off'])
  })

  it('damage in the middle: what can be read is kept, and it says so', async () => {
    const { core, disk } = await opened()
    for (const generation of [0, 1, 2]) await core.put(active(generation))
    disk.spoil((text) => text.replace('"generation":1', '"generation":0'))
    const { lines, saved } = await opened({ disk })
    expect(saved.records.map(({ generation }) => generation)).toEqual([0, 2])
    expect(lines).toEqual([
      'lines of the journal are damaged and left out: mappings may be missing or come back',
    ])
  })

  it.each([
    ['no text', () => ''],
    ['noise', () => '\0\0\0\0\n\u{fffd}\n'],
    ['a header and nothing', (text: string) => text.slice(0, text.indexOf('\n') + 1)],
    ['no header', (text: string) => text.slice(text.indexOf('\n') + 1)],
  ])('opens with %s in the file', async (_what, spoil) => {
    const { core, disk } = await opened()
    await core.put(active(0))
    disk.spoil(spoil)
    const { store: again } = await opened({ disk })
    await again.put(active(1))
  })

  it('any text is read without an exception', () => {
    fc.assert(fc.property(fc.string(), (text) => void replay(text)))
    fc.assert(
      fc.property(fc.json(), (json) => {
        const line = encodeLine(JSON.parse(json) as never)
        expect(replay(line + line).ok).toBe(true)
      }),
    )
  })
})

describe('growth', () => {
  it('stays bounded, and nothing is lost when it shrinks', async () => {
    const { core, disk } = await opened()
    for (let i = 0; i < 3000; i++) await core.put(active(i % 10, i))
    expect(disk.text().length).toBeLessThan(80_000)
    const { saved } = await opened({ disk })
    expect(saved.records).toHaveLength(10)
    expect(
      saved.records.map((record) => record.state === 'ACTIVE' && record.entries[0]?.leaseEnd).sort(),
    ).toEqual(Array.from({ length: 10 }, (_, i) => 2990 + i))
  })

  it('what changes while a long one is written anew, part by part, is as it was changed', async () => {
    const { clock, core, disk } = await opened()
    for (let generation = 0; generation < 1200; generation++) void core.put(active(generation))
    await settle()
    disk.broken = true
    await expect(core.put(active(1200))).rejects.toThrow('EIO')
    disk.broken = false
    let parts = 0
    disk.before = async (operation) => {
      if (operation !== 'append' || ++parts !== 2) return
      disk.before = () => Promise.resolve()
      for (const generation of [0, 1100]) void core.drop(generation)
      for (const generation of [1, 1101, 1201]) void core.put(active(generation, 7_000_000))
      await settle()
    }
    await clock.advance(10_000)
    await settle()
    expect(parts).toBe(2)
    const byGeneration = (a: ClaimRecord, b: ClaimRecord) => a.generation - b.generation
    const { saved } = await opened({ disk })
    expect([...saved.records].sort(byGeneration)).toEqual([...core.records].sort(byGeneration))
    expect(saved.records).toHaveLength(1200)
  })

  it('where there is no room for a second file, the first grows on', async () => {
    const { core, disk } = await opened()
    disk.noRoom = true
    for (let i = 0; i < 1000; i++) await core.put(active(i % 10, i))
    expect((await opened({ disk: Object.assign(disk, { noRoom: false }) })).saved.records).toHaveLength(10)
  })
})

describe('a disk that takes nothing', () => {
  it('says so once, rejects, and is whole again when it takes writes', async () => {
    const { clock, core, disk, lines, store } = await opened()
    await core.put(active(0))
    disk.broken = true
    await expect(core.put(active(1))).rejects.toThrow('EIO')
    await expect(core.drop(0)).rejects.toThrow('EIO')
    expect(lines).toEqual([
      'nothing can be written to state.dir, so new mappings are refused; make room or mount it writable',
    ])
    expect(store.failure).toBe('EIO')
    disk.broken = false
    await clock.advance(10_000)
    expect(lines.at(-1)).toBe('state.dir can be written again')
    expect(store.failure).toBeUndefined()
    expect((await opened({ disk })).saved.records).toEqual([active(1)])
  })

  it('is tried again at once when somebody asks', async () => {
    const { core, disk } = await opened()
    disk.broken = true
    await expect(core.put(active(0))).rejects.toThrow('EIO')
    disk.broken = false
    await core.put(active(1))
    expect((await opened({ disk })).saved.records).toHaveLength(2)
  })

  it('what is put then is in the file that is written anew, whatever its owner says there is', async () => {
    const { disk, store } = await opened()
    disk.broken = true
    await expect(store.put(active(0))).rejects.toThrow('EIO')
    disk.broken = false
    await store.put(active(1))
    expect((await opened({ disk })).saved.records).toEqual([active(1)])
  })

  it('at the start is no reason not to start', async () => {
    const { core, disk } = await opened()
    await core.put(active(0))
    disk.broken = true
    const { saved } = await opened({ disk })
    expect(saved.records).toEqual([active(0)])
  })
})

describe('formats', () => {
  it('a newer one is refused with one clear sentence, and left as it is', async () => {
    const disk = new MemoryDisk()
    const text = encodeLine({ journal: 3, theRest: 'is not known yet' } as never)
    disk.spoil(() => text)
    await expect(opened({ disk })).rejects.toThrow(
      'the journal has format 3, which this version does not read: install',
    )
    expect(disk.text()).toBe(text)
  })

  it('format 1, which said nothing of places, is read and goes on as the present one', async () => {
    const disk = new MemoryDisk()
    const text = await readFile(new URL('../vectors/journal/format-1.txt', import.meta.url), 'utf8')
    disk.spoil(() => text)
    const { lines, saved } = await opened({ disk })
    expect(lines).toEqual([])
    expect(saved).toMatchObject({ lastGeneration: 2, systemUpdateId: 13, sameBoot: true })
    expect(saved.records).toMatchObject([
      {
        state: 'ACTIVE',
        generation: 0,
        wanPort: 50_000,
        entries: [{ description: 'web', leaseEnd: 'never' }],
      },
      { state: 'DELETING', generation: 1, externalPort: 9000, until: 3_606_000 },
      { state: 'INTENT', generation: 2, externalPort: 8081, until: 3_637_000 },
    ])
    expect(saved.records.map(({ place }) => place)).toEqual([undefined, undefined, undefined])
    expect(disk.text()).toContain('"journal":2')
    expect((await opened({ disk })).saved.records).toEqual(saved.records)
  })

  it('a line with the checksum of nothing is a lost one', () => {
    const header = { journal: 1, bootId: 'one', lastGeneration: 4, systemUpdateId: 0 }
    const read = replay(`${encodeLine(header)}00000000 \n${encodeLine(header)}`)
    expect(read.ok && [read.value.lost, read.value.lastGeneration]).toEqual([2, 4])
  })

  it('an older one is brought up step by step', () => {
    const old = (line: object) => encodeLine(line as never)
    const text =
      old({ journal: 1, bootId: 'one', lastGeneration: 0, systemUpdateId: 0 }) +
      old({ time: 5, date: 6, systemUpdateId: 0, keep: intent(0) })
    const upgrades = [
      (line: unknown) => ({ ...(line as object), at: (line as { time: number }).time }),
      (line: unknown) => ({ ...(line as object), put: (line as { keep: unknown }).keep }),
    ]
    const read = replay(text, upgrades)
    expect(read.ok && [...read.value.kept.values()]).toEqual([{ at: 5, date: 6, record: intent(0) }])
  })
})

describe('times of an earlier boot', () => {
  const at = (date: number, now = 1000) => ({ at: millis(now), date })
  const kept = (date: number) => ({ at: millis(500_000), date, record: active(0, 800_000) })
  const leaseLeft = (record: ClaimRecord, now = 1000) =>
    record.state === 'ACTIVE' && Number(record.entries[0]?.leaseEnd) - now

  it.each([
    ['what was left is left, less the time that passed', TODAY, TODAY + 100_000, 200_000],
    ['it has passed', TODAY, TODAY + 400_000, 0],
    ['T28: a date that went back ends nothing early', TODAY, TODAY - 10 * YEAR, 299_000],
    ['nor one that was never set', 5000, TODAY, 299_000],
  ])('%s', (_what, written, read, left) => {
    expect(leaseLeft(rebased(kept(written), at(read)))).toBe(left)
  })

  it('a restart long after the boot begins no lease anew, though nobody set the date and the disk takes nothing', () => {
    expect(leaseLeft(rebased(kept(5000), at(5000, 120_000)), 120_000)).toBe(180_000)
    expect(leaseLeft(rebased(kept(5000), at(5000, 400_000)), 400_000)).toBe(0)
  })

  it('an infinite lease stays infinite', () => {
    expect(rebased({ ...kept(TODAY), record: active(0) }, at(TODAY + YEAR))).toEqual(active(0))
  })

  it('within one boot the date is not asked', async () => {
    const { clock, core, disk } = await opened()
    await core.put(active(0, 2_000_000))
    const { saved } = await opened({ disk, clock, date: () => TODAY + 10 * YEAR })
    expect(saved.records).toEqual([active(0, 2_000_000)])
  })

  it('a reboot is told by the kernel’s boot id', async () => {
    const { core, disk } = await opened()
    await core.put(active(0, 1_600_000))
    const { saved } = await opened({ disk, clock: new VirtualClock(1000), bootId: 'two' })
    expect(saved.sameBoot).toBe(false)
    expect(saved.records[0] && leaseLeft(saved.records[0])).toBe(599_000)
  })
})
