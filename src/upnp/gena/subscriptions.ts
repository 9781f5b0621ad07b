import type { Random } from '../../lib/clock.ts'
import type { Ipv4Address } from '../../lib/ip.ts'
import { type Millis, type Seconds, after, seconds, toMillis } from '../../lib/units.ts'
import type { Callback } from './callback.ts'

/** Who wants events, of what, and where. */
export interface Subscriber {
  readonly host: Ipv4Address
  /** Our address on the LAN of the host: events leave from it. */
  readonly lanAddress: Ipv4Address
  /** The eventSubURL. */
  readonly path: string
  readonly callbacks: readonly Callback[]
}

/** What a renewal or an UNSUBSCRIBE names. A SID is good for its own host at its own eventSubURL only. */
export interface Claim {
  readonly sid: string
  readonly host: Ipv4Address
  readonly path: string
}

export interface Subscription extends Subscriber {
  readonly sid: string
  /** Moves with each renewal. */
  readonly expires: Millis
}

const MOST = 64
const MOST_PER_HOST = 8
const SHORTEST = 300
const LONGEST = 1800

/** Who is subscribed. Expired subscriptions are gone before anything is looked up. */
export class Subscriptions {
  readonly #bySid = new Map<string, { -readonly [K in keyof Subscription]: Subscription[K] }>()
  readonly #isFailing: (subscription: Subscription) => boolean

  /** `isFailing`: does the subscriber not take its events? */
  constructor(isFailing: (subscription: Subscription) => boolean) {
    this.#isFailing = isFailing
  }

  /**
   * Undefined when there are too many, in all or of this host. A subscriber that does not take its events gives its
   * place away: most were restarted and forgot that they had subscribed.
   */
  subscribe(subscriber: Subscriber, sid: string, timeout: Seconds, now: Millis): Subscription | undefined {
    const own = () => this.live(now).filter(({ host }) => host === subscriber.host)
    if (!this.#hasPlace(own(), MOST_PER_HOST, now) || !this.#hasPlace(this.live(now), MOST, now))
      return undefined
    const subscription = { ...subscriber, sid, expires: after(now, toMillis(timeout)) }
    this.#bySid.set(sid, subscription)
    return subscription
  }

  /** False when there is no such subscription (any more). */
  renew(claim: Claim, timeout: Seconds, now: Millis): boolean {
    const subscription = this.#claimed(claim, now)
    if (subscription) subscription.expires = after(now, toMillis(timeout))
    return subscription !== undefined
  }

  /** The subscription that ended; undefined when there was none. */
  unsubscribe(claim: Claim, now: Millis): Subscription | undefined {
    const subscription = this.#claimed(claim, now)
    this.#bySid.delete(subscription?.sid ?? '')
    return subscription
  }

  live(now: Millis): readonly Subscription[] {
    this.#expire(now)
    return [...this.#bySid.values()]
  }

  /** Ends one of `held` that is failing, where there are `most`. */
  #hasPlace(held: readonly Subscription[], most: number, now: Millis): boolean {
    if (held.length < most) return true
    const failing = this.#bySid.get(held.find(this.#isFailing)?.sid ?? '')
    if (!failing) return false
    failing.expires = now
    this.#bySid.delete(failing.sid)
    return true
  }

  #claimed({ host, path, sid }: Claim, now: Millis) {
    this.#expire(now)
    const subscription = this.#bySid.get(sid)
    return subscription?.host === host && subscription.path === path ? subscription : undefined
  }

  #expire(now: Millis): void {
    for (const { expires, sid } of [...this.#bySid.values()]) if (expires <= now) this.#bySid.delete(sid)
  }
}

/** `Second-N` or `Second-infinite` as what we grant: 300..1800 s, the longest where nothing sensible is asked. */
export function grantedTimeout(header: string | undefined): Seconds {
  const [, asked = LONGEST] = /^Second-(\d+)$/i.exec(header?.trim() ?? '') ?? []
  return seconds(Math.min(Math.max(Number(asked), SHORTEST), LONGEST))
}

/** UDA 1.1 §4.1.1: `uuid:` and a UUID that nobody can guess (RFC 4122 §4.4). */
export function newSid(random: Random): string {
  const hex = Buffer.from(random.bytes(16)).toString('hex')
  const variant = ((parseInt(hex.charAt(16), 16) & 0b0011) | 0b1000).toString(16)
  const groups = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20),
  ]
  return `uuid:${groups.join('-')}`
}

/** UDA 1.1 §4.3.1: SEQ counts from 0, and 0 is only ever the first. */
export const nextSeq = (seq: number): number => (seq >= 2 ** 32 - 1 ? 1 : seq + 1)
