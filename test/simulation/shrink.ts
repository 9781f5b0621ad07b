import type { Event } from './happening.ts'

/** More tries, and more seconds, are worth nobody's time. */
const MOST_TRIES = 250
const MOST_SECONDS = 30

/**
 * The least of a list that still fails (delta debugging): halves are left out, then quarters and so on, as long as that
 * keeps it failing. The time that passes between two events stays the same.
 */
export async function shrunk(
  events: readonly Event[],
  fails: (events: readonly Event[]) => Promise<boolean>,
): Promise<readonly Event[]> {
  let least = events
  let tries = 0
  const end = performance.now() + MOST_SECONDS * 1000
  const goesOn = () => tries < MOST_TRIES && performance.now() < end
  for (let size = Math.ceil(events.length / 2); size >= 1 && goesOn(); ) {
    let removed = false
    for (let at = 0; at < least.length && goesOn(); tries++) {
      const rest = without(least, at, at + size)
      if (await fails(rest)) {
        least = rest
        removed = true
      } else at += size
    }
    if (!removed || size > 1) size = size === 1 ? 0 : Math.ceil(size / 2)
  }
  return least
}

/** Without the events from `first` up to `end`; what follows comes when it came before. */
function without(events: readonly Event[], first: number, end: number): readonly Event[] {
  const waited = events.slice(first, end).reduce((sum, { wait }) => sum + wait, 0)
  const [next, ...rest] = events.slice(end)
  const later = next ? [{ ...next, wait: next.wait + waited }, ...rest] : []
  return [...events.slice(0, first), ...later]
}
