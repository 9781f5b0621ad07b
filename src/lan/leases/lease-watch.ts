import { basename, dirname } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import type { Ipv4Address } from '../../lib/ip.ts'
import type { Log } from '../../lib/log.ts'
import { SerialQueues } from '../../lib/serial.ts'
import { after, type Millis, millis } from '../../lib/units.ts'
import { LeaseFile, type LeaseFiles } from './lease-file.ts'
import type { EndedLease } from './lease-memory.ts'

/** The disk, as far as lease files go. */
export interface LeaseDisk extends LeaseFiles {
  /**
   * Calls with its name when a file of the directory changes, is made or renamed; without where the system does not
   * say which. Undefined where that cannot be had.
   */
  watch(directory: string, changed: (name: string | undefined) => void): Disposable | undefined
}

export interface LeaseWatchPorts {
  readonly clock: Clock
  readonly log: Log
  readonly disk: LeaseDisk
}

/** Servers write in several steps, so we wait this long after the first. */
const SETTLE = millis(100)
/** Without being told we look this often, as a file may be new. */
const EVERY = millis(10_000)
/** Where the system does not tell of changes. */
const UNWATCHED = millis(500)

/** Follows the lease files of the DHCP server in this router (RFC 6970 §5.10). */
export class LeaseWatch {
  readonly #ports: LeaseWatchPorts
  readonly #files: readonly LeaseFile[]
  readonly #turns = new SerialQueues<'look'>()
  readonly #watches = new Map<string, Disposable>()
  #due: Millis | undefined
  #looking: Disposable | undefined
  #timer: Disposable | undefined
  #stopped = false

  constructor(ports: LeaseWatchPorts, paths: readonly string[]) {
    const { disk, log } = ports
    this.#ports = ports
    this.#files = paths.map((path) => new LeaseFile({ path, disk, log }))
  }

  /** Tells of each lease that ends, until `stop`. */
  start(ended: (lease: EndedLease) => void): void {
    const { clock } = this.#ports
    this.#looking = clock.every(EVERY, () => this.#lookAt(clock.now(), ended))
    this.#lookAt(clock.now(), ended)
  }

  stop(): void {
    this.#stopped = true
    this.#looking?.[Symbol.dispose]()
    this.#timer?.[Symbol.dispose]()
    for (const watch of this.#watches.values()) watch[Symbol.dispose]()
    this.#watches.clear()
  }

  isLeased(address: Ipv4Address): boolean {
    return this.#files.some(({ leases }) => leases.has(address))
  }

  #lookAt(due: Millis, ended: (lease: EndedLease) => void): void {
    if (this.#stopped || (this.#due !== undefined && this.#due <= due)) return
    this.#timer?.[Symbol.dispose]()
    this.#due = due
    this.#timer = this.#ports.clock.at(due, () => {
      this.#due = undefined
      void this.#turns.run('look', () => this.#look(ended))
    })
  }

  /** Watches first and reads then, so that no change falls in between. */
  async #look(ended: (lease: EndedLease) => void): Promise<void> {
    const { clock } = this.#ports
    this.#watch(() => this.#lookAt(after(clock.now(), SETTLE), ended))
    const leases = await Promise.all(this.#files.map((file) => file.look(() => clock.now())))
    if (this.#stopped) return
    const doubts = this.#files.flatMap(({ doubtUntil }) => doubtUntil ?? [])
    const soon = this.#isWatched() ? doubts : [...doubts, after(clock.now(), UNWATCHED)]
    if (soon.length > 0) this.#lookAt(millis(Math.min(...soon)), ended)
    for (const lease of leases.flat()) ended(lease)
  }

  /** Anew each time: what was watched may have been deleted and made again under the same name. */
  #watch(changed: () => void): void {
    const before = [...this.#watches.values()]
    this.#watches.clear()
    const directories = new Set(this.#files.map(({ path }) => dirname(path)))
    for (const directory of this.#stopped ? [] : directories) {
      const names = this.#files
        .filter(({ path }) => dirname(path) === directory)
        .map(({ path }) => basename(path))
      const isOurs = (name: string | undefined) =>
        name === undefined || names.some((ours) => name.startsWith(ours))
      const watch = this.#ports.disk.watch(directory, (name) => {
        if (isOurs(name)) changed()
      })
      if (watch) this.#watches.set(directory, watch)
    }
    for (const watch of before) watch[Symbol.dispose]()
  }

  /** Are we told of changes of all files there are? */
  #isWatched(): boolean {
    return this.#files.every(({ isThere, path }) => !isThere || this.#watches.has(dirname(path)))
  }
}
