import type { Millis } from '../lib/units.ts'
import type { Meter, PcpExchange } from './meter.ts'

/** Tells each of several meters what it wants to know. */
export class Meters implements Meter {
  readonly #meters: Partial<Meter>[]

  constructor(...meters: Partial<Meter>[]) {
    this.#meters = meters
  }

  add(meter: Partial<Meter>): void {
    this.#meters.push(meter)
  }

  request(action: string, code: number, took: Millis): void {
    for (const meter of this.#meters) meter.request?.(action, code, took)
  }

  pcp(exchange: PcpExchange): void {
    for (const meter of this.#meters) meter.pcp?.(exchange)
  }

  retransmission(): void {
    for (const meter of this.#meters) meter.retransmission?.()
  }

  epochLoss(): void {
    for (const meter of this.#meters) meter.epochLoss?.()
  }

  nat(took: Millis, failure: string | undefined): void {
    for (const meter of this.#meters) meter.nat?.(took, failure)
  }

  stateWrite(took: Millis, done: boolean): void {
    for (const meter of this.#meters) meter.stateWrite?.(took, done)
  }
}
