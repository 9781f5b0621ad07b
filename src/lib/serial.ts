/** Runs tasks of one key one after the other, and tasks of different keys side by side. */
export class SerialQueues<K> {
  readonly #tails = new Map<K, Promise<unknown>>()

  /** Resolves or rejects as `task` does. A task that fails does not stop the ones behind it. */
  async run<T>(key: K, task: () => Promise<T>): Promise<T> {
    const turn = (this.#tails.get(key) ?? Promise.resolve()).then(task, task)
    this.#tails.set(key, turn)
    try {
      return await turn
    } finally {
      if (this.#tails.get(key) === turn) this.#tails.delete(key)
    }
  }
}
