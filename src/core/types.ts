import type { IpAddress, Ipv4Address } from '../lib/ip.ts'
import type { Millis, Port, Seconds } from '../lib/units.ts'

/** RFC 6970 §4.1: only these two. */
export type Protocol = 'TCP' | 'UDP'

declare const brand: unique symbol
/** Names one port of one protocol. */
export type PortKey = number & { readonly [brand]: 'PortKey' }

/** The only place a PortKey is made; a number, as that takes no memory of its own. */
export const portKey = (protocol: Protocol, port: Port | 0): PortKey =>
  ((protocol === 'TCP' ? 0x1_0000 : 0) + port) as PortKey

/** The version of the service a control point called. It decides defaults and error codes. */
export type IgdVersion = 1 | 2

/** Who calls: a host on a LAN, by the address its request came from. */
export interface Caller {
  readonly address: Ipv4Address
  readonly version: IgdVersion
  /** The operator of the router, at the control socket: every port and every LAN host is his, as often as he asks. */
  readonly operator?: true
}

/** A RemoteHost: one address, or '' for anybody. */
export type RemoteHost = Ipv4Address | ''

/** What names an entry (WANIPConnection, PortMappingEntry): three values, no more. */
export interface EntryKey {
  readonly remoteHost: RemoteHost
  readonly externalPort: Port
  readonly protocol: Protocol
}

/** The lease of an entry: seconds as asked, or for ever (RFC 6970 §5.9). */
export type Lease = Seconds | 'infinite'

/** AddPortMapping, parsed. */
export interface AddRequest extends EntryKey {
  readonly internalPort: Port
  readonly internalClient: Ipv4Address
  readonly description: string
  readonly lease: Lease
  /** When that ends, where it began before: of what is asked back. */
  readonly leaseEnd?: Millis | 'never'
  /** The operator's own: no LAN host changes or deletes it, not even the one it leads to. */
  readonly static?: true | undefined
}

/** AddAnyPortMapping, parsed: the external port is a wish, 0 for none. */
export interface AddAnyRequest extends Omit<AddRequest, 'externalPort'> {
  readonly externalPort: Port | 0
}

/** DeletePortMappingRange and GetListOfPortMappings, parsed. */
export interface PortRange {
  readonly startPort: number
  readonly endPort: number
  readonly protocol: Protocol
  /** NewManage: others' entries too, as far as the caller has authority over them. */
  readonly manage: boolean
}

/** An entry as Get… shows it. */
export interface PortMappingEntry extends EntryKey {
  readonly internalPort: Port
  readonly internalClient: Ipv4Address
  readonly description: string
  /** Seconds left of the UPnP lease, never of the PCP lifetime; 0 means for ever. */
  readonly leaseDuration: Seconds
}

/** WANIPConnection's ConnectionStatus, as far as a router can tell. */
export type ConnectionStatus = 'Connected' | 'Connecting' | 'Disconnected'

/** An external address and port as the carrier assigned them. */
export interface External {
  readonly address: IpAddress
  readonly port: Port
}
