import type { Clock } from '../../src/lib/clock.ts'
import { type Millis, millis } from '../../src/lib/units.ts'

interface Timer {
  readonly due: number
  readonly run: () => void
}

/** Lets everything that waits on settled promises run. No time passes. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A clock that moves only when a test says so. */
export class VirtualClock implements Clock {
  #now: number
  readonly #timers = new Set<Timer>()

  constructor(start = 1_000_000) {
    this.#now = start
  }

  now(): Millis {
    return millis(this.#now)
  }

  at(due: Millis, run: () => void): Disposable {
    const timer = { due, run }
    this.#timers.add(timer)
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) }
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size
  }

  /** Lets `span` milliseconds pass, running what becomes due in order, and what its promises lead to. */
  async advance(span: number): Promise<void> {
    const end = this.#now + span
    await settle()
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.due)
      next.run()
      await settle()
    }
    this.#now = end
  }

  /** The machine sleeps for `span` milliseconds: time passes and nothing runs; what became due meanwhile is late. */
  async suspend(span: number): Promise<void> {
    this.#now += span
    await this.advance(0)
  }

  /** Lets time pass in small steps until `call` has settled, and settles as it does. */
  async answered<T>(call: Promise<T>, most = 30_000): Promise<T> {
    const answers = { come: false }
    const end = () => void (answers.come = true)
    call.then(end, end)
    for (let passed = 0; passed < most && !answers.come; passed += 10) await this.advance(10)
    return await call
  }

  /** Of those due at the same moment, the one set first. */
  #next(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) if (timer.due <= end && (!first || timer.due < first.due)) first = timer
    return first
  }
}
