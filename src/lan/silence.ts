import type { Ipv4Address } from '../lib/ip.ts'
import { type Millis, millis } from '../lib/units.ts'

/** A host unseen for so long is worth a line. */
const LONG = millis(24 * 3600 * 1000)

/** When each host was last known to be there. */
export class Silence {
  readonly #seen = new Map<Ipv4Address, Millis | 'told'>()

  /** True when `host` has been unseen for a day, once until it is seen again. */
  note(host: Ipv4Address, isSeen: boolean, now: Millis): boolean {
    const last = this.#seen.get(host)
    if (isSeen || last === undefined) this.#seen.set(host, now)
    if (isSeen || last === undefined || last === 'told' || now - last < LONG) return false
    this.#seen.set(host, 'told')
    return true
  }

  /** Forgets all hosts but these. */
  keepOnly(hosts: { has(host: Ipv4Address): boolean }): void {
    for (const host of this.#seen.keys()) if (!hosts.has(host)) this.#seen.delete(host)
  }
}
