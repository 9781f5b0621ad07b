import { type Millis, millis } from '../lib/units.ts'
import type { PcpOutcome } from './ports.ts'

// How fast to make many mappings anew, so that a carrier whose every customer does so at once can bear it: one in
// flight, and a gap that shrinks while the server answers at once and grows while it struggles.

const FIRST_GAP = millis(1000)
const LEAST_GAP = millis(100)
const LONGEST_GAP = millis(60_000)
/** An answer within this time is a server at ease. */
const QUICK = 1000
/** RFC 6887 §14.1: recovery starts after a random wait of up to this. */
const SPREAD = 5000

export const startDelay = (dice: number): Millis => millis(Math.round(dice * SPREAD))

export const firstGap = (): Millis => FIRST_GAP

/** The gap before the next mapping, after the last one took `took` to end in `outcome`. */
export function nextGap(gap: Millis, took: number, outcome: PcpOutcome | undefined): Millis {
  const struggles = took >= QUICK || (outcome?.kind === 'refused' && outcome.result === 'NO_RESOURCES')
  return millis(struggles ? Math.min(LONGEST_GAP, 2 * gap) : Math.max(LEAST_GAP, gap / 2))
}
