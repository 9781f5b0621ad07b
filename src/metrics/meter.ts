import type { Millis } from '../lib/units.ts'
import type { ResultName } from '../pcp/wire/constants.ts'

/** What is measured, wherever it happens. Whoever implements it decides what to make of it. */
export interface Meter {
  /** A SOAP call was answered: its action, '' where it named none of ours, and 200 or the code of the fault. */
  request(action: string, code: number, took: Millis): void
  pcp(exchange: PcpExchange): void
  /** A packet went out a second time, or a further one. */
  retransmission(): void
  /** The PCP server lost its state. */
  epochLoss(): void
  /** The router's own NAT took a change, or refused it with `failure`. */
  nat(took: Millis, failure: string | undefined): void
  /** The journal took a record, or could not. */
  stateWrite(took: Millis, done: boolean): void
}

/** A question to the carrier and how it ended. */
export interface PcpExchange {
  readonly opcode: 'MAP' | 'DELETE'
  /** Prolongs what was granted before (RFC 6887 §11.2.1). */
  readonly renewal: boolean
  /** `silent`: nobody answered in time. */
  readonly result: ResultName | 'UNKNOWN' | 'silent'
  /** From the last send to the answer; undefined where that is not known. */
  readonly roundTrip: Millis | undefined
}
