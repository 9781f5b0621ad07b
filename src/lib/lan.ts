import type { Ipv4Address, Prefix } from './ip.ts'

/** One LAN of the router: an interface and the address the router has there. */
export interface Lan {
  /** Name of the interface, as the kernel has it. */
  readonly name: string
  readonly address: Ipv4Address
  readonly prefix: Prefix<Ipv4Address>
}
