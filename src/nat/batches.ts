interface Waiting<T> {
  readonly item: T
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Takes all items that wait at the same moment at once, one batch after the other. When a batch of several fails,
 * each of its items is run alone, so that one that cannot be done does not cost the others.
 */
export class Batches<T> {
  readonly #run: (items: readonly T[]) => Promise<void>
  #waiting: Waiting<T>[] = []
  #busy = false

  /** `run` does all items or rejects and has done none. */
  constructor(run: (items: readonly T[]) => Promise<void>) {
    this.#run = run
  }

  submit(item: T): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      if (!this.#busy) void this.#drain()
    })
  }

  async #drain(): Promise<void> {
    this.#busy = true
    await Promise.resolve() // others may come in the same turn
    while (this.#waiting.length > 0) await this.#take(this.#waiting.splice(0))
    this.#busy = false
  }

  async #take(batch: readonly Waiting<T>[]): Promise<void> {
    try {
      await this.#run(batch.map(({ item }) => item))
    } catch (error) {
      const [only, ...others] = batch
      if (only && others.length === 0) only.reject(error)
      else for (const one of batch) await this.#take([one])
      return
    }
    for (const { resolve } of batch) resolve()
  }
}
