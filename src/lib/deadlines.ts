import { type Clock, repeated } from './clock.ts'
import type { Millis } from './units.ts'

/**
 * A long wait is cut in pieces of this length: Node fires a timer above 2^31-1 ms at once, and the system's timers
 * stand still while the machine is suspended, so after that we are late by this much at most.
 */
const LONGEST_SLEEP = 60_000

/** Taken off the heap to be run in this round, unless one that runs before it disposes it. */
const DUE = -1
/** Has run, or was disposed. */
const GONE = -2

/** A class, as there are several a mapping: an object literal with a computed method takes ten times the memory. */
class Deadline implements Disposable {
  readonly due: Millis
  readonly run: () => void
  readonly #remove: (deadline: Deadline) => void
  /** Place in the heap, or DUE or GONE. */
  slot: number

  constructor(due: Millis, run: () => void, slot: number, remove: (deadline: Deadline) => void) {
    this.due = due
    this.run = run
    this.slot = slot
    this.#remove = remove
  }

  [Symbol.dispose](): void {
    this.#remove(this)
  }
}

/**
 * A clock whose due times share one timer of the operating system, kept as a binary heap. It keeps no process
 * alive: open sockets do, and when those are closed nothing is left to wait for.
 */
export class Deadlines implements Clock {
  readonly #heap: Deadline[] = []
  readonly #read: () => Millis
  readonly #cancel = (deadline: Deadline): void => this.#remove(deadline, GONE)
  #timer: NodeJS.Timeout | undefined

  /** `read` gives milliseconds since boot and never goes back. */
  constructor(read: () => Millis) {
    this.#read = read
  }

  now(): Millis {
    return this.#read()
  }

  at(due: Millis, run: () => void): Disposable {
    const deadline = new Deadline(due, run, this.#heap.length, this.#cancel)
    this.#heap.push(deadline)
    this.#rise(deadline.slot)
    if (this.#heap[0] === deadline) this.#arm()
    return deadline
  }

  every(span: Millis, look: () => void): Disposable {
    return repeated(this, span, look)
  }

  #arm(): void {
    clearTimeout(this.#timer)
    const next = this.#heap[0]
    if (!next) return
    const sleep = Math.min(Math.max(0, Math.ceil(next.due - this.#read())), LONGEST_SLEEP)
    this.#timer = setTimeout(() => this.#fire(), sleep).unref()
  }

  #fire(): void {
    const now = this.#read()
    const due: Deadline[] = []
    for (let first = this.#heap[0]; first && first.due <= now; first = this.#heap[0]) {
      this.#remove(first, DUE)
      due.push(first)
    }
    this.#arm()
    for (const deadline of due) {
      if (deadline.slot === GONE) continue
      deadline.slot = GONE
      deadline.run()
    }
  }

  #remove(deadline: Deadline, now: typeof DUE | typeof GONE): void {
    const { slot } = deadline
    deadline.slot = now
    if (slot < 0) return
    const last = this.#heap.pop()
    if (!last || last === deadline) return
    this.#place(last, slot)
    this.#rise(slot)
    this.#sink(last.slot)
  }

  #place(deadline: Deadline, slot: number): void {
    this.#heap[slot] = deadline
    deadline.slot = slot
  }

  #rise(from: number): void {
    const moved = this.#heap[from]
    if (!moved) return
    let slot = from
    while (slot > 0) {
      const above = (slot - 1) >> 1
      const parent = this.#heap[above]
      if (!parent || parent.due <= moved.due) break
      this.#place(parent, slot)
      slot = above
    }
    this.#place(moved, slot)
  }

  #sink(from: number): void {
    const moved = this.#heap[from]
    if (!moved) return
    let slot = from
    for (let child = this.#earlierChild(slot); child; child = this.#earlierChild(slot)) {
      if (child.due >= moved.due) break
      const below = child.slot
      this.#place(child, slot)
      slot = below
    }
    this.#place(moved, slot)
  }

  #earlierChild(slot: number): Deadline | undefined {
    const left = this.#heap[2 * slot + 1]
    const right = this.#heap[2 * slot + 2]
    return left && right && right.due < left.due ? right : left
  }
}
