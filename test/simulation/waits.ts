/** UDA lets an action take 30 s; the router promises 25. What comes on top is the disk's. */
const DEADLINE = 25_500

interface Waiting {
  readonly what: string
  due: number
}

/** Calls that are not answered yet, and by when they have to be. */
export class Waits {
  readonly #waiting = new Set<Waiting>()

  get size(): number {
    return this.#waiting.size
  }

  /** Disposing it is the answer. */
  begin(what: string, now: number): Disposable {
    const waiting = { what, due: now + DEADLINE }
    this.#waiting.add(waiting)
    return { [Symbol.dispose]: () => void this.#waiting.delete(waiting) }
  }

  /** Those that are late, each told once. */
  late(now: number): readonly string[] {
    const late = [...this.#waiting].filter(({ due }) => due < now)
    for (const waiting of late) this.#waiting.delete(waiting)
    return late.map(({ what }) => what)
  }

  /** Nobody can be answered before. */
  excuse(until: number): void {
    for (const waiting of this.#waiting) waiting.due = until + DEADLINE
  }

  /** Nobody will answer any more. */
  abandon(): void {
    this.#waiting.clear()
  }
}
