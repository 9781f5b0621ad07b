import type { Clock } from '../lib/clock.ts'
import type { Ipv4Address } from '../lib/ip.ts'
import type { Log } from '../lib/log.ts'
import type { MacAddress } from '../lib/mac.ts'
import { type Millis, after, millis } from '../lib/units.ts'
import type { EndedLease } from './leases/lease-memory.ts'
import type { LeaseWatch } from './leases/lease-watch.ts'
import { macOfNeighbour, neighbours } from './neighbours.ts'
import { Silence } from './silence.ts'

export interface HostWatchPorts {
  readonly clock: Clock
  readonly log: Log
  /** The kernel's neighbour table as text. Throws where there is none. */
  readonly neighbourTable: () => string
  readonly leases: LeaseWatch
}

/** Whose mappings may have to go. */
export interface MappedHosts {
  /** The hosts that have mappings, and the MAC address each had when it asked for them, as far as known. */
  hosts(): ReadonlyMap<Ipv4Address, MacAddress | undefined>
  /** The host is gone. */
  gone(host: Ipv4Address, why: string): void
}

const EVERY = millis(2000)
/** A request looks more than once, and a reading is as good a moment later. */
const FRESH = millis(100)

/**
 * Watches over the hosts that have mappings (RFC 6970 §5.10): one is gone when its DHCP lease ends, or when another
 * machine answers for its address. A host that is only silent keeps what it has. The two sources are never mixed:
 * a repeater answers for its hosts with a MAC address that no lease has.
 */
export class HostWatch {
  readonly #ports: HostWatchPorts
  readonly #devices: ReadonlySet<string>
  readonly #silence = new Silence()
  #unreadable = false
  #reading: { readonly table: string; readonly until: Millis } | undefined
  #looking: Disposable | undefined

  /** `lans`: the names of the interfaces whose neighbours count. */
  constructor(ports: HostWatchPorts, lans: readonly string[]) {
    this.#ports = ports
    this.#devices = new Set(lans)
  }

  start(mapped: MappedHosts): void {
    this.#ports.leases.start((lease) => this.#leaseEnded(lease, mapped))
    this.#looking = this.#ports.clock.every(EVERY, () => this.#look(mapped))
  }

  stop(): void {
    this.#ports.leases.stop()
    this.#looking?.[Symbol.dispose]()
  }

  /** Who has this address now; undefined where nothing is known. */
  macOf(address: Ipv4Address): MacAddress | undefined {
    return macOfNeighbour(this.#table(), this.#devices, address)
  }

  /** Does somebody answer for this address? True also where that cannot be known. */
  isNeighbour(address: Ipv4Address): boolean {
    const table = this.#table()
    return table === '' || macOfNeighbour(table, this.#devices, address) !== undefined
  }

  /** What the successor may have mapped already is its own. */
  #leaseEnded({ address, successor }: EndedLease, mapped: MappedHosts): void {
    if (successor === undefined) mapped.gone(address, 'its DHCP lease ended')
    else if (mapped.hosts().has(address) && mapped.hosts().get(address) !== successor)
      mapped.gone(address, `${successor} has leased its address`)
  }

  #look(mapped: MappedHosts): void {
    const hosts = mapped.hosts()
    this.#silence.keepOnly(hosts)
    if (hosts.size === 0) return
    const known = neighbours(this.#table(), this.#devices)
    for (const [host, former] of hosts) {
      const now = known.get(host)
      this.#noteSilence(host, now !== undefined || this.#ports.leases.isLeased(host))
      if (former !== undefined && now !== undefined && former !== now)
        mapped.gone(host, `${now} has its address now, not ${former}`)
    }
  }

  #noteSilence(host: Ipv4Address, isSeen: boolean): void {
    const { clock, log } = this.#ports
    if (this.#silence.note(host, isSeen, clock.now()))
      log.warn({ host }, 'a host with port mappings has not been seen for a day; they are kept')
  }

  #table(): string {
    const now = this.#ports.clock.now()
    if (!this.#reading || this.#reading.until <= now)
      this.#reading = { table: this.#read(), until: after(now, FRESH) }
    return this.#reading.table
  }

  #read(): string {
    try {
      const table = this.#ports.neighbourTable()
      this.#unreadable = false
      return table
    } catch (error) {
      if (!this.#unreadable)
        this.#ports.log.warn(
          { error: String(error) },
          'the neighbour table cannot be read: who takes the address of a LAN host is not noticed by it',
        )
      this.#unreadable = true
      return ''
    }
  }
}
