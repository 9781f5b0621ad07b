import type { Clock } from '../lib/clock.ts'
import type { Entry } from './mapping.ts'

/** RFC 6970 §5.9: the extra timer of each entry, set to its lease, apart from the PCP lifetime. */
export class LeaseTimers {
  readonly #clock: Clock
  readonly #ended: (entry: Entry) => void
  readonly #timers = new Map<Entry, Disposable>()

  constructor(clock: Clock, ended: (entry: Entry) => void) {
    this.#clock = clock
    this.#ended = ended
  }

  arm(entry: Entry): void {
    if (entry.leaseEnd === 'never') return
    this.#timers.set(
      entry,
      this.#clock.at(entry.leaseEnd, () => this.#ended(entry)),
    )
  }

  cancel(entry: Entry): void {
    this.#timers.get(entry)?.[Symbol.dispose]()
    this.#timers.delete(entry)
  }

  stop(): void {
    for (const entry of [...this.#timers.keys()]) this.cancel(entry)
  }
}
