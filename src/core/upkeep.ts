import { within } from '../lib/abort.ts'
import { type Millis, type Seconds, after, millis, toMillis } from '../lib/units.ts'
import { askCarrier } from './ask.ts'
import type { Context } from './context.ts'
import { grantOf } from './establish.ts'
import { forwardWhileGranted } from './forward.ts'
import { latest, renewalLifetime } from './lease.ts'
import { happened, isRetired, isShown, isStray, type Mapping } from './mapping.ts'
import { aboutMapping } from './mapping-name.ts'
import type { MapRequest, PcpGranted, PcpOutcome, PcpRefused } from './ports.ts'
import { Refusals } from './refusals.ts'
import { RenewalNews } from './renewal-news.ts'
import { holdTime, LEAST_GAP, lifetimeEnd, renewalTime, retryTime } from './renewal.ts'
import { STATE } from './state.ts'
import { pcpMapping, renewalRequest } from './translate.ts'
import type { External, RemoteHost } from './types.ts'

const AS_NEW = { preferFailure: true, sending: 'until-answered' } as const

/** How often a port that the carrier took is asked back. */
const RECLAIM = millis(1_800_000)
/** How long the delete may take that this begins with. */
const PATIENCE = millis(25_000)

const isSame = (a: External, b: External): boolean => a.address === b.address && a.port === b.port

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
  readonly #news: RenewalNews
  /** What each mapping waits for: its next attempt, or the answer to the last one. */
  readonly #waits = new Map<Mapping, Wait>()
  readonly #refusals = new Refusals()
  /** Those that wait as the carrier grants this line no more mappings, the longest waiting first. */
  readonly #excess = new Set<Mapping>()
  /** When the carrier was asked for each last. */
  readonly #askedAt = new WeakMap<Mapping, Millis>()
  /** When mappings that the carrier moved are asked back. */
  readonly #reclaimAt = new WeakMap<Mapping, Millis>()

  constructor(context: Context) {
    this.#context = context
    this.#news = new RenewalNews(context.ports)
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
    this.#excess.delete(mapping)
  }

  /** Stops all of it; the carrier keeps what it granted. */
  stop(): void {
    for (const mapping of [...this.#waits.keys()]) this.drop(mapping)
  }

  /** When the carrier is asked about `mapping` again; undefined while its answer is awaited, or nothing is due. */
  nextAttempt(mapping: Mapping): Millis | undefined {
    return this.#waits.get(mapping)?.due
  }

  /**
   * Its host asks again for what it has, as it is. So is the carrier, unless it was a moment ago (RFC 6887 §11.2.1), or
   * refuses that for now (§8.3): then it is asked when that is due.
   */
  refresh(mapping: Mapping): void {
    const { clock } = this.#context.ports
    const asked = this.#askedAt.get(mapping)
    const isRecent = asked !== undefined && clock.now() < after(asked, LEAST_GAP)
    if (!isRecent && this.refusal(mapping) === undefined) void this.renewNow(mapping)
  }

  /** Why the carrier does not want to be asked for it yet; undefined: it does. */
  refusal(mapping: Mapping): PcpRefused['result'] | undefined {
    return this.#refusals.held(mapping, this.#context.ports.clock.now())
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

  /** The port that its host knows is to be had back now, from a carrier that gave it another. Resolves with the answer. */
  async askBack(mapping: Mapping): Promise<void> {
    this.drop(mapping)
    await this.#reclaim(mapping)
  }

  /**
   * Its host takes any port for this remote host, so it is at the one that the carrier gave it. False where that is
   * another mapping's, and where other remote hosts have an entry too, whose port is promised.
   */
  accept(mapping: Mapping, remoteHost: RemoteHost): boolean {
    const { changes, journal, table } = this.#context
    const { port } = mapping.grant.external
    const isAlone = mapping.entries.every((entry) => entry.remoteHost === remoteHost)
    if (!isStray(mapping) || !isAlone || table.at(mapping.claim.protocol, port)) return false
    mapping.preferFailure = false
    table.rekey(mapping, port)
    happened(mapping.claim, 'granted')
    changes.table()
    void journal.active(mapping)
    this.#reclaimAt.delete(mapping)
    this.keep(mapping)
    return true
  }

  /** What may have kept the carrier from granting the mapping is gone: a refusal need not be waited out. */
  async unblocked(mapping: Mapping): Promise<void> {
    const { state } = mapping.claim
    if (state !== 'ACTIVE' && state !== 'RENEWING') await this.recreate(mapping)
  }

  /** The carrier deleted one of our mappings: that is room for one that waits for it. */
  roomMade(): void {
    const [first] = this.#excess
    if (first) void this.renewNow(first)
  }

  /** Another server is asked from now on: what the one before refused says nothing of it. */
  switched(): void {
    this.#refusals.clear()
  }

  /** Takes in what the server says of the mapping, asked or not. */
  settle(mapping: Mapping, outcome: PcpOutcome): void {
    if (outcome.kind === 'granted') this.#renewed(mapping, outcome)
    else if (outcome.kind === 'refused') this.#refused(mapping, outcome)
  }

  #arm(mapping: Mapping, n: number, last?: Millis): void {
    const { clock, random } = this.#context.ports
    const due = renewalTime(mapping.grant, n, random.unit(), last)
    if (due === undefined) this.#wait(mapping, lifetimeEnd(mapping.grant), () => void this.#lapse(mapping))
    else if (due <= clock.now()) void this.#attempt(mapping, n)
    else this.#wait(mapping, due, () => void this.#attempt(mapping, n))
  }

  #wait(mapping: Mapping, due: Millis, then: () => void): void {
    this.drop(mapping)
    this.#waits.set(mapping, { due, ends: this.#context.ports.clock.at(due, then) })
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
    const why = pcp.reachable ? 'it was not renewed' : 'the PCP server does not answer'
    if (mapping.claim.state !== 'LAPSED')
      log.warn({ ...aboutMapping(mapping), why }, 'the carrier let a mapping lapse; it is asked for again')
    happened(mapping.claim, 'expired')
    if (pcp.reachable) await this.recreate(mapping)
  }

  /** Undefined when the mapping was dropped meanwhile. */
  async #ask(
    mapping: Mapping,
    how: Pick<MapRequest, 'preferFailure' | 'sending'>,
    due: Millis | 'never',
  ): Promise<PcpOutcome | undefined> {
    const { clock } = this.#context.ports
    this.#askedAt.set(mapping, clock.now())
    const stop = new AbortController()
    const timer = due === 'never' ? undefined : clock.at(due, () => stop.abort())
    const wait = { due: undefined, ends: { [Symbol.dispose]: () => stop.abort() } }
    this.#waits.set(mapping, wait)
    const lifetime = this.#lifetimeOf(mapping)
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
    const { changes, external, journal, table } = this.#context
    const [former, hidden] = [mapping.grant.external, !isShown(mapping)]
    const moved = outcome.external.port !== mapping.externalPort
    const strays = moved && mapping.preferFailure
    const tell = this.#news.ofGrant(mapping, outcome)
    this.#refusals.forget(mapping)
    external.heard(outcome)
    mapping.grant = grantOf(outcome, this.#lifetimeOf(mapping))
    happened(mapping.claim, strays ? 'moved' : 'granted')
    tell()
    if (moved && !strays) table.rekey(mapping, outcome.external.port)
    if (hidden) table.show(mapping)
    if (hidden || (moved && !strays)) changes.table()
    if (!isSame(former, outcome.external)) void journal.active(mapping)
    if (strays) this.#keepStray(mapping)
    else {
      this.#reclaimAt.delete(mapping)
      this.keep(mapping)
    }
  }

  /** Whoever asked for it knows the old port only, so that one is asked back, and until then the other one is kept. */
  #keepStray(mapping: Mapping): void {
    const { clock, random } = this.#context.ports
    void forwardWhileGranted(this.#context, mapping)
    const due = this.#reclaimAt.get(mapping) ?? after(clock.now(), RECLAIM)
    this.#reclaimAt.set(mapping, due)
    if ((renewalTime(mapping.grant, 1, random.unit()) ?? 0) < due) this.#arm(mapping, 1)
    else this.#wait(mapping, due, () => void this.#reclaim(mapping))
  }

  /** RFC 6887 §11.3: while the server has the mapping it gives it no other port, so it has to be deleted first. */
  async #reclaim(mapping: Mapping): Promise<void> {
    const { clock, pcp } = this.#context.ports
    const stop = new AbortController()
    const wait = { due: undefined, ends: { [Symbol.dispose]: () => stop.abort() } }
    this.#reclaimAt.delete(mapping)
    this.#waits.set(mapping, wait)
    const unmap = (signal: AbortSignal) => pcp.unmap(pcpMapping(mapping.claim), signal)
    await within(clock, after(clock.now(), PATIENCE), unmap, stop.signal)
    if (this.#waits.get(mapping) === wait) await this.recreate(mapping)
  }

  /** The grant in force goes on to its end; the request is not repeated before the error's time is over (§8.3). */
  #refused(mapping: Mapping, { result, lifetime }: PcpRefused): void {
    const { clock, random } = this.#context.ports
    const isHeld = STATE[mapping.claim.state].held
    happened(mapping.claim, 'refused')
    const times = this.#refusals.note(mapping, result)
    const again = after(clock.now(), retryTime(result, lifetime, random.unit(), times))
    this.#refusals.hold(mapping, after(clock.now(), toMillis(holdTime(result, lifetime))))
    const inTime = again < lifetimeEnd(mapping.grant)
    this.#news.refused(mapping, { result, isHeld, again, isNews: times === 1 })
    this.#wait(mapping, again, () => void (inTime ? this.#attempt(mapping, 1) : this.#lapse(mapping)))
    if (result === 'USER_EX_QUOTA') this.#excess.add(mapping)
  }

  /** What a renewal asks for. */
  #lifetimeOf(mapping: Mapping): Seconds {
    const { ports, wishes } = this.#context
    return renewalLifetime(this.#leaseEnd(mapping), ports.clock.now(), wishes.maxLifetime)
  }

  #leaseEnd(mapping: Mapping): Millis | 'never' {
    return latest(mapping.entries.map((entry) => entry.leaseEnd)) ?? this.#context.ports.clock.now()
  }
}
