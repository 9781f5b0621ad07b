import type { Ipv4Address } from '../../lib/ip.ts'
import type { Lan } from '../../lib/lan.ts'
import type { Port } from '../../lib/units.ts'

// What the SSDP server needs of UDP. Two kinds of sockets, because a socket that hears the group on every
// interface must never send, and one that sends must have no other way out than its LAN.

export interface Datagram {
  readonly bytes: Uint8Array
  readonly address: Ipv4Address
  readonly port: Port
}

export type Receive = (datagram: Datagram) => void

/** Hears what is sent to the group on the LANs it has joined. */
export interface GroupSocket {
  /** Joins on the interface that has `address`; joining again is fine. Throws when nobody has it. */
  join(address: Ipv4Address): void
  /** Leaves there, even when the interface is gone. Throws when it was not joined. */
  leave(address: Ipv4Address): void
  close(): Promise<void>
}

/** Bound to the router's address on one LAN: hears unicast there, and all that is sent there leaves through it. */
export interface LanSocket {
  /** Multicast leaves through the interface that has the address now. Throws when there is none. */
  takeInterface(): void
  /** Rejects when the system refuses to send. */
  send(bytes: Uint8Array, port: number, to: string): Promise<void>
  close(): Promise<void>
}

/** Opening rejects with an error that says what is in the way. */
export interface SsdpSockets {
  group(receive: Receive): Promise<GroupSocket>
  lan(lan: Lan, receive: Receive): Promise<LanSocket>
}
