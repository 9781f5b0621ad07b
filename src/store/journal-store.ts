import type { KnownEpoch } from '../core/place.ts'
import type { StorePort } from '../core/ports.ts'
import { type ClaimRecord, NOTHING_SAVED, type Recorded, type Saved } from '../core/record.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { after, millis } from '../lib/units.ts'
import type { Disk } from './disk.ts'
import { type Change, encodeLine, FORMAT, type Replay, replay, type Stamp } from './format.ts'
import { JournalFile } from './journal-file.ts'
import { rebased } from './rebase.ts'

/** How often a disk that takes nothing is tried again while nobody asks. */
const RETRY = millis(10_000)
/** So many records are put together at once, where all are written: in that time nobody is answered. */
const AT_ONCE = 500
/**
 * A change may be made and not noted, and each mapping that comes back after a reboot is one: the ids of another run
 * begin past all of them.
 */
const ID_STEP = 2

export interface JournalWorld {
  readonly clock: Clock
  /** Milliseconds since 1970, as the system believes. */
  readonly date: () => number
  readonly log: Log
  readonly disk: Disk
  /** The kernel's id of this boot. */
  readonly bootId: string
}

interface Waiting {
  readonly line: string
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * The records of the core in a file that only grows, until it is written anew without what is not true any more. One
 * sync for each step that somebody waits for; all that come while one is under way share the next.
 */
export class JournalStore implements StorePort {
  readonly #world: JournalWorld
  readonly #file: JournalFile
  #recorded: Recorded = { systemUpdateId: () => 0, records: () => [] }
  #lastGeneration = -1
  #epoch: KnownEpoch | undefined
  /** The one that the file has. */
  #writtenEpoch: KnownEpoch | undefined
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  /** Why the file is not what it should be: an append failed, or the first rewrite did. Undefined while it is. */
  #failure: string | undefined
  #retry: Disposable | undefined
  #closed = false

  constructor(world: JournalWorld) {
    this.#world = world
    this.#file = new JournalFile(world.disk)
  }

  /** Reads what the last run left and begins a new file. Rejects when there is one that cannot be read. */
  async open(): Promise<Saved> {
    const text = await this.#file.read()
    const saved = text === undefined ? NOTHING_SAVED : this.#read(text)
    this.#lastGeneration = saved.lastGeneration
    this.follow({ systemUpdateId: () => saved.systemUpdateId, records: () => saved.records })
    this.#epoch = saved.epoch
    await this.#write([])
    return saved
  }

  #read(text: string): Saved {
    const read = replay(text)
    if (!read.ok) throw new Error(`the journal has ${read.why}, which this version does not read: ${ADVICE}`)
    this.#tell(read.value)
    return this.#saved(read.value)
  }

  /** Why the disk took nothing when it was last asked to; undefined since it took something. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** SystemUpdateID is noted with each change; the records are asked for when the file is written anew. */
  follow(recorded: Recorded): void {
    this.#recorded = recorded
  }

  /** What the server says of its age, with each answer: that alone is not worth a write, so it is kept with the next. */
  noteEpoch(epoch: KnownEpoch): void {
    this.#epoch = epoch
  }

  put(record: ClaimRecord): Promise<void> {
    this.#lastGeneration = Math.max(this.#lastGeneration, record.generation)
    return this.#submit(this.#line({ put: record }))
  }

  drop(generation: number): Promise<void> {
    return this.#submit(this.#line({ drop: generation }))
  }

  /** Resolves when all that was begun is written, or cannot be. */
  async close(): Promise<void> {
    this.#closed = true
    this.#retry?.[Symbol.dispose]()
    await this.#writing
    if (this.#epoch !== this.#writtenEpoch) await this.#write([])
    this.#retry?.[Symbol.dispose]()
    await this.#file.close()
  }

  #submit(line: string): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the journal is closed'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject })
      this.#writing ??= this.#drain()
    })
  }

  async #drain(): Promise<void> {
    await Promise.resolve() // others may come in the same turn
    while (this.#waiting.length > 0) await this.#write(this.#waiting.splice(0))
    this.#writing = undefined
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const epoch = this.#epoch
    const lines = batch.map(({ line }) => line).join('')
    try {
      if (this.#failure !== undefined || batch.length === 0) await this.#file.rewrite(this.#whole(lines))
      else if (!this.#file.isLarge || !(await this.#file.shrink(this.#whole(lines))))
        await this.#file.append(lines + this.#newEpoch())
    } catch (error) {
      this.#fail(error)
      for (const { reject } of batch) reject(error)
      return
    }
    this.#succeed()
    this.#writtenEpoch = epoch
    for (const { resolve } of batch) resolve()
  }

  /**
   * The file anew, part by part. What changes before the last part is asked for may be in it or not: its own line comes
   * after all of this, and the last one counts. So do `lines`, what has to be in it whatever is known by then.
   */
  *#whole(lines: string): Iterable<string> {
    const { records, systemUpdateId } = this.#recorded
    const header = {
      journal: FORMAT,
      bootId: this.#world.bootId,
      lastGeneration: this.#lastGeneration,
      systemUpdateId: systemUpdateId(),
    }
    let part = [encodeLine(header)]
    for (const record of records()) {
      part.push(this.#line({ put: record }))
      if (part.length < AT_ONCE) continue
      yield part.join('')
      part = []
    }
    part.push(lines)
    if (this.#epoch) part.push(this.#line({ epoch: this.#epoch }))
    yield part.join('')
  }

  #newEpoch(): string {
    return this.#epoch && this.#epoch !== this.#writtenEpoch ? this.#line({ epoch: this.#epoch }) : ''
  }

  #fail(error: unknown): void {
    const { clock, log } = this.#world
    const why = error instanceof Error ? error.message : String(error)
    if (this.#failure === undefined)
      log.error(
        { why },
        'nothing can be written to state.dir, so new mappings are refused; make room or mount it writable',
      )
    this.#failure = why
    this.#retry?.[Symbol.dispose]()
    this.#retry = clock.at(after(clock.now(), RETRY), () => {
      this.#writing ??= this.#write([]).then(() => this.#drain())
    })
  }

  #succeed(): void {
    if (this.#failure !== undefined) this.#world.log.info({}, 'state.dir can be written again')
    this.#failure = undefined
    this.#retry?.[Symbol.dispose]()
  }

  #line(change: Change): string {
    return encodeLine({ ...this.#now(), systemUpdateId: this.#recorded.systemUpdateId(), ...change })
  }

  #now(): Stamp {
    return { at: this.#world.clock.now(), date: this.#world.date() }
  }

  #saved({ bootId, epoch, kept, lastGeneration, systemUpdateId }: Replay): Saved {
    const sameBoot = bootId === this.#world.bootId
    const now = this.#now()
    const records = [...kept.values()].map((one) => (sameBoot ? one.record : rebased(one, now)))
    return {
      records,
      lastGeneration,
      systemUpdateId: (systemUpdateId + ID_STEP + records.length) % 2 ** 32,
      sameBoot,
      epoch: sameBoot ? epoch : undefined,
    }
  }

  #tell({ lost, torn }: Replay): void {
    const { log } = this.#world
    if (torn) log.info({}, 'the last lines of the journal are not whole and left out: a crash cut them off')
    if (lost > 0)
      log.error(
        { lost },
        'lines of the journal are damaged and left out: mappings may be missing or come back',
      )
  }
}

const ADVICE =
  'install the version that wrote it, or delete it; then its mappings stay at the carrier until their lifetime ends'
