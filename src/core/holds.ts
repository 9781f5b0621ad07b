import { either, sharedAbort, sleepUntil } from '../lib/abort.ts'
import type { Clock } from '../lib/clock.ts'
import { remember } from '../lib/remember.ts'
import { type Millis, type Seconds, after, millis, seconds, toMillis, toSeconds } from '../lib/units.ts'
import type { ResultName } from '../pcp/wire/constants.ts'
import { Fault } from './fault.ts'
import { type InternalKey, internalKey, type LanPort } from './mapping.ts'
import type { MapRequest, PcpOutcome, PcpRefused } from './ports.ts'
import { holdTime, retryTime } from './renewal.ts'
import { reasonOf } from './refusal.ts'
import { errorOf } from './rfc6970.ts'
import type { Wish } from './translate.ts'

interface Hold {
  readonly result: ResultName | 'UNKNOWN'
  readonly until: Millis
}

/** A refusal that is meant for more than the request it answers. */
interface Freeze {
  readonly result: 'NO_RESOURCES' | 'ADDRESS_MISMATCH'
  readonly lifetime: Seconds
  /** Whether renewals and deletes go on. */
  readonly what: 'new' | 'all'
}

/**
 * No server's want of resources is believed for longer: one forged or mad answer must not shut everybody out (RFC 6887
 * §18.3.1).
 */
const LONGEST_WANT = seconds(300)
/** How many refusals are remembered; the oldest give way. */
const REMEMBERED = 1024

/** What makes two requests the same one, the WAN port aside, which we choose. */
const keyOf = ({ client, internalPort, protocol }: LanPort, { externalPort, remoteHost }: Wish): string =>
  [protocol, client, internalPort, externalPort, remoteHost].join(' ')

/** What the carrier refused and does not want asked again yet (RFC 6887 §8.3, §11.4). */
export class Holds {
  readonly #clock: Clock
  readonly #refused = new Map<string, Hold>()
  /** Mappings that the server had no resources to renew, and has not granted since. */
  readonly #unrenewed = new Map<InternalKey, true>()
  #frozen: Hold | undefined
  /** Before this nothing at all may be asked. */
  #silentUntil = millis(0)
  /** Aborts when the silence is over before its time. */
  #cleared = sharedAbort()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Waits until something may be asked, or until `signal` aborts. */
  async silence(signal: AbortSignal): Promise<void> {
    while (this.#silentUntil > this.#clock.now() && !signal.aborted) {
      const end = either(signal, this.#cleared.signal)
      await sleepUntil(this.#clock, this.#silentUntil, end.signal)
      end[Symbol.dispose]()
    }
  }

  /** Throws the fault that asking the carrier would give. */
  check(asked: LanPort, wish: Wish): void {
    const held = this.#live(this.#refused.get(keyOf(asked, wish))) ?? this.#live(this.#frozen)
    if (held)
      throw new Fault(errorOf(held.result, 2), `it was asked a moment ago, and ${reasonOf(held.result)}`)
  }

  /** How a new mapping would be refused now, whichever it is; undefined: it would not. */
  frozen(): PcpRefused | undefined {
    const held = this.#live(this.#frozen)
    return (
      held && {
        kind: 'refused',
        result: held.result,
        lifetime: toSeconds(millis(held.until - this.#clock.now())),
      }
    )
  }

  /** This request was refused. What is meant for all is not held against it alone; a quota is `CarrierQuota`'s. */
  note(asked: LanPort, wish: Wish, { lifetime, result }: PcpRefused): void {
    if (this.frozen()?.result === result || result === 'USER_EX_QUOTA') return
    const until = after(this.#clock.now(), toMillis(holdTime(result, lifetime)))
    remember(this.#refused, keyOf(asked, wish), { result, until }, REMEMBERED)
  }

  /**
   * Does the answer say of others what it did not say before? A server that goes on refusing one mapping, as miniupnpd does
   * with NO_RESOURCES where a port is another's, has room for others: else one such mapping would shut out all that is new.
   */
  isNews(request: MapRequest, outcome: PcpOutcome): boolean {
    if (!request.renews || outcome.kind === 'silent') return true
    const key = internalKey(request)
    const isKnown = this.#unrenewed.delete(key)
    if (outcome.kind === 'granted' || outcome.result !== 'NO_RESOURCES') return true
    remember(this.#unrenewed, key, true, REMEMBERED)
    return !isKnown
  }

  /** §11.4: asking on is of no use for a while; for how long, `dice` in [0, 1) says within 10 %. */
  freeze({ lifetime, result, what }: Freeze, dice: number): Millis {
    const believed = result === 'NO_RESOURCES' ? seconds(Math.min(LONGEST_WANT, lifetime)) : seconds(0)
    const until = after(this.#clock.now(), retryTime(result, believed, dice))
    this.#frozen = { result, until }
    if (what === 'all') this.#silentUntil = until
    return until
  }

  /** RFC 6887 §8.1: hold times are not carried over to another server. */
  clear(): void {
    this.#refused.clear()
    this.#unrenewed.clear()
    this.#frozen = undefined
    this.#silentUntil = millis(0)
    this.#cleared.abort()
    this.#cleared = sharedAbort()
  }

  #live(hold: Hold | undefined): Hold | undefined {
    return hold && hold.until > this.#clock.now() ? hold : undefined
  }
}
