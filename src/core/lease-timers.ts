import type { Clock } from '../lib/clock.ts'
import type { Entry } from './mapping.ts'

/** RFC 6970 §5.9: the extra timer of each entry, set to its lease, apart from the PCP lifetime. */
export class LeaseTimers {
  readonly #clock: Clock
  readonly #timers = new Map<Entry, Disposable>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  arm(entry: Entry, ended: () => void): void {
    this.cancel(entry)
    if (entry.leaseEnd !== 'never') this.#timers.set(entry, this.#clock.at(entry.leaseEnd, ended))
  }

  cancel(entry: Entry): void {
    this.#timers.get(entry)?.[Symbol.dispose]()
    this.#timers.delete(entry)
  }

  stop(): void {
    for (const entry of [...this.#timers.keys()]) this.cancel(entry)
  }
}
