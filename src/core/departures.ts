import { atMost, either, sharedAbort } from '../lib/abort.ts'
import { after, millis } from '../lib/units.ts'
import type { Claim } from './mapping.ts'
import type { Standing } from './place.ts'
import type { Ports } from './ports.ts'
import { leave } from './whereabouts.ts'

/** How long a request waits for the place before to be cleared, where what stands there may be in its way. */
const PATIENCE = millis(9000)

interface Departure {
  readonly stop: AbortController
  readonly deleted: Promise<unknown>
}

/** The same for one place, and when it is none of the claim's any more. */
interface Leave {
  readonly deleted: Promise<unknown>
  readonly forgotten: Promise<void>
}

/** Who may be waiting for it. */
type Cleared = (claim: Claim) => void

/**
 * What living mappings left behind at another server, or under another address of ours: it is deleted there once they
 * stand where they are asked for now, if there is a way; else it ends by itself, and until then its WAN port is no
 * other mapping's. That it is gone is not written down: after a crash it is deleted once more.
 */
export class Departures {
  readonly #ports: Ports
  readonly #closing: AbortSignal
  readonly #running = new Map<Claim, Departure>()
  /** Claims whose request waits for it. */
  readonly #awaited = new Set<Claim>()
  #cleared: Cleared = () => undefined

  constructor(ports: Ports, closing: AbortSignal) {
    this.#ports = ports
    this.#closing = closing
  }

  /** Tells when all that a claim left behind was deleted, unless its request waits for that. */
  listen(cleared: Cleared): void {
    this.#cleared = cleared
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

  /** The same, and waits some seconds for it where there is a way. False: there is nothing, or no way to it now. */
  async clear(claim: Claim): Promise<boolean> {
    const { clock, pcp } = this.#ports
    this.start(claim)
    const departure = this.#running.get(claim)
    if (!departure || !claim.former.some(({ place }) => pcp.reaches(place))) return false
    this.#awaited.add(claim)
    await atMost(clock, after(clock.now(), PATIENCE), departure.deleted)
    this.#awaited.delete(claim)
    return true
  }

  #begin(claim: Claim): void {
    const stop = sharedAbort()
    const left = claim.former.map((standing) => this.#leave(claim, standing, stop.signal))
    const departure = { stop, deleted: Promise.all(left.map(({ deleted }) => deleted)) }
    this.#running.set(claim, departure)
    void departure.deleted.then(() => {
      if (!this.#isOver(stop.signal) && !this.#awaited.has(claim)) this.#cleared(claim)
    })
    void Promise.all(left.map(({ forgotten }) => forgotten)).then(() => {
      if (this.#running.get(claim) === departure) this.#running.delete(claim)
    })
  }

  /** From one place. */
  #leave(claim: Claim, standing: Standing, stop: AbortSignal): Leave {
    const end = either(stop, this.#closing)
    const { deleted, ended } = leave(this.#ports, claim, standing, end.signal)
    const forgotten = ended.then(() => {
      end[Symbol.dispose]()
      if (!this.#isOver(stop)) claim.former = claim.former.filter((other) => other !== standing)
    })
    return { deleted, forgotten }
  }

  #isOver(stop: AbortSignal): boolean {
    return stop.aborted || this.#closing.aborted
  }
}
