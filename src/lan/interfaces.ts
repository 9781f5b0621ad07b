import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { type Ipv4Address, isIpv4, parsePrefix, type Prefix } from '../lib/ip.ts'
import type { Lan } from '../lib/lan.ts'

/** The interfaces of the machine that are up and have an address, by name. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

export const readInterfaces = (): Interfaces => networkInterfaces()

/** The interface `name` with its first IPv4 address; undefined while it has none, or does not exist. */
export function ipv4Interface(interfaces: Interfaces, name: string): Lan | undefined {
  for (const { cidr } of interfaces[name] ?? []) {
    const prefix = parsePrefix(cidr ?? '')
    if (!prefix) continue
    const { address, length } = prefix
    if (isIpv4(address)) return { name, address, prefix: { address, length } }
  }
  return undefined
}

/** Does the interface `name` have this address, among others? */
export const hasIpv4 = (interfaces: Interfaces, name: string, address: Ipv4Address): boolean =>
  (interfaces[name] ?? []).some(({ cidr }) => parsePrefix(cidr ?? '')?.address === address)

/** The LANs of the configuration. */
export interface LanNames {
  readonly interfaces: readonly string[]
  /** Networks behind other routers of the LANs. */
  readonly routed: readonly Prefix<Ipv4Address>[]
}

/** Those that have an IPv4 address, in the order of their names. */
export const lansOf = (now: Interfaces, { interfaces, routed }: LanNames): readonly Lan[] =>
  interfaces.flatMap((name) => {
    const lan = ipv4Interface(now, name)
    if (!lan) return []
    return [routed.length > 0 ? { ...lan, routed } : lan]
  })
