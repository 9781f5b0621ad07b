import type { Clock, Random } from '../lib/clock.ts'
import type { IpAddress, Ipv4Address } from '../lib/ip.ts'
import type { Log } from '../lib/log.ts'
import type { MacAddress } from '../lib/mac.ts'
import type { Millis, Port, Seconds } from '../lib/units.ts'
import type { ResultName } from '../pcp/wire/constants.ts'
import type { Place } from './place.ts'
import type { ClaimRecord } from './record.ts'
import type { External, Protocol } from './types.ts'

// Everything the core asks of the outside. Only main.ts and test/support join it to something real.

export interface Ports {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly pcp: PcpPort
  readonly nat: NatPort
  readonly store: StorePort
  readonly hosts: HostsPort
}

/** One mapping as the PCP server is to have it (RFC 6887 §11). */
export interface PcpMapping {
  readonly protocol: Protocol
  /** The LAN host, where the CPE does no NAT (THIRD_PARTY, RFC 6970 §5.4); undefined: the client's own address. */
  readonly internalAddress: Ipv4Address | undefined
  readonly internalPort: Port
  /**
   * Counts the lives of this (protocol, address, port): the nonce is derived from it, so it stays the same over
   * retransmission, renewal and delete, and a mapping made anew never shares one with its predecessor (§11.2).
   */
  readonly generation: number
  /** The generation by whose nonce the server knows it, as it told, where that is another (§11.3). */
  readonly knownAs?: number | undefined
  /** Where it stands, or is asked for; undefined: wherever is asked now. */
  readonly place?: Place | undefined
}

export interface MapRequest extends PcpMapping {
  /** Suggested external port, 0 for no preference. */
  readonly suggestedPort: Port | 0
  /** Suggested external address, undefined for no preference. */
  readonly suggestedAddress: IpAddress | undefined
  /** Requested lifetime, 1..2^32-1. */
  readonly lifetime: Seconds
  readonly preferFailure: boolean
  /**
   * FILTER: the only remote hosts let through; none listed lets everybody through again. Undefined: the mapping was
   * never filtered, so nothing is said of it.
   */
  readonly remotePeers: readonly Ipv4Address[] | undefined
  /** What the control point calls it, for DESCRIPTION (RFC 7220); '' for nothing. */
  readonly description: string
  /** 'until-answered' follows RFC 6887 §8.1.1 until the signal ends it; 'once' sends one packet (§11.2.1). */
  readonly sending: 'until-answered' | 'once'
  /** Is the mapping one that was granted before? Nobody waits for that, so it may wait its turn. */
  readonly renews: boolean
}

export interface PcpGranted {
  readonly kind: 'granted'
  readonly external: External
  readonly lifetime: Seconds
  /** When the answered request left: lifetimes are counted from here, the safe side. */
  readonly sentAt: Millis
  /** The options that the server says it processed (§7.3); without it, none. */
  readonly processed?: readonly OptionName[]
  /** As `PcpMapping` has it. */
  readonly knownAs?: number | undefined
}

export interface PcpRefused {
  readonly kind: 'refused'
  /** 'UNKNOWN' for codes no registry had (RFC 6970 §4.3: treated like the other failures). */
  readonly result: ResultName | 'UNKNOWN'
  /** How long the server wants this request not repeated. */
  readonly lifetime: Seconds
}

/** Options of MAP that a server may have or not (RFC 6887 §13.2, §13.3), and that a request can do without. */
export type OptionName = 'PREFER_FAILURE' | 'FILTER'

/** No answer before the signal ended the wait. Normal, so a value and no exception. */
export interface PcpSilent {
  readonly kind: 'silent'
}

/** Another place is asked now than the one of the request. It may have been sent there, and done, before. */
export interface PcpElsewhere {
  readonly kind: 'elsewhere'
}

export type PcpOutcome = PcpGranted | PcpRefused | PcpSilent

export interface PcpDeleted {
  readonly kind: 'deleted'
  /** How long the server still forwards (RFC 6887 §15); 0 as a rule. */
  readonly lifetime: Seconds
}

/** A way to a PCP server. Never rejects: what can go wrong on a network is an outcome. */
export interface PcpLink {
  map(request: MapRequest, signal: AbortSignal): Promise<PcpOutcome>
  unmap(mapping: PcpMapping, signal: AbortSignal): Promise<PcpDeleted | PcpRefused | PcpSilent>
}

/** The carrier, by whichever server and address stands for it now. */
export interface PcpPort {
  /** False while nobody answers, or no server is known: then a new mapping is not worth the wait. */
  readonly reachable: boolean
  /** Where requests go now; undefined while there is nobody to ask. */
  readonly place: Place | undefined
  /** Can what stands at this place be deleted now, as far as is known? */
  reaches(place: Place): boolean
  /** Asks at the place of the request and nowhere else; where it has none, nothing is sent. */
  map(request: MapRequest, signal: AbortSignal): Promise<PcpOutcome | PcpElsewhere>
  /** Deletes at the place of the mapping, as soon as there is a way to that. */
  unmap(mapping: PcpMapping, signal: AbortSignal): Promise<PcpDeleted | PcpRefused | PcpSilent>
}

/** Where the address of a PCP server comes from. */
export type ServerSource = 'static' | 'dhcp' | 'default-router' | 'anycast'

/** The server in use, as whoever speaks to it knows it. */
export interface ServerFacts {
  readonly address: string
  readonly source: ServerSource
  readonly protocol: 'PCP' | 'NAT-PMP'
  readonly reachable: boolean
  /** Undefined: never. */
  readonly heardAt: Millis | undefined
  /** Its epoch in seconds, and when that was read. */
  readonly epoch: { readonly server: number; readonly client: Millis } | undefined
}

/** What the carrier says unasked. The core implements it; whoever speaks PCP calls it. */
export interface PcpEvents {
  /** Another server, or another address of ours: nothing that was learnt or made is valid there. */
  switched(): void
  /** There is nobody to ask, or no address of ours to ask from. */
  lost(): void
  /** The server lost its state: all mappings have to be made anew (RFC 6887 §8.5, §14.1). */
  lostState(): void
  /** The server answers again after it did not. */
  returned(): void
  /** Somebody, perhaps the server, says so without proof: ask for one mapping, whose answer decides. */
  doubtful(): void
  /** How a mapping of ours stands now (RFC 6887 §14.2). */
  mappingUpdate(mapping: PcpMapping, outcome: PcpGranted | PcpRefused): void
}

/** One mapping as the router's own NAT is to have it. */
export interface NatRule {
  readonly protocol: Protocol
  /** Port on the WAN address: the PCP internal port (RFC 6970 §5.5). */
  readonly wanPort: Port
  readonly client: Ipv4Address
  readonly clientPort: Port
  /** The only remote hosts let in; empty for everybody. */
  readonly remoteHosts: readonly Ipv4Address[]
  /** As the carrier assigned it, so that LAN hosts reach it too; undefined while unknown. */
  readonly external: External | undefined
}

export interface TimedRule {
  readonly rule: NatRule
  /** From now on. */
  readonly timeout: Seconds
}

/** The router's own NAT. Rejects when the kernel refuses: then nothing was set, and what was to go goes later. */
export interface NatPort {
  /** Creates the rule or replaces what stands at its WAN port, for `timeout` seconds from now. */
  set(rule: NatRule, timeout: Seconds): Promise<void>
  /** Ends forwarding at this WAN port, running flows too. Absent is fine. */
  remove(protocol: Protocol, wanPort: Port): Promise<void>
  /** WAN ports by which data flows now, whatever the protocol. Never rejects: none where that cannot be told. */
  busyWanPorts(): Promise<ReadonlySet<Port>>
}

/** What the router knows of the hosts on its LANs. */
export interface HostsPort {
  /** Who has this address now: by the DHCP server's leases, else by the neighbour table. */
  macOf(address: Ipv4Address): MacAddress | undefined
}

/** What outlives a crash. It says itself when the disk takes nothing. */
export interface StorePort {
  /**
   * Keeps `record` in place of the one of its generation. Resolves when that would survive a crash. Rejects when the
   * disk takes nothing now: it is kept in memory then, and written as soon as the disk takes it.
   */
  put(record: ClaimRecord): Promise<void>
  /** Forgets the record of this generation, as `put` keeps one. */
  drop(generation: number): Promise<void>
}
