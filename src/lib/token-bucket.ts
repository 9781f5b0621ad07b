import type { Clock } from './clock.ts'

interface Bucket {
  level: number
  at: number
}

/** Buckets above this count that are full again are forgotten: they say nothing that a new one would not. */
const SWEEP_ABOVE = 1024

/** Both may change at any time. */
export interface BucketLimit {
  readonly perSecond: number
  readonly burst: number
}

/** Allows each key a burst and then a steady rate. */
export class TokenBuckets<K> {
  readonly #clock: Clock
  readonly #limit: BucketLimit
  readonly #buckets = new Map<K, Bucket>()
  #sweepAbove = SWEEP_ABOVE

  constructor(clock: Clock, limit: BucketLimit) {
    this.#clock = clock
    this.#limit = limit
  }

  /** Takes one token of `key`; false when there is none. */
  take(key: K): boolean {
    const now = this.#clock.now()
    const bucket = this.#buckets.get(key) ?? { level: this.#limit.burst, at: now }
    const level = this.#levelAt(bucket, now)
    if (level < 1) return false
    this.#buckets.set(key, { level: level - 1, at: now })
    if (this.#buckets.size > this.#sweepAbove) this.#sweep(now)
    return true
  }

  #levelAt(bucket: Bucket, now: number): number {
    return Math.min(this.#limit.burst, bucket.level + ((now - bucket.at) / 1000) * this.#limit.perSecond)
  }

  #sweep(now: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (this.#levelAt(bucket, now) >= this.#limit.burst) this.#buckets.delete(key)
    }
    // Doubled, so that a flood from very many keys does not make every call a sweep.
    this.#sweepAbove = Math.max(SWEEP_ABOVE, 2 * this.#buckets.size)
  }
}
