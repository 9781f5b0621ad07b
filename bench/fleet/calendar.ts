/** Where a list of entities ends. */
const NONE = -1

/**
 * The next event of each of very many entities, in buckets of time: an entity waits for one thing at a time, so a
 * linked list in two arrays holds them all, and no event costs an allocation.
 */
export class Calendar {
  readonly #heads: Int32Array
  readonly #next: Int32Array
  readonly #step: number
  #bucket = 0
  #waiting = 0

  /** `step` and `horizon` in seconds; what is due after the horizon is never seen. */
  constructor(entities: number, { step, horizon }: { readonly step: number; readonly horizon: number }) {
    this.#step = step
    this.#heads = new Int32Array(Math.ceil(horizon / step) + 1).fill(NONE)
    this.#next = new Int32Array(entities).fill(NONE)
  }

  /** How many entities wait for something. */
  get waiting(): number {
    return this.#waiting
  }

  /** `due` in seconds; what lies in the past is due in the next bucket. */
  schedule(entity: number, due: number): void {
    const bucket = Math.max(this.#bucket + 1, Math.floor(due / this.#step))
    if (bucket >= this.#heads.length) return
    this.#next[entity] = this.#heads[bucket] ?? NONE
    this.#heads[bucket] = entity
    this.#waiting += 1
  }

  /** Runs everything up to the horizon, or until nothing waits. Returns the time that was reached. */
  run(happen: (entity: number, now: number) => void): number {
    for (; this.#bucket < this.#heads.length && this.#waiting > 0; this.#bucket++) {
      const now = this.#bucket * this.#step
      for (let entity = this.#heads[this.#bucket] ?? NONE; entity !== NONE; ) {
        const following = this.#next[entity] ?? NONE
        this.#waiting -= 1
        happen(entity, now)
        entity = following
      }
    }
    return this.#bucket * this.#step
  }
}
