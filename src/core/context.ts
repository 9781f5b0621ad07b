import type { Capabilities } from './capabilities.ts'
import type { Carrier } from './carrier.ts'
import type { Changes } from './changes.ts'
import type { Claims } from './claims.ts'
import type { Departures } from './departures.ts'
import type { ExternalAddress } from './external-address.ts'
import type { Holds } from './holds.ts'
import type { Journal } from './journal.ts'
import type { MappingTable } from './mapping-table.ts'
import type { Ports } from './ports.ts'
import type { CarrierQuota } from './quota.ts'
import type { Tombstones } from './tombstones.ts'
import type { Wishes } from './wishes.ts'

/** What the parts of the core share: the state, and the way out. */
export interface Context {
  /** `ports.pcp` is `carrier`. */
  readonly ports: Ports
  readonly carrier: Carrier
  readonly table: MappingTable
  readonly journal: Journal
  readonly claims: Claims
  readonly tombstones: Tombstones
  readonly departures: Departures
  readonly external: ExternalAddress
  readonly changes: Changes
  readonly capabilities: Capabilities
  readonly holds: Holds
  readonly quota: CarrierQuota
  readonly wishes: Wishes
  /** Aborts when the daemon stops. */
  readonly closing: AbortSignal
}
