import type { IpAddress, Ipv4Address } from '../lib/ip.ts'
import type { Millis, Seconds } from '../lib/units.ts'

/**
 * Where a mapping stands: at which PCP server, and asked for from which address of ours. Behind NAT it belongs to that
 * address (RFC 6887 §11.3), so who asks from another one, or asks another server, knows nothing of it there.
 */
export interface Place {
  /** The server by the address that stands for it in nonces (RFC 7488 §3): `ADDR:PORT`. */
  readonly server: string
  /**
   * What we send from. Undefined for a mapping of a LAN host: that belongs to the host's own address, and is the same
   * one whichever of ours asks for it (§13.1).
   */
  readonly client?: IpAddress | undefined
  /** What the router's own mappings lead to, where that is not `client` (RFC 7488 §5). */
  readonly self?: Ipv4Address | undefined
}

/** What may stand at a place where nothing is asked for any more. */
export interface Standing {
  readonly place: Place
  /** When it has ended even if nobody deletes it. */
  readonly until: Millis
}

/** How long a PCP server said that it has its state, and when it said so. */
export interface KnownEpoch {
  /** As `Place` has it. */
  readonly server: string
  readonly seconds: Seconds
  readonly at: Millis
}

/** Does who asks at `here` ask for what stands at `place`? */
export const isAt = (place: Place, here: Place): boolean =>
  place.server === here.server &&
  (place.client === undefined || (leadsTo(place) === leadsTo(here) && isSameCustomer(place, here)))

/** The internal address of the router's own mappings. */
const leadsTo = ({ client, self }: Place): IpAddress | undefined => self ?? client

/**
 * A server with addresses of both families has one mapping, whether we ask over IPv4 for ourselves or over IPv6 for our IPv4
 * address (RFC 7488 §5). Two IPv6 addresses may be two customers to it: behind DS-Lite all have the same IPv4 address.
 */
const isSameCustomer = (place: Place, here: Place): boolean =>
  place.client === here.client || place.self === undefined || here.self === undefined
