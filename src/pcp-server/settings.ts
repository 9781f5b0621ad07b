import type { IpAddress } from '../lib/ip.ts'
import { type Seconds, seconds } from '../lib/units.ts'
import { EXAMPLE_ADDRESS } from './addresses.ts'

/** The options of RFC 6887 §13 that a server may be told to do without. */
export type Switchable = 'THIRD_PARTY' | 'PREFER_FAILURE' | 'FILTER'

/** How this server behaves towards everybody. */
export interface Settings {
  /** The one external address that mappings get. */
  readonly externalAddress: IpAddress
  /** External ports that mappings get, both ends included. */
  readonly ports: { readonly first: number; readonly last: number }
  /** External ports that no mapping gets, of TCP and UDP. */
  readonly reservedPorts: readonly number[]
  /** RFC 6887 §15: what is asked for is moved into this range. */
  readonly minLifetime: Seconds
  readonly maxLifetime: Seconds
  /** Mappings a client may hold (RFC 6887 §17.2), those for third parties included. */
  readonly quota: number
  /** Filters a mapping may have (RFC 6887 §13.3), at least one. */
  readonly maxFilters: number
  /** Options that are processed; the others are answered UNSUPP_OPTION. */
  readonly supported: ReadonlySet<Switchable>
}

/** The lifetimes are those of RFC 6887 §15, the reserved ports those of §11.3. */
export const DEFAULT_SETTINGS: Settings = {
  externalAddress: EXAMPLE_ADDRESS,
  ports: { first: 1024, last: 65535 },
  reservedPorts: [5350, 5351],
  minLifetime: seconds(120),
  maxLifetime: seconds(86_400),
  quota: 1000,
  maxFilters: 16,
  supported: new Set(['THIRD_PARTY', 'PREFER_FAILURE', 'FILTER']),
}
