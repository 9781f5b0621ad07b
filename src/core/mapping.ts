import type { Ipv4Address } from '../lib/ip.ts'
import type { MacAddress } from '../lib/mac.ts'
import type { Millis, Port, Seconds } from '../lib/units.ts'
import type { Census } from './census.ts'
import type { Place, Standing } from './place.ts'
import type { PcpMapping } from './ports.ts'
import { type Event, next, STATE, type State } from './state.ts'
import type { External, Lease, Protocol, RemoteHost } from './types.ts'

// A mapping is what the carrier holds; entries are what control points see of it. WANIPConnection names an entry
// by remote host, external port and protocol, PCP knows one mapping per external port with the remote hosts as
// its FILTERs, so entries of one port share one mapping.

/** What the carrier granted last. */
export interface Grant {
  readonly external: External
  /** PCP lifetime in force. */
  readonly lifetime: Seconds
  /** When the request left that was granted; the lifetime counts from here. */
  readonly from: Millis
  /** The carrier has it as one of its own, for ever: a delete does not end it there. */
  readonly static: boolean
}

/**
 * One life of an internal port at the carrier: what the PCP server knows a mapping by, and for whom it stands.
 * It is opened before the first packet and closed when the server surely holds nothing of it any more.
 */
export interface Claim {
  readonly protocol: Protocol
  /** The LAN host; 0.0.0.0 for the router itself. Behind NAT the carrier does not notice when it is another. */
  client: Ipv4Address
  internalPort: Port
  /** Port on the WAN address where the router does NAT; undefined where it does not (RFC 6970 §5.4, §5.5). */
  readonly wanPort: Port | undefined
  readonly generation: number
  /** The generation by whose nonce the carrier knows it, where that is another: an earlier life that it still holds. */
  knownAs: number | undefined
  /** Where it was asked for last, changed by `arrive`; undefined: nowhere yet, or where nobody has noted. */
  place: Place | undefined
  /** Where it was asked for before and may stand still. */
  former: readonly Standing[]
  /** That `place` is where it says is on its way to the disk: nothing is sent there before. True when it got there. */
  noting: Promise<boolean> | undefined
  /** Changed by `happened` alone. */
  state: State
  /** Where its state is counted. */
  readonly census: Census
  /** Requests for it that are under way. */
  asking: number
  /** When the last one was answered or given up; undefined when there was none in this run. */
  askedAt: Millis | undefined
  /** Deletes that ended a moment ago: `noteDelete` adds one, and forgets those of before. */
  unmapped: readonly Unmapped[]
}

/** A delete that was answered or given up at `at`; copies of it may arrive for a while after that. */
export interface Unmapped {
  readonly place: Place | undefined
  readonly at: Millis
}

/** What a claim is about, whatever became of it. */
export type ClaimName = Omit<Claim, 'state' | 'asking' | 'askedAt' | 'census' | 'noting' | 'unmapped'>

/** `event` befell the claim. */
export function happened(claim: Claim, event: Event): void {
  const before = claim.state
  claim.state = next(before, event)
  if (claim.state !== before) claim.census.moved(before, claim.state)
}

/** The LAN host's end of a mapping. */
export type LanPort = Pick<Claim, 'protocol' | 'client' | 'internalPort'>

export interface Mapping {
  readonly claim: Claim
  externalPort: Port
  /** The LAN host's own address when it asked: who has its IP address later inherits nothing. */
  readonly mac: MacAddress | undefined
  /** Asked for by AddPortMapping: this external port or none. */
  preferFailure: boolean
  /** The operator's own, which no LAN host changes or deletes. */
  readonly static: boolean
  grant: Grant
  /** Once had an entry of one remote host alone, so the carrier may filter. */
  filtered: boolean
  /** One for each remote host, in the order of their creation; as a rule one alone. Changed by the table. */
  entries: readonly Entry[]
}

export interface Entry {
  readonly remoteHost: RemoteHost
  readonly mapping: Mapping
  readonly description: string
  readonly lease: Lease
  /** When the UPnP lease ends; it has a timer of its own, apart from the PCP lifetime (RFC 6970 §5.9). */
  readonly leaseEnd: Millis | 'never'
  /** Place in the order of creation, which GetGenericPortMappingEntry counts. */
  readonly order: number
}

/** The entry of one remote host. */
export const entryOf = ({ entries }: Mapping, remoteHost: RemoteHost): Entry | undefined =>
  entries.find((entry) => entry.remoteHost === remoteHost)

/** Has it left the table? Whoever still holds it must drop it. */
export const isRetired = ({ claim: { state } }: Mapping): boolean =>
  state === 'DELETING' || state === 'QUARANTINE' || state === 'GONE'

/** Has the carrier given it another port than its host knows? */
export const isStray = ({ externalPort, grant }: Mapping): boolean => grant.external.port !== externalPort

/** May control points see it? */
export const isShown = ({ claim }: Mapping): boolean => STATE[claim.state].shown

const EVERYBODY: readonly Ipv4Address[] = []

/** The remote hosts the mapping lets in; empty for everybody, as soon as one entry has no RemoteHost. */
export function remoteHosts({ entries }: Mapping): readonly Ipv4Address[] {
  const hosts = entries.map(({ remoteHost }) => remoteHost)
  const all = hosts.filter((host): host is Ipv4Address => host !== '')
  return all.length < hosts.length ? EVERYBODY : all
}

declare const internal: unique symbol
/** Names one internal port as the PCP server sees it. */
export type InternalKey = string & { readonly [internal]: 'InternalKey' }

/** The only place an InternalKey is spelled; joined, as what is kept for long is to be one string and no tree of them. */
export const internalKey = ({
  protocol,
  internalAddress,
  internalPort,
}: Omit<PcpMapping, 'generation'>): InternalKey =>
  [protocol, internalAddress ?? '', internalPort].join(':') as InternalKey
