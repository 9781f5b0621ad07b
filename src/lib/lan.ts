import type { Ipv4Address, Prefix } from './ip.ts'

/** One LAN of the router: an interface and the address the router has there. */
export interface Lan {
  /** Name of the interface, as the kernel has it. */
  readonly name: string
  readonly address: Ipv4Address
  readonly prefix: Prefix<Ipv4Address>
}

export const sameLan = (a: Lan, b: Lan): boolean =>
  a.name === b.name && a.address === b.address && a.prefix.length === b.prefix.length

/** In any order. */
export const sameLans = (a: readonly Lan[], b: readonly Lan[]): boolean =>
  a.length === b.length && a.every((lan) => b.some((other) => sameLan(lan, other)))
