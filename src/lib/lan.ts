import { type Ipv4Address, inPrefix, isHostAddress, type Prefix } from './ip.ts'

/** One LAN of the router: an interface and the address the router has there. */
export interface Lan {
  /** Name of the interface, as the kernel has it. */
  readonly name: string
  readonly address: Ipv4Address
  readonly prefix: Prefix<Ipv4Address>
  /** Networks behind other routers of the LAN, whose hosts are served as if they were on it. */
  readonly routed?: readonly Prefix<Ipv4Address>[]
}

/** For people: `br-lan 192.168.1.1/24`. */
export const textOfLan = ({ address, name, prefix }: Lan): string => `${name} ${address}/${prefix.length}`

/** Does the sender of what came in on this LAN belong there? */
export const belongsTo = ({ prefix, routed = [] }: Lan, address: Ipv4Address): boolean =>
  [prefix, ...routed].some((network) => inPrefix(address, network))

/** Can a host of this LAN have the address? The router's own, and those that mean a whole network, cannot. */
export const isLanHost = ({ address: own, prefix, routed = [] }: Lan, address: Ipv4Address): boolean =>
  address !== own && [prefix, ...routed].some((network) => isHostAddress(address, network))

export const sameLan = (a: Lan, b: Lan): boolean =>
  a.name === b.name && a.address === b.address && a.prefix.length === b.prefix.length

/** In any order. */
export const sameLans = (a: readonly Lan[], b: readonly Lan[]): boolean =>
  a.length === b.length && a.every((lan) => b.some((other) => sameLan(lan, other)))
