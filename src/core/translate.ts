import { type IpAddress, type Ipv4Address, isUnspecified } from '../lib/ip.ts'
import type { Port, Seconds } from '../lib/units.ts'
import { type Claim, type ClaimName, type Entry, type Mapping, remoteHosts } from './mapping.ts'
import type { MapRequest, NatRule, PcpMapping } from './ports.ts'
import type { External, RemoteHost } from './types.ts'

// What a port mapping is in the words of PCP and of the router's NAT (RFC 6970 §5.4, §5.5, §5.6). Pure.

/** §5.5: behind NAT the server sees the WAN port and never a LAN address; §5.4: without NAT it sees the LAN host. */
export const pcpMapping = (claim: ClaimName): PcpMapping => ({
  protocol: claim.protocol,
  internalAddress: claim.wanPort !== undefined || isUnspecified(claim.client) ? undefined : claim.client,
  internalPort: claim.wanPort ?? claim.internalPort,
  generation: claim.generation,
  knownAs: claim.knownAs,
  place: claim.place,
})

/** What a control point wants of the carrier. */
export interface Wish {
  readonly externalPort: Port | 0
  /** §5.6.2: this port or none. Never with port 0, which the server would refuse as malformed. */
  readonly preferFailure: boolean
  readonly remoteHost: RemoteHost
  readonly lifetime: Seconds
  readonly description: string
  /** RFC 6887 §10: the address the other mappings have, so that all share one. */
  readonly externalAddress: IpAddress | undefined
}

export const firstRequest = (claim: Claim, wish: Wish): MapRequest => ({
  ...pcpMapping(claim),
  suggestedPort: wish.externalPort,
  suggestedAddress: wish.externalAddress,
  lifetime: wish.lifetime,
  preferFailure: wish.preferFailure,
  remotePeers: wish.remoteHost === '' ? undefined : [wish.remoteHost],
  description: wish.description,
  sending: 'until-answered',
  renews: false,
})

/** The carrier knows one description of a mapping, where control points may have several entries of it. */
const firstEntry = ({ entries }: Mapping): Entry | undefined => entries.values().next().value

/** RFC 6887 §11.2.1: a renewal suggests what is assigned now. */
export const renewalRequest = (
  mapping: Mapping,
  lifetime: Seconds,
): Omit<MapRequest, 'preferFailure' | 'sending'> => ({
  ...pcpMapping(mapping.claim),
  suggestedPort: mapping.externalPort,
  suggestedAddress: mapping.grant.external.address,
  lifetime,
  remotePeers: mapping.filtered ? remoteHosts(mapping) : undefined,
  description: firstEntry(mapping)?.description ?? '',
  renews: true,
})

/** The rule of a claim that the carrier has not answered yet; undefined where the router does no NAT. */
export const firstRule = (claim: Claim, remoteHost: RemoteHost): NatRule | undefined =>
  ruleFor(claim, remoteHost === '' ? [] : [remoteHost], undefined)

export const ruleOf = (mapping: Mapping): NatRule | undefined =>
  ruleFor(mapping.claim, remoteHosts(mapping), mapping.grant.external)

/** Of one shape, whoever asks: there is one for each mapping. */
const ruleFor = (
  { client, internalPort: clientPort, protocol, wanPort }: Claim,
  peers: readonly Ipv4Address[],
  external: External | undefined,
): NatRule | undefined =>
  wanPort === undefined ? undefined : { protocol, wanPort, client, clientPort, remoteHosts: peers, external }
