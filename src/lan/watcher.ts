import type { Clock } from '../lib/clock.ts'
import type { Ipv4Address } from '../lib/ip.ts'
import { type Lan, sameLans } from '../lib/lan.ts'
import type { Log } from '../lib/log.ts'
import { millis } from '../lib/units.ts'
import { type Interfaces, ipv4Interface, type LanNames, lansOf } from './interfaces.ts'

/** Which interfaces are ours. */
export interface Watched {
  readonly lans: LanNames
  readonly wan: string
}

/** The router's addresses at one moment. */
export interface Network {
  /** The LANs that have an address, in the configured order. */
  readonly lans: readonly Lan[]
  /** The address on the WAN interface; undefined while it has none. */
  readonly wan: Ipv4Address | undefined
}

export interface WatcherPorts {
  readonly clock: Clock
  readonly log: Log
  readonly read: () => Interfaces
}

/**
 * One look takes some 20 microseconds, so looking often is cheaper than a program that tells, needs nothing that a
 * container lacks, and misses nothing that lasts.
 */
const EVERY = millis(500)

const networkOf = (interfaces: Interfaces, { lans, wan }: Watched): Network => ({
  lans: lansOf(interfaces, lans),
  wan: ipv4Interface(interfaces, wan)?.address,
})

/** Looks at the interfaces twice a second and tells of each change: an address comes, changes or goes. */
export class InterfaceWatcher {
  readonly #ports: WatcherPorts
  readonly #watched: Watched
  readonly #onChange: (now: Network, before: Network) => void
  #network: Network = { lans: [], wan: undefined }
  #looking: Disposable | undefined

  constructor(ports: WatcherPorts, watched: Watched, onChange: (now: Network, before: Network) => void) {
    this.#ports = ports
    this.#watched = watched
    this.#onChange = onChange
  }

  /** What there is now; what changes from here on is told. Throws when the system does not let us look. */
  start(): Network {
    this.#network = networkOf(this.#ports.read(), this.#watched)
    this.#looking = this.#ports.clock.every(EVERY, () => this.#look())
    return this.#network
  }

  stop(): void {
    this.#looking?.[Symbol.dispose]()
  }

  #look(): void {
    const before = this.#network
    const now = this.#read() ?? before
    if (sameNetwork(now, before)) return
    this.#network = now
    this.#onChange(now, before)
  }

  #read(): Network | undefined {
    try {
      return networkOf(this.#ports.read(), this.#watched)
    } catch (error) {
      this.#ports.log.warn({ error }, 'cannot read the network interfaces; keeping what was seen last')
      return undefined
    }
  }
}

const sameNetwork = (a: Network, b: Network): boolean => a.wan === b.wan && sameLans(a.lans, b.lans)
