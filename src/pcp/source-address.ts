import type { Clock } from '../lib/clock.ts'
import type { IpAddress } from '../lib/ip.ts'
import { millis } from '../lib/units.ts'

/** One look takes some 20 microseconds. */
const EVERY = millis(2000)

interface Followed {
  readonly clock: Clock
  /** What we send from; undefined while nobody is asked. */
  readonly client: () => IpAddress | undefined
  readonly isOurs: (address: IpAddress) => boolean
}

/**
 * Tells when the address we send from is ours no more: to the server we are somebody else from then on (RFC 6887
 * §8.1, C-7.1-2). Whoever follows the WAN has a look's time to act on it first, and it is told once: should we be left
 * with an address that is in no list, all mappings would be made anew with each look. Returns what ends it.
 */
export function followSourceAddress({ clock, client, isOurs }: Followed, gone: () => void): () => void {
  let missed: IpAddress | undefined
  let told: IpAddress | undefined
  const looking = clock.every(EVERY, () => {
    const address = client()
    const isGone = address !== undefined && !isOurs(address)
    if (isGone && address === missed && address !== told) {
      told = address
      gone()
    }
    missed = isGone ? address : undefined
    if (!isGone) told = undefined
  })
  return () => looking[Symbol.dispose]()
}
