import type { Clock } from '../lib/clock.ts'
import { type Millis, millis } from '../lib/units.ts'
import type { PcpOutcome } from './ports.ts'

// How fast to ask. Making many mappings anew, so that a carrier whose every customer does so at once can bear it: one
// in flight, and a gap that shrinks while the server answers at once and grows while it struggles.

const FIRST_GAP = millis(1000)
const LEAST_GAP = millis(100)
const LONGEST_GAP = millis(60_000)
/** An answer within this time is a server at ease. */
const QUICK = 1000
/** RFC 6887 §14.1: recovery starts after a random wait of up to this. */
const SPREAD = 5000

export const startDelay = (dice: number): Millis => millis(Math.round(dice * SPREAD))

export const firstGap = (): Millis => FIRST_GAP

/** The gap before the next mapping, after the last one took `took` to end in `outcome`. */
export function nextGap(gap: Millis, took: number, outcome: PcpOutcome | undefined): Millis {
  const struggles = took >= QUICK || (outcome?.kind === 'refused' && outcome.result === 'NO_RESOURCES')
  return millis(struggles ? Math.min(LONGEST_GAP, 2 * gap) : Math.max(LEAST_GAP, gap / 2))
}

/** Requests a server gets at once, and per second after that. */
const BURST = 5
const PER_SECOND = 5
/**
 * A table that has more to renew than that is renewed all the same: with 120 s, the least a server should grant, each
 * mapping wants one renewal in 67 s (RFC 6887 §11.2.1, §15), and so two would fit.
 */
const MAPPINGS_PER_SECOND = 30

/**
 * The token bucket of one server. What a control point waits for takes its token on credit and renewals wait until
 * the bucket is out of debt, so the first is never late and the sum stays bounded.
 */
export class Pace {
  readonly #clock: Clock
  readonly #mappings: () => number
  #level = BURST
  #at: Millis

  constructor(clock: Clock, mappings: () => number) {
    this.#clock = clock
    this.#mappings = mappings
    this.#at = clock.now()
  }

  /** How long until there is a token. */
  wait(): Millis {
    this.#fill()
    return millis(Math.max(0, Math.ceil(((1 - this.#level) * 1000) / this.#perSecond())))
  }

  /** Takes one, there or not; the debt is no greater than the burst. */
  take(): void {
    this.#fill()
    this.#level = Math.max(-BURST, this.#level - 1)
  }

  #fill(): void {
    const now = this.#clock.now()
    this.#level = Math.min(BURST, this.#level + ((now - this.#at) / 1000) * this.#perSecond())
    this.#at = now
  }

  #perSecond(): number {
    return Math.max(PER_SECOND, this.#mappings() / MAPPINGS_PER_SECOND)
  }
}
