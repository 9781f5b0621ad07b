import type { PcpRefused, PcpSilent } from '../core/ports.ts'
import type { Clock, Random } from '../lib/clock.ts'
import { after, type Millis } from '../lib/units.ts'
import type { Verdict } from './answers.ts'
import { nextTimeout, toRand } from './retransmit.ts'

/** What an exchange sends with, and by which time. */
export interface Line {
  readonly clock: Clock
  readonly random: Random
  send(packet: Uint8Array): void
}

export type Sending = 'until-answered' | 'once'

export const SILENT: PcpSilent = { kind: 'silent' }

/** One request on its way: sends its octets, the same each time, until it is ended (RFC 6887 §8.1.1). */
export class Exchange<O> {
  readonly #packet: Uint8Array
  readonly #sending: Sending
  readonly #line: Line
  #timeout: Millis | undefined
  #timer: Disposable | undefined
  #sentAt: Millis
  #sends = 0
  #doubt: { readonly outcome: O; readonly sends: number } | undefined
  readonly #ended: Promise<O | PcpRefused | PcpSilent>
  #resolve: (outcome: O | PcpRefused | PcpSilent) => void = () => undefined

  constructor(packet: Uint8Array, sending: Sending, line: Line) {
    this.#packet = packet
    this.#sending = sending
    this.#line = line
    this.#sentAt = line.clock.now()
    this.#ended = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** When the packet last left. */
  get sentAt(): Millis {
    return this.#sentAt
  }

  /** Sends, and resolves with what ends it: an answer, or silence when `signal` aborts. Called once. */
  async run(signal: AbortSignal): Promise<O | PcpRefused | PcpSilent> {
    const giveUp = () => this.end(SILENT)
    signal.addEventListener('abort', giveUp)
    if (signal.aborted) giveUp()
    else this.#transmit()
    const outcome = await this.#ended
    signal.removeEventListener('abort', giveUp)
    this.#timer?.[Symbol.dispose]()
    return outcome
  }

  /** Takes an answer. False: it is doubtful, and the exchange goes on. */
  offer({ outcome, doubtful }: Verdict<O>): boolean {
    const repeated = this.#doubt !== undefined && this.#sends > this.#doubt.sends
    if (doubtful && !repeated) {
      this.#doubt ??= { outcome, sends: this.#sends }
      return false
    }
    this.end(outcome)
    return true
  }

  /** The first end counts. */
  end(outcome: O | PcpRefused | PcpSilent): void {
    this.#resolve(outcome)
  }

  #transmit(): void {
    const { clock, random } = this.#line
    this.#sends += 1
    this.#sentAt = clock.now()
    this.#line.send(this.#packet)
    this.#timeout = nextTimeout(this.#timeout, toRand(random.unit()))
    this.#timer = clock.at(after(this.#sentAt, this.#timeout), () => this.#timedOut())
  }

  #timedOut(): void {
    if (this.#sending === 'until-answered') this.#transmit()
    else if (this.#doubt) this.end(this.#doubt.outcome)
  }
}
