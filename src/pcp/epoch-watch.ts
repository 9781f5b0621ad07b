import type { Clock } from '../lib/clock.ts'
import { type EpochReading, isEpochValid, probeTimes } from './epoch.ts'
import type { ResponseSeen } from './listener.ts'

export interface EpochEvents {
  /** The server lost its state, and a nonce vouches for it. */
  lostState(): void
  /** Something without a nonce says so. */
  doubtful(): void
  /** Time to ask a young server for its epoch. */
  probe(): void
  /** A reading that is believed. */
  read(reading: EpochReading): void
}

/**
 * Follows the epoch of one server (RFC 6887 §8.5). Only a MAP response carries a nonce, so only that decides; an
 * ANNOUNCE, which any neighbour can forge, is a hint, and a strange one is not remembered.
 */
export class EpochWatch {
  readonly #clock: Clock
  readonly #events: EpochEvents
  readonly #probes: Disposable[] = []
  /** Its last reading that this watch has not seen, by the same clock: before this run, or by NAT-PMP. */
  readonly #known: () => EpochReading | undefined
  #last: EpochReading | undefined

  constructor(clock: Clock, events: EpochEvents, known: () => EpochReading | undefined) {
    this.#clock = clock
    this.#events = events
    this.#known = known
  }

  seen({ epoch, opcode, receivedAt, sentAt }: ResponseSeen): void {
    const reading = { server: epoch, client: receivedAt }
    const valid = isEpochValid(this.#last ?? this.#known(), reading)
    if (opcode === 'ANNOUNCE') {
      if (!valid) this.#events.doubtful()
      else if (sentAt !== undefined) this.#remember(reading)
      return
    }
    if (!valid) this.#last = undefined
    this.#remember(reading)
    if (!valid) this.#events.lostState()
  }

  /** The last reading of this run that is believed. */
  get last(): EpochReading | undefined {
    return this.#last
  }

  stop(): void {
    for (const probe of this.#probes.splice(0)) probe[Symbol.dispose]()
  }

  /** A restart of a young server can hide behind its small epoch, so it is looked at again. */
  #remember(reading: EpochReading): void {
    if (this.#last === undefined) {
      this.stop()
      for (const due of probeTimes(reading))
        this.#probes.push(this.#clock.at(due, () => this.#events.probe()))
    }
    this.#last = reading
    this.#events.read(reading)
  }
}
