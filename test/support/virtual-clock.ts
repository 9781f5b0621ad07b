import { type Clock, repeated } from '../../src/lib/clock.ts'
import { type Millis, millis } from '../../src/lib/units.ts'

interface Timer {
  readonly due: number
  /** Of those due at the same moment, the one set first runs first. */
  readonly order: number
  readonly run: () => void
  cancelled: boolean
}

/** Lets everything that waits on settled promises run. No time passes. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A clock that moves only when a test says so. */
export class VirtualClock implements Clock {
  #now: number
  #order = 0
  /** A binary heap; what was cancelled stays in it until it comes to the top. */
  readonly #timers: Timer[] = []
  #pending = 0

  constructor(start = 1_000_000) {
    this.#now = start
  }

  now(): Millis {
    return millis(this.#now)
  }

  at(due: Millis, run: () => void): Disposable {
    const timer = { due, order: this.#order++, run, cancelled: false }
    this.#push(timer)
    this.#pending++
    return {
      [Symbol.dispose]: () => {
        if (!timer.cancelled) this.#pending--
        timer.cancelled = true
      },
    }
  }

  every(span: Millis, look: () => void): Disposable {
    return repeated(this, span, look)
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#pending
  }

  /** Lets `span` milliseconds pass, running what becomes due in order, and what its promises lead to. */
  async advance(span: number): Promise<void> {
    const end = this.#now + span
    await settle()
    for (let next = this.#takeDue(end); next; next = this.#takeDue(end)) {
      this.#now = Math.max(this.#now, next.due)
      next.run()
      await settle()
      this.stepped()
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

  /** All that a timer led to is done. */
  protected stepped(): void {
    // Nobody asked.
  }

  #takeDue(end: number): Timer | undefined {
    for (
      let first = this.#timers[0];
      first && (first.cancelled || first.due <= end);
      first = this.#timers[0]
    ) {
      this.#pop()
      if (first.cancelled) continue
      first.cancelled = true
      this.#pending--
      return first
    }
    return undefined
  }

  #push(timer: Timer): void {
    const timers = this.#timers
    let slot = timers.push(timer) - 1
    while (slot > 0) {
      const above = (slot - 1) >> 1
      const parent = timers[above]
      if (!parent || isBefore(parent, timer)) break
      timers[slot] = parent
      slot = above
    }
    timers[slot] = timer
  }

  #pop(): void {
    const timers = this.#timers
    const last = timers.pop()
    if (!last || timers.length === 0) return
    let slot = 0
    for (;;) {
      const [left, right] = [timers[2 * slot + 1], timers[2 * slot + 2]]
      const child = left && right && isBefore(right, left) ? 2 * slot + 2 : 2 * slot + 1
      const below = timers[child]
      if (!below || isBefore(last, below)) break
      timers[slot] = below
      slot = child
    }
    timers[slot] = last
  }
}

const isBefore = (a: Timer, b: Timer): boolean => a.due < b.due || (a.due === b.due && a.order < b.order)
