import { atMost, either, sleepUntil, within } from '../lib/abort.ts'
import { type Millis, type Port, after, millis } from '../lib/units.ts'
import type { Claims } from './claims.ts'
import type { Departures } from './departures.ts'
import type { Journal } from './journal.ts'
import { type Claim, happened } from './mapping.ts'
import { type PortKey, portKey } from './types.ts'
import type { Place } from './place.ts'
import type { Ports } from './ports.ts'
import { pcpMapping } from './translate.ts'
import { LATEST_COPY, leave, mayComeLate, unmapAt } from './whereabouts.ts'

/** How long the second delete is tried: nothing but a network that repeats and delays made it necessary. */
const AGAIN = millis(60_000)

interface TombstoneParts {
  readonly ports: Ports
  readonly claims: Claims
  readonly departures: Departures
  readonly journal: Journal
  readonly closing: AbortSignal
}

/** An end in two steps. */
export interface Ending {
  /** The router forwards no more, and no crash brings it back. */
  readonly done: Promise<void>
  /** The carrier holds nothing of it any more where it was asked for last, or there is no way there now. */
  readonly confirmed: Promise<void>
}

/** How the claim ended where it was asked for last. */
interface End {
  /** When the carrier's last trace of it is gone. */
  readonly free: Millis
  /** It was deleted, and a copy of its last request, which left shortly before, may arrive later and undo that. */
  readonly mayBeUndone: boolean
}

interface Burial {
  /** As that of its ending. */
  readonly done: Promise<void>
  /** Its internal port is free. */
  readonly closed: Promise<void>
}

/** A delete that is under way. */
interface Pending {
  readonly place: Place | undefined
  readonly confirmed: Promise<void>
}

/**
 * Claims whose owner is gone and that the carrier may still hold: each is deleted there until the server
 * confirms it, or until what it was granted has run out by itself (RFC 6887 §15.1). Only then is its WAN port
 * free for somebody else.
 */
export class Tombstones {
  readonly #ports: Ports
  readonly #claims: Claims
  readonly #departures: Departures
  readonly #journal: Journal
  readonly #closing: AbortSignal
  readonly #byPort = new Map<PortKey, Pending>()
  /** Claims that are deleted, until their internal ports are free. */
  readonly #buried = new Map<Claim, Burial>()
  #fewer = (): void => undefined

  constructor({ claims, closing, departures, journal, ports }: TombstoneParts) {
    this.#ports = ports
    this.#claims = claims
    this.#departures = departures
    this.#journal = journal
    this.#closing = closing
  }

  /** Tells when the carrier has one mapping less. */
  listen(fewer: () => void): void {
    this.#fewer = fewer
  }

  /** Claims that the carrier may hold still. */
  get size(): number {
    return this.#buried.size
  }

  /**
   * Nobody wants the claim any more, and the router forwards nothing for it once `withdrawn` resolves. At `until` the
   * carrier holds nothing of it where it was asked for last, even if nobody deletes it; `externalPort` is the one it may
   * have there, 0 if that is unknown.
   */
  bury(claim: Claim, externalPort: Port | 0, until: Millis, withdrawn = Promise.resolve()): Ending {
    happened(claim, 'abandoned')
    this.#departures.stop(claim)
    // A disk that takes nothing keeps no delete from going on: after a crash it is begun anew.
    const done = withdrawn
      .then(() => this.#journal.deleting(claim, externalPort, until))
      .then(() => undefined)
    const { place } = claim
    const ended = done.then(() => this.#ended(claim, place, until))
    const closed = this.#close(claim, done, ended).finally(() => this.#buried.delete(claim))
    this.#buried.set(claim, { closed, done })
    const confirmed = this.#isReached(place) ? ended.then(() => undefined) : done
    if (externalPort !== 0) this.#note(portKey(claim.protocol, externalPort), { place, confirmed })
    return { done, confirmed }
  }

  /** Waits until nothing of ours is in the way of `key` at the carrier, or until `due`. */
  async cleared(key: PortKey, due: Millis): Promise<void> {
    const pending = this.#byPort.get(key)
    if (pending && this.#isReached(pending.place)) await atMost(this.#ports.clock, due, pending.confirmed)
  }

  /**
   * Waits until the carrier holds nothing more of all that it can be told to delete now, and no crash brings back the
   * rest, or until `due`.
   */
  async allCleared(due: Millis): Promise<void> {
    const isReached = ({ former, place }: Claim) =>
      this.#isReached(place) && former.every((standing) => this.#isReached(standing.place))
    const all = [...this.#buried].map(([claim, { closed, done }]) => (isReached(claim) ? closed : done))
    await atMost(this.#ports.clock, due, Promise.all(all))
  }

  #note(key: PortKey, pending: Pending): void {
    this.#byPort.set(key, pending)
    void pending.confirmed.finally(() => {
      if (this.#byPort.get(key) === pending) this.#byPort.delete(key)
    })
  }

  #isReached(place: Place | undefined): boolean {
    return place === undefined || this.#ports.pcp.reaches(place)
  }

  /** The claim ends at one place, deleted there or by itself. */
  async #ended(claim: Claim, place: Place | undefined, until: Millis): Promise<End> {
    const { clock } = this.#ports
    const isRecent = mayComeLate(claim, clock.now())
    const unmap = (signal: AbortSignal) => unmapAt(this.#ports, claim, { place, until }, signal)
    const free = await within(clock, until, unmap, this.#closing)
    this.#fewer()
    return { free, mayBeUndone: isRecent && free <= clock.now() }
  }

  /** Its WAN port is free when the claim has ended wherever it was asked for: from there packets would come to it. */
  async #close(claim: Claim, done: Promise<void>, last: Promise<End>): Promise<void> {
    await done
    const before = claim.former.map((standing) => leave(this.#ports, claim, standing, this.#closing).ended)
    const [end, ...ends] = await Promise.all([last, ...before])
    const again = end.mayBeUndone ? this.#deleteAgain(claim) : undefined
    this.#claims.close(claim, millis(Math.max(end.free, ...ends)), again)
  }

  /** Nobody waits for it, and it must not meet the next life of the port, which NAT-PMP would not tell apart. */
  async #deleteAgain(claim: Claim): Promise<void> {
    const { clock, pcp } = this.#ports
    await this.#claims.epilogue(claim, async (reopened) => {
      const end = either(reopened, this.#closing)
      await sleepUntil(clock, after(clock.now(), LATEST_COPY), end.signal)
      const unmap = (signal: AbortSignal) => pcp.unmap(pcpMapping(claim), signal)
      if (!end.signal.aborted) await within(clock, after(clock.now(), AGAIN), unmap, end.signal)
      end[Symbol.dispose]()
    })
  }
}
