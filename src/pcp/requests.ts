import type { MapRequest, PcpMapping } from '../core/ports.ts'
import { ANY_IPV4, ANY_IPV6, type IpAddress, type Ipv4Address, isIpv4 } from '../lib/ip.ts'
import { describedAs } from './description.ts'
import { PROTOCOL_NUMBER } from './wire/constants.ts'
import type { Nonce, Option, Request } from './wire/message.ts'

/** Who asks, and under which nonce. */
export interface Asker {
  readonly clientAddress: IpAddress
  readonly nonce: Nonce
}

/** What fits in 1100 octets beside MAP, THIRD_PARTY, PREFER_FAILURE, DESCRIPTION and the FILTER that clears (§7). */
const MAX_FILTERS = 35

/** §13.3: a prefix of an IPv4 address counts from the start of ::ffff:0:0/96. */
const HOST_PREFIX = 128

export const internalAddressOf = (mapping: PcpMapping, clientAddress: IpAddress): IpAddress =>
  mapping.internalAddress ?? clientAddress

/** §13.1: THIRD_PARTY must not name the client's own address. */
export function thirdPartyOf(mapping: PcpMapping, clientAddress: IpAddress): IpAddress | undefined {
  return mapping.internalAddress === clientAddress ? undefined : mapping.internalAddress
}

/** RFC 6887 §11.2. */
export function mapRequest(request: MapRequest, asker: Asker): Request {
  const external = {
    externalPort: request.suggestedPort,
    externalAddress: request.suggestedAddress ?? allZeros(request, asker),
  }
  return {
    ...common(request, asker, external),
    lifetime: request.lifetime,
    options: [
      ...thirdParty(request, asker),
      ...(request.preferFailure ? [{ option: 'PREFER_FAILURE' } as const] : []),
      ...filters(request.remotePeers),
      ...description(request),
    ],
  }
}

/** §15.1: lifetime, suggested port and address are zero; PREFER_FAILURE and FILTER would be malformed. */
export function deleteRequest(mapping: PcpMapping, asker: Asker): Request {
  const external = { externalPort: 0, externalAddress: allZeros(mapping, asker) }
  return { ...common(mapping, asker, external), lifetime: 0, options: thirdParty(mapping, asker) }
}

/** §14.1.2. */
export const announceRequest = (clientAddress: IpAddress): Request => ({
  clientAddress,
  lifetime: 0,
  body: { opcode: 'ANNOUNCE' },
  options: [],
})

interface Suggested {
  readonly externalPort: number
  readonly externalAddress: IpAddress
}

function common(
  mapping: PcpMapping,
  { clientAddress, nonce }: Asker,
  suggested: Suggested,
): Pick<Request, 'clientAddress' | 'body'> {
  const { internalPort } = mapping
  const map = { nonce, protocol: PROTOCOL_NUMBER[mapping.protocol], internalPort, ...suggested }
  return { clientAddress, body: { opcode: 'MAP', map } }
}

/** §5, §11.1: no preference is said with the all-zeros address of the mapping's family. */
const allZeros = (mapping: PcpMapping, { clientAddress }: Asker): IpAddress =>
  isIpv4(internalAddressOf(mapping, clientAddress)) ? ANY_IPV4 : ANY_IPV6

function thirdParty(mapping: PcpMapping, { clientAddress }: Asker): readonly Option[] {
  const internalAddress = thirdPartyOf(mapping, clientAddress)
  return internalAddress === undefined ? [] : [{ option: 'THIRD_PARTY', internalAddress }]
}

/** RFC 7220 §3: an empty one would erase what the server has. */
function description(request: MapRequest): readonly Option[] {
  const text = describedAs(request.description)
  return text.length === 0 ? [] : [{ option: 'DESCRIPTION', text }]
}

/**
 * §13.3: a server adds filters to those it has, so the list starts with the one that clears. Where the list does
 * not fit, everybody is let through: the router's own NAT keeps out who is not welcome.
 */
function filters(peers: readonly Ipv4Address[] | undefined): readonly Option[] {
  if (peers === undefined) return []
  const listed = peers.length > MAX_FILTERS ? [] : peers
  const clear = { option: 'FILTER', prefixLength: 0, remotePort: 0, remoteAddress: ANY_IPV6 } as const
  return [clear, ...listed.map((remoteAddress) => ({ ...clear, prefixLength: HOST_PREFIX, remoteAddress }))]
}
