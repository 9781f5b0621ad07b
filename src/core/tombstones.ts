import { atMost, either, sleepUntil, within } from '../lib/abort.ts'
import { type Millis, type Port, after, millis, toMillis } from '../lib/units.ts'
import type { Claims } from './claims.ts'
import type { Journal } from './journal.ts'
import { type Claim, happened, type PortKey, portKey } from './mapping.ts'
import type { Ports } from './ports.ts'
import { retryTime } from './renewal.ts'
import { pcpMapping } from './translate.ts'

/** For so long the network may keep a copy of a datagram and deliver it after those that were sent later. */
const LATEST_COPY = millis(2000)
/** How long the second delete is tried: nothing but a network that repeats and delays made it necessary. */
const AGAIN = millis(60_000)

interface TombstoneParts {
  readonly ports: Ports
  readonly claims: Claims
  readonly journal: Journal
  readonly closing: AbortSignal
}

/** An end in two steps. */
export interface Ending {
  /** The router forwards no more, and no crash brings it back. */
  readonly done: Promise<void>
  /** The carrier holds nothing of it any more. */
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
  readonly #journal: Journal
  readonly #closing: AbortSignal
  readonly #byPort = new Map<PortKey, Promise<void>>()

  constructor({ claims, closing, journal, ports }: TombstoneParts) {
    this.#ports = ports
    this.#claims = claims
    this.#journal = journal
    this.#closing = closing
  }

  get size(): number {
    return this.#byPort.size
  }

  /**
   * Nobody wants the claim any more, and the router forwards nothing for it once `withdrawn` resolves. At `until` the
   * carrier holds nothing of it even if nobody deletes it; `externalPort` is the one it may have there, 0 if that is
   * unknown.
   */
  bury(claim: Claim, externalPort: Port | 0, until: Millis, withdrawn = Promise.resolve()): Ending {
    happened(claim, 'abandoned')
    const key = portKey(claim.protocol, externalPort)
    // A disk that takes nothing keeps no delete from going on: after a crash it is begun anew.
    const done = withdrawn
      .then(() => this.#journal.deleting(claim, externalPort, until))
      .then(() => undefined)
    const confirmed = done
      .then(() => this.#delete(claim, until))
      .finally(() => {
        if (this.#byPort.get(key) === confirmed) this.#byPort.delete(key)
      })
    if (externalPort !== 0) this.#byPort.set(key, confirmed)
    return { done, confirmed }
  }

  /** Waits until nothing of ours is in the way of `key` at the carrier, or until `due`. */
  async cleared(key: PortKey, due: Millis): Promise<void> {
    const pending = this.#byPort.get(key)
    if (pending) await atMost(this.#ports.clock, due, pending)
  }

  async #delete(claim: Claim, until: Millis): Promise<void> {
    const confirm = (signal: AbortSignal) => this.#untilConfirmed(claim, until, signal)
    const free = await within(this.#ports.clock, until, confirm, this.#closing)
    const again = this.#mayBeUndone(claim, free) ? this.#deleteAgain(claim) : undefined
    this.#claims.close(claim, free, again)
  }

  /** Was the claim deleted, and may a copy of its last request arrive at the carrier later and undo that? */
  #mayBeUndone({ askedAt }: Claim, free: Millis): boolean {
    const now = this.#ports.clock.now()
    return free <= now && askedAt !== undefined && now < after(askedAt, LATEST_COPY)
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

  /** When the server's last trace of the claim ends. */
  async #untilConfirmed(claim: Claim, until: Millis, signal: AbortSignal): Promise<Millis> {
    const { clock, log, pcp, random } = this.#ports
    while (!signal.aborted) {
      const outcome = await pcp.unmap(pcpMapping(claim), signal)
      if (outcome.kind === 'deleted') return after(clock.now(), toMillis(outcome.lifetime))
      if (outcome.kind === 'silent') break
      const { result, lifetime } = outcome
      log.warn({ result, claim }, 'the carrier refuses to delete a mapping; it ends with its lifetime')
      if (result === 'NOT_AUTHORIZED') break
      await sleepUntil(clock, after(clock.now(), retryTime(result, lifetime, random.unit())), signal)
    }
    return until
  }
}
