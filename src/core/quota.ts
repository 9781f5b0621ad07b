import type { Clock } from '../lib/clock.ts'
import { type Millis, type Seconds, after, toMillis } from '../lib/units.ts'
import { Fault } from './fault.ts'
import { reasonOf } from './refusal.ts'
import { holdTime } from './renewal.ts'
import { errorOf } from './rfc6970.ts'

const RESULT = 'USER_EX_QUOTA'

/**
 * How many mappings the carrier lets this line have. RFC 6887 §7.4 has no way to ask: when USER_EX_QUOTA comes, it is as
 * many as we have. For the lifetime of that error nothing beyond it is asked for; what we have already, renewed or to be
 * made anew, counts as had, so that nothing new takes its place. Whatever is deleted makes room.
 */
export class CarrierQuota {
  readonly #clock: Clock
  readonly #had: () => number
  #most = 0
  #until: Millis | undefined

  /** `had`: how many the carrier has of ours, or is to have again, the ones that are asked for included. */
  constructor(clock: Clock, had: () => number) {
    this.#clock = clock
    this.#had = had
  }

  /** The most there may be, as far as is known now. */
  get most(): number | undefined {
    return this.#until !== undefined && this.#clock.now() < this.#until ? this.#most : undefined
  }

  isFull(): boolean {
    const { most } = this
    return most !== undefined && this.#had() >= most
  }

  /** One of those we have, or would have, was refused. True where that is news. */
  learn(lifetime: Seconds): boolean {
    const known = this.most
    this.#most = Math.min(known ?? Infinity, Math.max(0, this.#had() - 1))
    this.#until = after(this.#clock.now(), toMillis(holdTime(RESULT, lifetime)))
    return known === undefined
  }

  /** Fault 728 when one more would be refused. */
  check(): void {
    if (this.isFull())
      throw new Fault(errorOf(RESULT, 2), `it was asked a moment ago, and ${reasonOf(RESULT)}`)
  }

  /** What one server grants says nothing of another. */
  clear(): void {
    this.#until = undefined
  }
}
