import type { PcpRefused, PcpSilent } from '../core/ports.ts'
import type { Millis, Seconds } from '../lib/units.ts'
import type { MapAnswer, Result } from './answers.ts'
import type { Exchange } from './exchange.ts'
import type { MapMatch } from './validate.ts'

/** A server that answered ANNOUNCE, with success or not. */
export interface PcpAlive {
  readonly kind: 'alive'
  readonly epoch: Seconds
  readonly result: Result
}

/** A MAP request that waits for its answer. */
export interface Question {
  readonly match: MapMatch
  /** When the request last left, if `answer` answers it; else undefined. */
  offer(answer: MapAnswer): Millis | undefined
}

/** Any exchange, whatever it asks. */
export type Ending = Pick<Exchange<never>, 'end'>

/** The requests on their way: MAP by nonce, which those about one mapping share, and ANNOUNCE. */
export class Outstanding {
  readonly #all = new Set<Ending>()
  readonly #probes = new Set<Exchange<PcpAlive>>()
  readonly #questions = new Map<string, Set<Question>>()

  get size(): number {
    return this.#all.size
  }

  /** Disposing takes it out. */
  addProbe(probe: Exchange<PcpAlive>): Disposable {
    this.#all.add(probe)
    this.#probes.add(probe)
    return {
      [Symbol.dispose]: () => {
        this.#all.delete(probe)
        this.#probes.delete(probe)
      },
    }
  }

  /** Disposing takes it out. */
  addQuestion(nonce: string, exchange: Ending, question: Question): Disposable {
    const waiting = this.#questions.get(nonce) ?? new Set()
    this.#questions.set(nonce, waiting.add(question))
    this.#all.add(exchange)
    return {
      [Symbol.dispose]: () => {
        this.#all.delete(exchange)
        waiting.delete(question)
        if (waiting.size === 0) this.#questions.delete(nonce)
      },
    }
  }

  match(nonce: string): MapMatch | undefined {
    const [first] = this.#questions.get(nonce) ?? []
    return first?.match
  }

  /** Gives `answer` to every MAP request it answers: when the newest of them left, undefined if there is none. */
  answer(nonce: string, answer: MapAnswer): Millis | undefined {
    return newest(Array.from(this.#questions.get(nonce) ?? [], (question) => question.offer(answer)))
  }

  /** Ends every ANNOUNCE: when the newest of them left, undefined if there is none. */
  answerProbes(alive: PcpAlive): Millis | undefined {
    const probes = [...this.#probes]
    for (const probe of probes) probe.end(alive)
    return newest(probes.map((probe) => probe.sentAt))
  }

  endAll(outcome: PcpRefused | PcpSilent): void {
    for (const exchange of this.#all) exchange.end(outcome)
  }
}

const newest = (times: readonly (Millis | undefined)[]): Millis | undefined =>
  times.reduce((a, b) => (a === undefined || (b !== undefined && b > a) ? b : a), undefined)
