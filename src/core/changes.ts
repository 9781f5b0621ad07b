/** SystemUpdateID of WANIPConnection:2, and whoever wants to know that the table or the address changed. */
export class Changes {
  #systemUpdateId: number
  readonly #listeners = new Set<() => void>()

  /** `first`: past what control points may have seen of an earlier run. */
  constructor(first = 0) {
    this.#systemUpdateId = first
  }

  get systemUpdateId(): number {
    return this.#systemUpdateId
  }

  /** The table changed: one step for one change, however many entries it touched (WANIPConnection:2 §2.3.23). */
  table(): void {
    this.#systemUpdateId = (this.#systemUpdateId + 1) % 2 ** 32
    this.notify()
  }

  /** Something else that control points can see changed. */
  notify(): void {
    for (const listener of this.#listeners) listener()
  }

  listen(listener: () => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }
}
