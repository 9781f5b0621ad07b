import { atMost, either, within } from '../lib/abort.ts'
import { after, millis } from '../lib/units.ts'
import type { Claim } from './mapping.ts'
import type { Standing } from './place.ts'
import type { Ports } from './ports.ts'
import { unmapAt } from './whereabouts.ts'

/** How long a request waits for the place before to be cleared, where what stands there may be in its way. */
const PATIENCE = millis(9000)

interface Departure {
  readonly stop: AbortController
  readonly done: Promise<unknown>
}

/**
 * What living mappings left behind at another server, or under another address of ours: it is deleted there once they
 * stand where they are asked for now, if there is a way; else it ends by itself, and until then its WAN port is no
 * other mapping's. That it is gone is not written down: after a crash it is deleted once more.
 */
export class Departures {
  readonly #ports: Ports
  readonly #closing: AbortSignal
  readonly #running = new Map<Claim, Departure>()

  constructor(ports: Ports, closing: AbortSignal) {
    this.#ports = ports
    this.#closing = closing
  }

  /** Begins to delete what `claim` left behind, unless that is under way. */
  start(claim: Claim): void {
    if (claim.former.length > 0 && !this.#running.has(claim)) this.#begin(claim)
  }

  /** The claim is asked for at one of those places again, or given up as a whole. */
  stop(claim: Claim): void {
    this.#running.get(claim)?.stop.abort()
    this.#running.delete(claim)
  }

  /** Waits some seconds until nothing is left behind. False: nothing was that could be deleted. */
  async clear(claim: Claim): Promise<boolean> {
    const { clock, pcp } = this.#ports
    if (!claim.former.some(({ place }) => pcp.reaches(place))) return false
    this.start(claim)
    const departure = this.#running.get(claim)
    if (departure) await atMost(clock, after(clock.now(), PATIENCE), departure.done)
    return true
  }

  #begin(claim: Claim): void {
    const stop = new AbortController()
    const end = either(stop.signal, this.#closing)
    const done = Promise.all(claim.former.map((standing) => this.#leave(claim, standing, end.signal)))
    const departure = { stop, done }
    this.#running.set(claim, departure)
    void done.then(() => {
      end[Symbol.dispose]()
      if (this.#running.get(claim) === departure) this.#running.delete(claim)
    })
  }

  async #leave(claim: Claim, standing: Standing, signal: AbortSignal): Promise<void> {
    const unmap = (until: AbortSignal) => unmapAt(this.#ports, claim, standing, until)
    await within(this.#ports.clock, standing.until, unmap, signal)
    if (!signal.aborted) claim.former = claim.former.filter((other) => other !== standing)
  }
}
