import type { Ipv4Address } from '../../lib/ip.ts'
import type { MacAddress } from '../../lib/mac.ts'
import { after, type Millis, millis } from '../../lib/units.ts'
import type { Leases } from './lease.ts'

/**
 * How long an address has to be missing before its lease is over: servers empty the file to write it anew, or move
 * it away, and we may look in between.
 */
export const GRACE = millis(250)

/** A lease that ended. */
export interface EndedLease {
  readonly address: Ipv4Address
  /** Who has leased the address now. */
  readonly successor: MacAddress | undefined
}

/** What one lease file said, to tell whose lease ended since. Of an address it never had, nothing can be told. */
export class LeaseMemory {
  #known = new Map<Ipv4Address, MacAddress | undefined>()
  /** Addresses that were not in the file the last time, and since when. */
  #missing = new Map<Ipv4Address, Millis>()

  /** Leased, or in doubt for a moment. */
  get leases(): Leases {
    return this.#known
  }

  /** When to look again, as addresses are in doubt. */
  get doubtUntil(): Millis | undefined {
    const [first] = this.#missing.values()
    return first === undefined ? undefined : after(first, GRACE)
  }

  /**
   * Takes in what the file says at `now`. Gives the leases that ended since the last time. Of a file that is not whole
   * only what it has is believed: what it lacks may be what a full disk did not take.
   */
  learn(leases: Leases, now: Millis, isWhole = true): readonly EndedLease[] {
    const known = new Map(leases)
    const missing = new Map<Ipv4Address, Millis>()
    const ended: EndedLease[] = []
    for (const [address, mac] of this.#known) {
      const next = leases.get(address)
      const since = this.#missing.get(address) ?? now
      if (mac !== undefined && next !== undefined && mac !== next) ended.push({ address, successor: next })
      else if (leases.has(address)) continue
      else if (!isWhole) known.set(address, mac)
      else if (now - since >= GRACE) ended.push({ address, successor: undefined })
      else {
        known.set(address, mac)
        missing.set(address, since)
      }
    }
    this.#known = known
    this.#missing = new Map([...missing].sort(([, a], [, b]) => a - b))
    return ended
  }

  /** The file is not there, or no lease file any more: that ends no lease. */
  forget(): void {
    this.#known.clear()
    this.#missing.clear()
  }
}
