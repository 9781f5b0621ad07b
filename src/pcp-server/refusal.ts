import type { ResultName } from '../pcp/wire/constants.ts'

/** RFC 6887 §7.4, seconds. */
const SHORT_LIFETIME = 30
export const LONG_LIFETIME = 1800

const SHORT = new Set<ResultName>(['NETWORK_FAILURE', 'NO_RESOURCES', 'USER_EX_QUOTA'])

/** Why a request is not done. It has changed nothing (RFC 6887 §7.3). */
export interface Refusal {
  readonly kind: 'refused'
  readonly result: ResultName
  /** How long the same request will be answered the same, seconds. */
  readonly lifetime: number
}

/** With the lifetime that RFC 6887 §7.4 recommends for `result`, unless the reason has one of its own. */
export const refused = (
  result: ResultName,
  lifetime = SHORT.has(result) ? SHORT_LIFETIME : LONG_LIFETIME,
): Refusal => ({ kind: 'refused', result, lifetime })
