import { type Millis, millis } from '../../lib/units.ts'
import type { EpochReading } from '../epoch.ts'

// RFC 6886's arithmetic: when to send again, and whether the gateway lost its state.

/** §3.1: 250 ms, doubling, nine packets; whoever is silent then does not speak the protocol. */
const FIRST_WAIT = 250
export const ATTEMPTS = 9

/** How long to wait for an answer to packet `n`, counted from 0. */
export const waitAfter = (n: number): Millis => millis(FIRST_WAIT * 2 ** n)

/** §3.6: false when the epoch lags behind 7/8 of our own clock by more than two seconds. */
export function isNatPmpEpochValid(previous: EpochReading | undefined, current: EpochReading): boolean {
  if (!previous) return true
  const elapsed = Math.floor((current.client - previous.client) / 1000)
  return current.server >= previous.server + (elapsed * 7) / 8 - 2
}
