/** What the carrier's server can do. */
export interface Capacity {
  /** Requests per second. */
  readonly rate: number
  /** Seconds of work that may wait; what comes on top is dropped. */
  readonly backlog: number
  /** Seconds for a packet to the server and back. */
  readonly roundTrip: number
  /** Share of exchanges that the network loses, request or answer. */
  readonly loss: number
  /** Before this time nobody answers, in seconds. */
  readonly upFrom: number
}

/** A PCP server with finite capacity, and what came to it, second by second. */
export class Carrier {
  readonly #capacity: Capacity
  readonly #random: () => number
  readonly #arrivals: number[] = []
  #busyUntil = 0
  #requests = 0

  constructor(capacity: Capacity, random: () => number) {
    this.#capacity = capacity
    this.#random = random
  }

  get requests(): number {
    return this.#requests
  }

  /** The most requests in one second. */
  get peak(): number {
    return this.#arrivals.reduce((most, count) => Math.max(most, count), 0)
  }

  /** A request leaves at `now`. Returns when its answer is back; Infinity when there will be none. */
  ask(now: number): number {
    const { backlog, loss, rate, roundTrip, upFrom } = this.#capacity
    const second = Math.floor(now)
    this.#arrivals[second] = (this.#arrivals[second] ?? 0) + 1
    this.#requests += 1
    if (now < upFrom || this.#random() < loss) return Infinity
    const begun = Math.max(now + roundTrip / 2, this.#busyUntil)
    if (begun - now > backlog) return Infinity
    this.#busyUntil = begun + 1 / rate
    return this.#busyUntil + roundTrip / 2
  }
}
