/** Something that did not go as it should. */
export interface Miss {
  /** Seconds since the start of the soak. */
  readonly at: number
  readonly who: string
  readonly what: string
}

/** What the clients did, and what went wrong. */
export class Tally {
  readonly counts = new Map<string, number>()
  readonly misses: Miss[] = []
  readonly #now: () => number

  /** `now` in seconds since the start. */
  constructor(now: () => number) {
    this.#now = now
  }

  count(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times)
  }

  miss(who: string, what: string): void {
    this.misses.push({ at: this.#now(), who, what })
  }

  /** Counts one doing of a client; one that throws is a miss. */
  async step(who: string, doing: () => Promise<void>): Promise<void> {
    this.count(who)
    try {
      await doing()
    } catch (error) {
      this.miss(who, error instanceof Error ? error.message : String(error))
    }
  }
}
