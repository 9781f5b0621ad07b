import type { ServerSource } from '../../core/ports.ts'
import { type IpAddress, inPrefix, isIpv4, parsePrefix, type Prefix } from '../../lib/ip.ts'
import type { Endpoint } from '../socket.ts'
import { SERVER_PORT } from '../wire/constants.ts'
import type { ServerAddresses } from './dhcp-options.ts'

// RFC 6887 §8.1, RFC 7723 §2.1: of what is known, which PCP servers are asked. Pure.

/** One PCP server by its addresses, the preferred first. */
export type Server = readonly Endpoint[]

export interface Choice {
  /** The one source that counts. */
  readonly source: ServerSource | 'nowhere'
  /** Which to use, the preferred first. For a NAT one at a time: it has one external address to show (RFC 7488 §4). */
  readonly servers: readonly Server[]
  /** Which may be there: they are asked for a sign of life before anything else. */
  readonly guesses: readonly Server[]
}

export interface Sources {
  readonly configured: Server
  readonly dhcp: readonly ServerAddresses[]
  readonly routers: readonly IpAddress[]
  /** `pcp.anycast`. */
  readonly anycast: boolean
  /** The interface towards the carrier, where link-local addresses are meant. */
  readonly wan: string
}

/** RFC 7723 §4. They travel as far as a carrier is wide: beyond that is nobody whom our requests concern (§5.1). */
const HOPS = 16
const ANYCAST: readonly IpAddress[] = ['192.0.0.9/32', '2001:1::1/128'].flatMap(
  (text) => parsePrefix(text)?.address ?? [],
)

const LINK_LOCAL = parsePrefix('fe80::/10')

export function choose({ configured, dhcp, routers, anycast, wan }: Sources): Choice {
  const at = (address: IpAddress): Endpoint => located({ address, port: SERVER_PORT }, wan)
  if (configured.length > 0)
    return {
      source: 'static',
      servers: [configured.map((server) => located(server, wan))],
      guesses: [],
    }
  if (dhcp.length > 0)
    return { source: 'dhcp', servers: dhcp.map((addresses) => sorted(addresses).map(at)), guesses: [] }
  const guesses = anycast ? ANYCAST.map((address) => [at(address)]) : []
  const servers = routers.map((router) => [at(router)])
  const source = servers.length > 0 ? 'default-router' : anycast ? 'anycast' : 'nowhere'
  return { source, servers, guesses }
}

/** RFC 7488 §3, RFC 6724 §6: what is mapped is IPv4, so IPv4 goes first; else the order is the carrier's. */
const sorted = (addresses: ServerAddresses): readonly IpAddress[] => [
  ...addresses.filter((address) => isIpv4(address)),
  ...addresses.filter((address) => !isIpv4(address)),
]

/** How a server is reached that is beyond the interface `wan`. */
export function located({ address, port }: Endpoint, wan: string): Endpoint {
  if (ANYCAST.includes(address)) return { address, port, hops: HOPS }
  return isLinkLocal(address) ? { address, port, zone: wan } : { address, port }
}

const isLinkLocal = (address: IpAddress): boolean => LINK_LOCAL !== undefined && inPrefix(address, LINK_LOCAL)

/**
 * RFC 7291 §8: whoever can answer our DHCP client can name a server. One on a LAN is none of the carrier's, so what
 * lies in `networks` is refused.
 */
export function withoutLocal(
  servers: readonly ServerAddresses[],
  networks: readonly Prefix[],
): { readonly taken: readonly ServerAddresses[]; readonly refused: readonly IpAddress[] } {
  const isLocal = (address: IpAddress) => networks.some((network) => inPrefix(address, network))
  const taken = servers.map((addresses) => addresses.filter((address) => !isLocal(address)))
  return { taken: taken.filter(({ length }) => length > 0), refused: servers.flat().filter(isLocal) }
}

export const sameChoice = (a: Choice, b: Choice): boolean => JSON.stringify(a) === JSON.stringify(b)
