import type { STATE, State } from './state.ts'
import type { OptionName, ServerSource } from './ports.ts'
import type { ConnectionStatus, Protocol } from './types.ts'

// How things are, as plain data for whoever looks: the control socket, the status page, TR-181. Names follow
// draft-boucadair-pcp-yang (module ietf-pcp-iwf) where it has one. Times are seconds and addresses text, so that
// JSON holds it as it is. A change that breaks a reader changes STATUS_VERSION; a new member does not.

export const STATUS_VERSION = 1

export interface Status {
  readonly version: typeof STATUS_VERSION
  /** When it was so, ISO 8601. */
  readonly time: string
  readonly daemon: DaemonStatus
  readonly health: Health
  /** The gravest first. */
  readonly problems: readonly Problem[]
  readonly lans: readonly LanStatus[]
  readonly wan: WanStatus
  readonly nat: NatStatus
  /** Null while no server is known. */
  readonly server: ServerStatus | null
  readonly connectionStatus: ConnectionStatus
  /** The carrier's, null until it told one. */
  readonly externalIpAddress: string | null
  /** The most mappings that the carrier lets this line have; null while that is not known. */
  readonly carrierQuota: number | null
  /** What the server turned out to have. */
  readonly options: Readonly<Record<OptionName, Support>>
  readonly counters: Counts
  /** In the order in which they were made. */
  readonly mappings: readonly MappingStatus[]
  /** The newest last. */
  readonly events: readonly EventStatus[]
}

interface DaemonStatus {
  readonly version: string
  /** Seconds. */
  readonly uptime: number
}

/** ok: it works; waiting: nothing is known yet; warning: it works but for something; error: it does not. */
type Severity = 'ok' | 'waiting' | 'warning' | 'error'

export interface Health {
  readonly severity: Severity
  /** The state of things in one sentence. */
  readonly sentence: string
}

export interface Problem {
  /** Stays the same over versions. */
  readonly id: ProblemId
  readonly severity: 'warning' | 'error'
  /** What is wrong: one clause that can stand after a colon. */
  readonly cause: string
  /** What to do about it, with a command where there is one. */
  readonly cure: string
}

export const PROBLEM_IDS = [
  'wan-address',
  'lan-address',
  'no-server',
  'carrier-silent',
  'address-mismatch',
  'not-authorized',
  'third-party',
  'carrier-quota',
  'carrier-full',
  'carrier-refuses',
  'external-address',
  'table-full',
  'router-nat',
  'state-dir',
  'rival',
] as const
type ProblemId = (typeof PROBLEM_IDS)[number]

interface LanStatus {
  readonly interface: string
  /** Null while the interface has none. */
  readonly ipAddress: string | null
  readonly prefixLength: number | null
}

interface WanStatus {
  readonly interface: string
  readonly ipAddress: string | null
}

interface NatStatus {
  readonly mode: 'nftables' | 'none'
}

export interface ServerStatus {
  /** Address and port. */
  readonly address: string
  readonly source: ServerSource
  readonly protocol: 'PCP' | 'NAT-PMP'
  /** Is it worth asking it for something new? */
  readonly reachable: boolean
  /** Seconds since it was last heard; null: never. */
  readonly lastAnswer: number | null
  /** Seconds that it has its state for, by its own account (RFC 6887 §8.5); null until it told. */
  readonly epoch: number | null
}

/** `unknown` until the server refused the option, or did as it says. */
export type Support = 'unknown' | 'refused' | 'supported'

/** Since the start of the daemon. */
export interface Counts {
  /** SOAP calls by action and result: `AddPortMapping 200`, `AddPortMapping 718`. */
  readonly requests: Readonly<Record<string, number>>
  /** What became of what the carrier was asked: `MAP SUCCESS`, `MAP silent`, `DELETE SUCCESS`. */
  readonly pcp: Readonly<Record<string, number>>
  readonly retransmissions: number
  readonly renewals: number
  readonly epochLosses: number
  readonly natFailures: number
  /** Records that the journal could not write when it was asked to. */
  readonly stateWriteFailures: number
}

export interface MappingStatus {
  readonly protocol: Protocol
  readonly internalIpAddress: string
  readonly internalPort: number
  /** Port of the WAN address, where the router does NAT. */
  readonly wanPort: number | null
  readonly externalIpAddress: string
  readonly externalPort: number
  /** assigned: as the carrier last said; stale: it was granted once, and is not in force or not as wanted. */
  readonly status: (typeof STATE)[State]['status']
  /** Made by the operator, and not by a control point. */
  readonly static: boolean
  /** The carrier's operator made it there: it stays when it is deleted here. */
  readonly carrierStatic: boolean
  /** The state of the mapping in the core's own words. */
  readonly state: State
  /** PCP lifetime as granted, seconds. */
  readonly lifetime: number
  /** What is left of it; 0 when it is over. */
  readonly lifetimeLeft: number
  /** Seconds until the carrier is asked again; null while an answer is awaited. */
  readonly nextRenewal: number | null
  readonly entries: readonly EntryStatus[]
}

/** What control points see of a mapping. */
export interface EntryStatus {
  /** '' for anybody. */
  readonly remoteHost: string
  readonly description: string
  /** Seconds as asked; 0 for ever. */
  readonly lease: number
  /** Seconds left; 0 for ever. */
  readonly leaseLeft: number
}

export interface EventStatus {
  /** ISO 8601. */
  readonly time: string
  readonly level: 'info' | 'warn' | 'error'
  /** What happened, in plain words. */
  readonly text: string
  /** What it happened to, by name. Hosts on the network may have chosen values: escape them. */
  readonly details: Readonly<Record<string, unknown>>
}
