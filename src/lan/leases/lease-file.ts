import type { Log } from '../../lib/log.ts'
import type { Millis } from '../../lib/units.ts'
import { formatOf } from './format.ts'
import { type Leases, linesOf } from './lease.ts'
import { type EndedLease, LeaseMemory } from './lease-memory.ts'

/** Where the files are. */
export interface LeaseFiles {
  /** Undefined where there is no such file; rejects where there is one that cannot be read, or is too large. */
  read(path: string): Promise<string | undefined>
  /** Is there no room left where the file is? */
  isFull(path: string): Promise<boolean>
}

interface LeaseFileOptions {
  readonly path: string
  readonly disk: LeaseFiles
  readonly log: Log
}

/** One lease file of a DHCP server, whichever it is, as it was when last looked at. */
export class LeaseFile {
  readonly path: string
  readonly #options: LeaseFileOptions
  readonly #memory = new LeaseMemory()
  /** What was logged of it last: each state is told once, and nothing of a file that never was there. */
  #told: string | undefined
  #isThere = false
  /** It is empty since a disk that was full took nothing. */
  #isEmptied = false

  constructor(options: LeaseFileOptions) {
    this.path = options.path
    this.#options = options
  }

  get isThere(): boolean {
    return this.#isThere
  }

  get leases(): Leases {
    return this.#memory.leases
  }

  get doubtUntil(): Millis | undefined {
    return this.#memory.doubtUntil
  }

  /** Reads it. Gives the leases that ended since the last time. */
  async look(now: () => Millis): Promise<readonly EndedLease[]> {
    try {
      const text = await this.#options.disk.read(this.path)
      this.#isThere = text !== undefined
      if (text !== undefined) return await this.#takeIn(text, now)
      if (this.#told !== undefined) this.#tell('info', 'a DHCP lease file is gone')
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#tell('warn', 'a DHCP lease file cannot be read; leases that end are not noticed', { why })
    }
    this.#memory.forget()
    return []
  }

  async #takeIn(text: string, now: () => Millis): Promise<readonly EndedLease[]> {
    const format = formatOf(text)
    if (!format) throw new Error('it is no lease file of dnsmasq, odhcpd, Kea or ISC dhcpd')
    const before = await Promise.all(
      format.siblings.map((ending) => this.#options.disk.read(this.path + ending)),
    )
    const { leases, unreadable } = format.read(before.join('') + text)
    const fields = { server: format.server, leases: leases.size, unreadable }
    if (unreadable > 0) this.#tell('warn', 'a DHCP lease file has lines that cannot be read', fields)
    else this.#tell('info', 'DHCP leases are followed', fields)
    return this.#memory.learn(leases, now(), await this.#isWhole(text))
  }

  /**
   * A server that cannot write its file leaves it cut off or empty, and its leases live on. One lease alone may have
   * ended, unless the disk is full; several that end at once by an empty file have not. It stays so until the server
   * writes again.
   */
  async #isWhole(text: string): Promise<boolean> {
    const { size } = this.#memory.leases
    const { disk } = this.#options
    const isEmpty = linesOf(text).length === 0
    this.#isEmptied &&= isEmpty
    if (isEmpty && size > 0) this.#isEmptied ||= size > 1 || (await disk.isFull(this.path))
    return !this.#isEmptied && (text === '' || text.endsWith('\n'))
  }

  #tell(level: 'info' | 'warn', message: string, fields: object = {}): void {
    if (this.#told !== message) this.#options.log[level]({ file: this.path, ...fields }, message)
    this.#told = message
  }
}
