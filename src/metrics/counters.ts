import type { Counts } from '../core/status.ts'
import type { Millis } from '../lib/units.ts'
import type { Meter, PcpExchange } from './meter.ts'

/** Numbers since the start, and the last failure of each side as long as it stands. Always on: they cost nothing. */
export class Counters implements Meter {
  readonly #requests = new Map<string, number>()
  readonly #pcp = new Map<string, number>()
  #retransmissions = 0
  #renewals = 0
  #epochLosses = 0
  #natFailures = 0
  #stateWriteFailures = 0
  #refusal: Exclude<PcpExchange['result'], 'SUCCESS' | 'silent'> | undefined
  #natFailure: string | undefined

  /** What the carrier refused last; undefined since it granted something. */
  get refusal() {
    return this.#refusal
  }

  /** Why the router's own NAT refused its last change; undefined since it took one. */
  get natFailure(): string | undefined {
    return this.#natFailure
  }

  counts(): Counts {
    return {
      requests: Object.fromEntries(this.#requests),
      pcp: Object.fromEntries(this.#pcp),
      retransmissions: this.#retransmissions,
      renewals: this.#renewals,
      epochLosses: this.#epochLosses,
      natFailures: this.#natFailures,
      stateWriteFailures: this.#stateWriteFailures,
    }
  }

  request(action: string, code: number): void {
    count(this.#requests, `${action} ${code}`)
  }

  pcp({ opcode, renewal, result }: PcpExchange): void {
    count(this.#pcp, `${opcode} ${result}`)
    if (opcode !== 'MAP' || result === 'silent') return
    if (renewal && result === 'SUCCESS') this.#renewals += 1
    this.#refusal = result === 'SUCCESS' ? undefined : result
  }

  retransmission(): void {
    this.#retransmissions += 1
  }

  epochLoss(): void {
    this.#epochLosses += 1
  }

  nat(_took: Millis, failure: string | undefined): void {
    this.#natFailure = failure
    if (failure !== undefined) this.#natFailures += 1
  }

  stateWrite(_took: Millis, done: boolean): void {
    if (!done) this.#stateWriteFailures += 1
  }
}

const count = (counts: Map<string, number>, name: string): void =>
  void counts.set(name, (counts.get(name) ?? 0) + 1)
