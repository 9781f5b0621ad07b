import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { isIpv4, parsePrefix } from '../lib/ip.ts'
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

/** Those of `names` that have an IPv4 address, in the order of `names`. */
export const lansOf = (interfaces: Interfaces, names: readonly string[]): readonly Lan[] =>
  names.flatMap((name) => ipv4Interface(interfaces, name) ?? [])
