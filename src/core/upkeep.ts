import { type Millis, after, toMillis } from '../lib/units.ts'
import { askCarrier } from './ask.ts'
import type { Context } from './context.ts'
import { grantOf } from './establish.ts'
import { forwardWhileGranted } from './forward.ts'
import { latest, renewalLifetime } from './lease.ts'
import { happened, isRetired, isShown, type Mapping } from './mapping.ts'
import type { MapRequest, PcpGranted, PcpOutcome, PcpRefused } from './ports.ts'
import { lifetimeEnd, renewalTime, retryTime } from './renewal.ts'
import { STATE } from './state.ts'
import { renewalRequest } from './translate.ts'

const AS_NEW = { preferFailure: true, sending: 'until-answered' } as const

const isMissed = (outcome: PcpOutcome | undefined): boolean =>
  outcome?.kind === 'refused' && outcome.result === 'CANNOT_PROVIDE_EXTERNAL'

interface Wait {
  /** When the carrier is asked; undefined: it was, and has not answered. */
  readonly due: Millis | undefined
  /** Its timer, or the request on its way. */
  readonly ends: Disposable
}

/**
 * Keeps what was granted alive while a lease wants it (RFC 6970 §5.9): renewals at the times of RFC 6887
 * §11.2.1, and when the lifetime ends all the same, requests as for a new mapping. Nobody on the LAN hears of
 * a renewal.
 */
export class Upkeep {
  readonly #context: Context
  /** What each mapping waits for: its next attempt, or the answer to the last one. */
  readonly #waits = new Map<Mapping, Wait>()

  constructor(context: Context) {
    this.#context = context
  }

  /** Starts with the grant that `mapping` has now. */
  keep(mapping: Mapping): void {
    void forwardWhileGranted(this.#context, mapping)
    this.#arm(mapping, 1)
  }

  /** Forgets the mapping, also an attempt on its way. */
  drop(mapping: Mapping): void {
    this.#waits.get(mapping)?.ends[Symbol.dispose]()
    this.#waits.delete(mapping)
  }

  /** Stops all of it; the carrier keeps what it granted. */
  stop(): void {
    for (const mapping of [...this.#waits.keys()]) this.drop(mapping)
  }

  /** When the carrier is asked about `mapping` again; undefined while its answer is awaited, or nothing is due. */
  nextAttempt(mapping: Mapping): Millis | undefined {
    return this.#waits.get(mapping)?.due
  }

  /** Asks the carrier at once. Resolves with its answer, or when the next attempt takes over. */
  async renewNow(mapping: Mapping): Promise<void> {
    if (isRetired(mapping)) return
    this.drop(mapping)
    const over = this.#context.ports.clock.now() >= lifetimeEnd(mapping.grant)
    if (over) await this.#lapse(mapping)
    else if (STATE[mapping.claim.state].held) await this.#attempt(mapping, 1)
    else await this.recreate(mapping)
  }

  /**
   * The server lost it: asks as for a new mapping at the port that was assigned (RFC 6970 §5.10). Another will do for
   * AddAnyPortMapping, but only when that one is refused. Resolves with the answer.
   */
  async recreate(mapping: Mapping): Promise<PcpOutcome | undefined> {
    this.drop(mapping)
    let outcome = await this.#ask(mapping, AS_NEW, this.#leaseEnd(mapping))
    if (!mapping.preferFailure && isMissed(outcome))
      outcome = await this.#ask(mapping, { ...AS_NEW, preferFailure: false }, this.#leaseEnd(mapping))
    if (outcome) this.settle(mapping, outcome)
    return outcome
  }

  /** What may have kept the carrier from granting the mapping is gone: a refusal need not be waited out. */
  async unblocked(mapping: Mapping): Promise<void> {
    const { state } = mapping.claim
    if (state !== 'ACTIVE' && state !== 'RENEWING') await this.recreate(mapping)
  }

  /** Takes in what the server says of the mapping, asked or not. */
  settle(mapping: Mapping, outcome: PcpOutcome): void {
    if (outcome.kind === 'granted') this.#renewed(mapping, outcome)
    else if (outcome.kind === 'refused') this.#refused(mapping, outcome)
  }

  #arm(mapping: Mapping, n: number, last?: Millis): void {
    const { clock, random } = this.#context.ports
    const due = renewalTime(mapping.grant, n, random.unit(), last)
    if (due === undefined) this.#wait(mapping, lifetimeEnd(mapping.grant), () => this.#lapse(mapping))
    else if (due <= clock.now()) void this.#attempt(mapping, n)
    else this.#wait(mapping, due, () => this.#attempt(mapping, n))
  }

  #wait(mapping: Mapping, due: Millis, then: () => Promise<void>): void {
    this.drop(mapping)
    this.#waits.set(mapping, { due, ends: this.#context.ports.clock.at(due, () => void then()) })
  }

  /** §11.2.1: one packet; an answer that does not come before the next attempt is due never comes. */
  async #attempt(mapping: Mapping, n: number): Promise<void> {
    const { clock, random } = this.#context.ports
    const sentAt = clock.now()
    const next = renewalTime(mapping.grant, n + 1, random.unit(), sentAt) ?? lifetimeEnd(mapping.grant)
    happened(mapping.claim, 'renewing')
    const outcome = await this.#ask(mapping, { preferFailure: mapping.preferFailure, sending: 'once' }, next)
    if (outcome?.kind === 'silent') {
      happened(mapping.claim, 'silent')
      this.#arm(mapping, n + 1, sentAt)
    } else if (outcome) this.settle(mapping, outcome)
  }

  /**
   * The lifetime is over but a lease lives: ask as for a new mapping, for as long as it takes. While nobody answers
   * not every mapping asks for itself: `Recovery` does when the server is back.
   */
  async #lapse(mapping: Mapping): Promise<void> {
    const { log, pcp } = this.#context.ports
    happened(mapping.claim, 'expired')
    log.warn({ mapping: mapping.claim, reachable: pcp.reachable }, 'the carrier let a mapping lapse')
    if (pcp.reachable) await this.recreate(mapping)
  }

  /** Undefined when the mapping was dropped meanwhile. */
  async #ask(
    mapping: Mapping,
    how: Pick<MapRequest, 'preferFailure' | 'sending'>,
    due: Millis | 'never',
  ): Promise<PcpOutcome | undefined> {
    const { clock } = this.#context.ports
    const stop = new AbortController()
    const timer = due === 'never' ? undefined : clock.at(due, () => stop.abort())
    const wait = { due: undefined, ends: { [Symbol.dispose]: () => stop.abort() } }
    this.#waits.set(mapping, wait)
    const lifetime = renewalLifetime(this.#leaseEnd(mapping), clock.now(), this.#context.maxLifetime)
    const asking = {
      claim: mapping.claim,
      request: { ...renewalRequest(mapping, lifetime), ...how },
      // A renewal whose answer was lost may have prolonged it for another lifetime.
      heldUntil: after(clock.now(), toMillis(mapping.grant.lifetime)),
      write: () => this.#context.journal.active(mapping),
    }
    const outcome = await askCarrier(this.#context, asking, stop.signal)
    timer?.[Symbol.dispose]()
    if (this.#waits.get(mapping) !== wait) return undefined
    this.#waits.delete(mapping)
    return outcome
  }

  #renewed(mapping: Mapping, outcome: PcpGranted): void {
    const { changes, external, journal, ports, table } = this.#context
    const [former, hidden] = [mapping.grant.external, !isShown(mapping)]
    const moved = outcome.external.port !== mapping.externalPort
    external.heard(outcome)
    mapping.grant = grantOf(outcome)
    happened(mapping.claim, moved && mapping.preferFailure ? 'moved' : 'granted')
    if (moved) {
      ports.log.warn({ mapping: mapping.claim, external: outcome.external }, 'the carrier moved a mapping')
      if (!mapping.preferFailure) table.rekey(mapping, outcome.external.port)
    }
    if (hidden) table.show(mapping)
    if (moved || hidden) changes.table()
    if (moved || former.address !== outcome.external.address) void journal.active(mapping)
    this.keep(mapping)
  }

  /** The grant in force goes on to its end; the request is not repeated before the error's time is over (§8.3). */
  #refused(mapping: Mapping, { result, lifetime }: PcpRefused): void {
    const { clock, log, random } = this.#context.ports
    happened(mapping.claim, 'refused')
    log.warn({ mapping: mapping.claim, result }, 'the carrier refuses to renew a mapping')
    const again = after(clock.now(), retryTime(result, lifetime, random.unit()))
    const inTime = again < lifetimeEnd(mapping.grant)
    this.#wait(mapping, again, () => (inTime ? this.#attempt(mapping, 1) : this.#lapse(mapping)))
  }

  #leaseEnd(mapping: Mapping): Millis | 'never' {
    const ends = [...mapping.entries.values()].map((entry) => entry.leaseEnd)
    return latest(ends) ?? this.#context.ports.clock.now()
  }
}
