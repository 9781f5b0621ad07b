import { sleepUntil } from '../../lib/abort.ts'
import type { Clock, Random } from '../../lib/clock.ts'
import { after, millis } from '../../lib/units.ts'
import { MAX_AGE, type MessageSet } from './message.ts'

/** Sends one set; stops when `signal` aborts, and never rejects. */
export type SendSet = (set: MessageSet, signal: AbortSignal) => Promise<void>

/** Every set is sent twice, for UDP may lose either; and not at once, for then it would lose both. */
const GAP = { least: 100, most: 250 }

/** UDA 1.1 §1.2.1: alive again at random, before half of max-age is over. */
const REPEAT = { least: MAX_AGE * 1000 * 0.35, most: MAX_AGE * 1000 * 0.45 }

/** Sends the NOTIFY sets of one LAN when they are due (UDA 1.1 §1.2). */
export class Advertiser {
  readonly #clock: Clock
  readonly #random: Random
  readonly #send: SendSet
  #current = new AbortController()

  constructor(clock: Clock, random: Random, send: SendSet) {
    this.#clock = clock
    this.#random = random
    this.#send = send
  }

  /** Sends `opening` twice, then `alive` twice, and `alive` again and again until told something else. */
  announce(opening: MessageSet, alive: MessageSet): void {
    const signal = this.#takeOver()
    void this.#announce(opening, alive, signal)
  }

  /** Sends nothing more but `byebye`, twice; resolves when it has left. */
  async withdraw(byebye: MessageSet): Promise<void> {
    const signal = this.#takeOver()
    await this.#send(byebye, signal)
    await this.#pause(GAP, signal)
    await this.#send(byebye, signal)
  }

  /** Sends nothing more. */
  cease(): void {
    this.#current.abort()
  }

  async #announce(opening: MessageSet, alive: MessageSet, signal: AbortSignal): Promise<void> {
    await this.#twice(opening, signal)
    while (!signal.aborted) {
      await this.#twice(alive, signal)
      await this.#pause(REPEAT, signal)
    }
  }

  async #twice(set: MessageSet, signal: AbortSignal): Promise<void> {
    await this.#send(set, signal)
    await this.#pause(GAP, signal)
    await this.#send(set, signal)
    await this.#pause(GAP, signal)
  }

  async #pause({ least, most }: { least: number; most: number }, signal: AbortSignal): Promise<void> {
    const span = millis(least + this.#random.unit() * (most - least))
    await sleepUntil(this.#clock, after(this.#clock.now(), span), signal)
  }

  #takeOver(): AbortSignal {
    this.#current.abort()
    this.#current = new AbortController()
    return this.#current.signal
  }
}
