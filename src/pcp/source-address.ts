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
 * §8.1, C-7.1-2). Returns what ends it.
 */
export function followSourceAddress({ clock, client, isOurs }: Followed, gone: () => void): () => void {
  const looking = clock.every(EVERY, () => {
    const address = client()
    if (address !== undefined && !isOurs(address)) gone()
  })
  return () => looking[Symbol.dispose]()
}
