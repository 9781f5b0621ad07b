import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Millis } from '../lib/units.ts'
import type { Facts } from './facts.ts'
import type { Meter, PcpExchange } from './meter.ts'
import { READINGS, type Reading } from './readings.ts'

// The only file that loads prom-client, and it is loaded only where metrics are on.

/** From a long-lived nft (0.15 ms) to the longest that a control point waits (25 s). */
const SPANS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25,
]

/** There is one of these for each action, so they are fewer. */
const REQUEST_SPANS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5, 10, 25]

/** What a scrape is answered. */
export interface Exposition {
  readonly contentType: string
  readonly text: string
}

/** The metrics as Prometheus reads them: what is counted elsewhere is read at the scrape, spans of time are kept here. */
export class Prometheus implements Partial<Meter> {
  readonly #registry = new Registry()
  readonly #facts: () => Facts
  /** Those of the scrape under way, which all readings share. */
  #current: Facts | undefined
  readonly #request = this.#spans(
    'igd_pcp_request_duration_seconds',
    'How long control points waited for the answer to a SOAP call, by action.',
    { labels: ['action'], buckets: REQUEST_SPANS },
  )
  readonly #roundTrip = this.#spans(
    'igd_pcp_carrier_round_trip_seconds',
    'From the last send of a MAP request to its answer, where it was granted.',
  )
  readonly #nat = this.#spans(
    'igd_pcp_nat_change_seconds',
    'How long the NAT of this router took for a change.',
  )
  readonly #stateWrite = this.#spans(
    'igd_pcp_state_write_seconds',
    'How long it took until a record in state.dir would survive a crash.',
  )

  constructor(facts: () => Facts) {
    this.#facts = facts
    for (const reading of READINGS) this.#register(reading)
  }

  async expose(): Promise<Exposition> {
    this.#current = this.#facts()
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() }
  }

  request(action: string, _code: number, took: Millis): void {
    this.#request.observe({ action: action || 'unknown' }, took / 1000)
  }

  pcp({ roundTrip }: PcpExchange): void {
    if (roundTrip !== undefined) this.#roundTrip.observe(roundTrip / 1000)
  }

  nat(took: Millis): void {
    this.#nat.observe(took / 1000)
  }

  stateWrite(took: Millis): void {
    this.#stateWrite.observe(took / 1000)
  }

  #spans(
    name: string,
    help: string,
    { buckets, labels }: { readonly labels: readonly string[]; readonly buckets: readonly number[] } = {
      labels: [],
      buckets: SPANS,
    },
  ): Histogram {
    const registers = [this.#registry]
    return new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers })
  }

  #register({ help, labels, name, read, type }: Reading): void {
    const samples = () => (this.#current ? read(this.#current) : [])
    const options = { name, help, labelNames: [...labels], registers: [this.#registry] }
    if (type === 'gauge')
      new Gauge({
        ...options,
        collect() {
          this.reset()
          if (labels.length === 0) this.remove() // else it is 0 where nothing is known
          for (const { labels: of, value } of samples()) this.set(of, value)
        },
      })
    else
      new Counter({
        ...options,
        collect() {
          this.reset()
          for (const { labels: of, value } of samples()) this.inc(of, value)
        },
      })
  }
}
