import { readFile } from 'node:fs/promises'
import { fromBytes, type IpAddress, isUnspecified, parseIpv4 } from '../../lib/ip.ts'

// The default routers, from the kernel's tables of routes (RFC 6887 §8.1).

/** RTF_UP and RTF_GATEWAY of linux/route.h. */
const USABLE = 0x3

interface Route {
  readonly address: IpAddress
  readonly metric: number
}

/** The router of the default route with the least metric on `wan`, from /proc/net/route. */
export const defaultRouterOf = (table: string, wan: string): IpAddress | undefined =>
  best(
    table.split('\n').map((line) => {
      const [name, destination, gateway = '', flags = '', , , metric, mask] = line.trim().split(/\s+/)
      const isDefault = name === wan && destination === '00000000' && mask === '00000000'
      return isDefault ? route(littleEndian(gateway), flags, Number(metric)) : undefined
    }),
  )

/** The same from /proc/net/ipv6_route, where numbers are hexadecimal and addresses as they are sent. */
export const defaultIpv6RouterOf = (table: string, wan: string): IpAddress | undefined =>
  best(
    table.split('\n').map((line) => {
      const [destination, length, , , gateway = '', metric = '', , , flags = '', name] = line
        .trim()
        .split(/\s+/)
      const isDefault = name === wan && length === '00' && /^0{32}$/.test(destination ?? '')
      return isDefault ? route(ipv6(gateway), flags, parseInt(metric, 16)) : undefined
    }),
  )

function route(address: IpAddress | undefined, flags: string, metric: number): Route | undefined {
  const isUsable = (parseInt(flags, 16) & USABLE) === USABLE
  return isUsable && address !== undefined && !isUnspecified(address) ? { address, metric } : undefined
}

const best = (routes: readonly (Route | undefined)[]): IpAddress | undefined =>
  routes.flatMap((found) => found ?? []).sort((a, b) => a.metric - b.metric)[0]?.address

/** The table writes an address as the machine's number for it, which is the wrong way round on all that we run on. */
function littleEndian(hex: string): IpAddress | undefined {
  const octets = /^[0-9A-F]{8}$/i.test(hex) ? Buffer.from(hex, 'hex').reverse() : Buffer.of()
  return parseIpv4(octets.join('.'))
}

const ipv6 = (hex: string): IpAddress | undefined =>
  /^[0-9A-F]{32}$/i.test(hex) ? fromBytes(Buffer.from(hex, 'hex')) : undefined

/** The kernel's tables of routes, as text. */
export interface RouteTables {
  readonly ipv4: () => Promise<string>
  readonly ipv6: () => Promise<string>
}

export const routeTables: RouteTables = {
  ipv4: () => readFile('/proc/net/route', 'latin1'),
  ipv6: () => readFile('/proc/net/ipv6_route', 'latin1'),
}
