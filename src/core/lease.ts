import { type Millis, type Seconds, after, millis, seconds, toMillis, toSeconds } from '../lib/units.ts'
import { INFINITE_LIFETIME } from '../pcp/wire/constants.ts'
import type { Lease } from './types.ts'

// Leases and lifetimes: arithmetic only. A lease is what a control point asked for, a lifetime is what the
// carrier granted; the first is simulated by renewing the second (RFC 6970 §5.9).

/** RFC 6887 §15: the least a server should grant, so asking for less only renews more often. */
const SHORTEST_RENEWAL = 120
/** RFC 6887 §15: longer grants are counted as one day, in case the server forgets. */
const LONGEST_GRANT = 86_400

/** RFC 6887 §11.2.1: renewals come 4 s apart at least, so a shorter grant is renewed as this one is. */
const SHORTEST_GRANT = 8

export type LeaseEnd = Millis | 'never'

export const leaseEnd = (lease: Lease, now: Millis): LeaseEnd =>
  lease === 'infinite' ? 'never' : after(now, toMillis(lease))

/** Seconds left, as Get… shows them: 0 means for ever. */
export const leaseLeft = (end: LeaseEnd, now: Millis): Seconds =>
  end === 'never' ? seconds(0) : toSeconds(millis(Math.max(0, end - now)))

/** The latest of several ends; `undefined` for none. */
export function latest(ends: Iterable<LeaseEnd>): LeaseEnd | undefined {
  let last: Millis | undefined
  for (const end of ends) {
    if (end === 'never') return end
    if (last === undefined || end > last) last = end
  }
  return last
}

/** RFC 6970 §5.9: the Requested Lifetime of a new mapping; an infinite lease asks for the largest value there is. */
export function firstLifetime(end: LeaseEnd, now: Millis, cap: Seconds | undefined): Seconds {
  const wanted = end === 'never' ? INFINITE_LIFETIME : leaseLeft(end, now)
  return seconds(Math.max(1, Math.min(wanted, cap ?? INFINITE_LIFETIME)))
}

/** The Requested Lifetime of a renewal: what is left of the lease, but no less than a server would grant. */
export const renewalLifetime = (end: LeaseEnd, now: Millis, cap: Seconds | undefined): Seconds =>
  seconds(Math.max(SHORTEST_RENEWAL, firstLifetime(end, now, cap)))

/** Is it the carrier's own mapping? Then it lasts for ever whatever was asked for; who asks for that may just be granted it. */
export const isCarriersOwn = (granted: Seconds, asked: Seconds): boolean =>
  granted === INFINITE_LIFETIME && asked !== INFINITE_LIFETIME

/** RFC 6887 §15: what to believe of a granted lifetime. */
export const believed = (lifetime: Seconds): Seconds =>
  seconds(Math.max(SHORTEST_GRANT, Math.min(lifetime, LONGEST_GRANT)))
