import { within } from '../lib/abort.ts'
import type { Clock } from '../lib/clock.ts'
import { after, millis } from '../lib/units.ts'
import type { Link } from './link.ts'

/** How long an address may take to show that somebody is there. */
const PROBE = millis(9000)

/** Does it answer before `cause` aborts? */
export const isAlive = (clock: Clock, link: Link, cause: AbortSignal): Promise<boolean> =>
  within(clock, after(clock.now(), PROBE), (signal) => link.alive(signal), cause)

/**
 * Opens an address to see whether it answers; undefined where it does not, which it may say at once by ICMP (RFC 7488 §3).
 * `open` is given what to call then.
 */
export async function tried(
  clock: Clock,
  open: (refused: () => void) => Promise<Link | undefined>,
): Promise<Link | undefined> {
  const refusal = new AbortController()
  const link = await open(() => refusal.abort())
  if (!link) return undefined
  if (await isAlive(clock, link, refusal.signal)) return link
  link.close()
  return undefined
}
