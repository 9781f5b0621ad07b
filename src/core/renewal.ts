import { type Millis, type Seconds, after, millis, toMillis } from '../lib/units.ts'
import type { Grant } from './mapping.ts'
import type { ResultName } from '../pcp/wire/constants.ts'
import { seconds } from '../lib/units.ts'

// When to renew (RFC 6887 §11.2.1) and how long an error keeps us from asking again (§7.4, §8.3): arithmetic only.

/** §11.2.1: renewals of one mapping are never closer than this. */
export const LEAST_GAP = millis(4000)

/** When the granted lifetime ends. */
export const lifetimeEnd = (grant: Grant): Millis => after(grant.from, toMillis(grant.lifetime))

/**
 * §11.2.1: attempt n (1, 2, …) falls in [1-2⁻ⁿ, 1-2⁻ⁿ+2⁻⁽ⁿ⁺²⁾] of the lifetime, where `dice` in [0, 1) says.
 * `last` is when the previous attempt left. Undefined when the lifetime would be over by then.
 */
export function renewalTime(grant: Grant, n: number, dice: number, last?: Millis): Millis | undefined {
  const share = 1 - 2 ** -n + dice * 2 ** -(n + 2)
  const pick = grant.from + Math.round(share * toMillis(grant.lifetime))
  const due = last === undefined ? pick : Math.max(pick, last + LEAST_GAP)
  return due < lifetimeEnd(grant) ? millis(due) : undefined
}

/** §7.4: errors that may pass soon; a port that is taken may be free again at any time. */
const SHORT: ReadonlySet<string> = new Set<ResultName>([
  'NETWORK_FAILURE',
  'NO_RESOURCES',
  'USER_EX_QUOTA',
  'CANNOT_PROVIDE_EXTERNAL',
])
const SHORT_HOLD = seconds(30)
const LONG_HOLD = seconds(1800)

/** RFC 6887 §11.3: a nonce that the server does not take is refused until the mapping that has another one ends. */
const LONGEST_NONCE_HOLD = seconds(86_400)

/**
 * §8.3: how long not to repeat a refused request. Servers that say 0 mean their class of error; nobody is
 * believed beyond half an hour, but for NOT_AUTHORIZED, which says how long an older mapping lives.
 */
export function holdTime(result: ResultName | 'UNKNOWN', lifetime: Seconds): Seconds {
  const usual = SHORT.has(result) ? SHORT_HOLD : LONG_HOLD
  const longest = result === 'NOT_AUTHORIZED' ? LONGEST_NONCE_HOLD : LONG_HOLD
  return seconds(lifetime === 0 ? usual : Math.min(lifetime, longest))
}

/**
 * When to ask again by oneself what was refused `times` in a row: up to a tenth later than may be, as `dice` in [0, 1)
 * says, so that not all do so at once. A quota is full for as long as somebody has what fills it, be it for months: so
 * each time it is asked half as often, down to once in half an hour.
 */
export function retryTime(
  result: ResultName | 'UNKNOWN',
  lifetime: Seconds,
  dice: number,
  times = 1,
): Millis {
  const hold = holdTime(result, lifetime)
  const longer = result === 'USER_EX_QUOTA' ? Math.min(hold * 2 ** (times - 1), LONG_HOLD) : hold
  return millis(Math.round(toMillis(seconds(longer)) * (1 + dice / 10)))
}
