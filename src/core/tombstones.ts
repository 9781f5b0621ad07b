import { atMost, sleepUntil, within } from '../lib/abort.ts'
import { type Millis, after, toMillis } from '../lib/units.ts'
import type { Claims } from './claims.ts'
import type { Claim, PortKey } from './mapping.ts'
import type { Ports } from './ports.ts'
import { holdTime } from './renewal.ts'
import { pcpMapping } from './translate.ts'

/**
 * Claims whose owner is gone and that the carrier may still hold: each is deleted there until the server
 * confirms it, or until what it was granted has run out by itself (RFC 6887 §15.1). Only then is its WAN port
 * free for somebody else.
 */
export class Tombstones {
  readonly #ports: Ports
  readonly #claims: Claims
  readonly #closing: AbortSignal
  readonly #byPort = new Map<PortKey, Promise<void>>()

  constructor(ports: Ports, claims: Claims, closing: AbortSignal) {
    this.#ports = ports
    this.#claims = claims
    this.#closing = closing
  }

  get size(): number {
    return this.#byPort.size
  }

  /** Resolves when the carrier holds nothing of `claim` any more; at `until` it cannot. */
  bury(claim: Claim, key: PortKey, until: Millis): Promise<void> {
    const buried = this.#delete(claim, until).finally(() => {
      if (this.#byPort.get(key) === buried) this.#byPort.delete(key)
    })
    this.#byPort.set(key, buried)
    return buried
  }

  /** Waits until nothing of ours is in the way of `key` at the carrier, or until `due`. */
  async cleared(key: PortKey, due: Millis): Promise<void> {
    const pending = this.#byPort.get(key)
    if (pending) await atMost(this.#ports.clock, due, pending)
  }

  async #delete(claim: Claim, until: Millis): Promise<void> {
    const confirm = (signal: AbortSignal) => this.#untilConfirmed(claim, until, signal)
    this.#claims.close(claim, await within(this.#ports.clock, until, confirm, this.#closing))
  }

  /** When the server's last trace of the claim ends. */
  async #untilConfirmed(claim: Claim, until: Millis, signal: AbortSignal): Promise<Millis> {
    const { clock, log, pcp } = this.#ports
    while (!signal.aborted) {
      const outcome = await pcp.unmap(pcpMapping(claim), signal)
      if (outcome.kind === 'deleted') return after(clock.now(), toMillis(outcome.lifetime))
      if (outcome.kind === 'silent') break
      const { result, lifetime } = outcome
      log.warn({ result, claim }, 'the carrier refuses to delete a mapping; it ends with its lifetime')
      if (result === 'NOT_AUTHORIZED') break
      await sleepUntil(clock, after(clock.now(), toMillis(holdTime(result, lifetime))), signal)
    }
    return until
  }
}
