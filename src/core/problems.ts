import type { IpAddress } from '../lib/ip.ts'
import { isBehindNat } from '../lib/private.ts'
import type { ResultName } from '../pcp/wire/constants.ts'
import type { Health, Problem, Status } from './status.ts'
import type { ConnectionStatus } from './types.ts'

/** What shows whether something is wrong. */
export interface Symptoms {
  readonly lans: readonly { readonly interface: string; readonly ipAddress: string | null }[]
  readonly wan: { readonly interface: string; readonly ipAddress: string | null }
  /** Undefined while no server is known. */
  readonly server: { readonly address: string; readonly reachable: boolean } | undefined
  readonly connectionStatus: ConnectionStatus
  /** Undefined while it is not known. */
  readonly externalIpAddress: IpAddress | undefined
  /** What the carrier refused last, undefined since it granted something. */
  readonly refusal: ResultName | 'UNKNOWN' | undefined
  /** The most mappings that the carrier lets this line have, undefined while that is not known. */
  readonly quota: number | undefined
  /** Why the router's own NAT refused its last change, undefined since it took one. */
  readonly natFailure: string | undefined
  /** The directory of the journal, and why it takes no writes; undefined while it does. */
  readonly unwritable: { readonly directory: string; readonly why: string } | undefined
  /** Another program of this router that is an Internet Gateway Device, too. */
  readonly rival: string | undefined
  readonly entries: number
  /** `access.total`. */
  readonly mostEntries: number
}

type Rule = (symptoms: Symptoms) => Problem | undefined

/** The order in which problems are shown: the cause of others stands before them. */
const RULES: readonly Rule[] = [
  wanAddress,
  routerNat,
  stateDir,
  noServer,
  carrierSilent,
  refused,
  carrierQuota,
  externalAddress,
  lanAddress,
  rival,
  tableFull,
]

/** Everything that is wrong, errors first. */
export function problemsOf(symptoms: Symptoms): readonly Problem[] {
  const all = RULES.flatMap((rule) => rule(symptoms) ?? [])
  return [
    ...all.filter(({ severity }) => severity === 'error'),
    ...all.filter(({ severity }) => severity === 'warning'),
  ]
}

interface Connection {
  readonly connectionStatus: ConnectionStatus
  /** Null while no server is known, `lastAnswer` null before its first. */
  readonly server: { readonly lastAnswer: number | null } | null
}

/** The state of things in one sentence. What one server answered says nothing of the next. */
export function healthOf(problems: readonly Problem[], { connectionStatus, server }: Connection): Health {
  const [worst] = problems
  if (worst?.severity === 'error')
    return { severity: 'error', sentence: `Port mapping does not work: ${worst.cause}.` }
  if (connectionStatus === 'Connecting' || server?.lastAnswer === null)
    return { severity: 'waiting', sentence: 'Waiting for the carrier’s first answer.' }
  if (worst) return { severity: 'warning', sentence: `Port mapping works, but ${worst.cause}.` }
  return { severity: 'ok', sentence: 'Port mapping works: the carrier answers.' }
}

function wanAddress({ server, wan }: Symptoms): Problem | undefined {
  if (wan.ipAddress !== null || server?.reachable) return undefined
  return {
    id: 'wan-address',
    severity: 'error',
    cause: `the WAN interface ${wan.interface} has no IPv4 address`,
    cure: `see "ip address show ${wan.interface}": bring the line up, or name the right interface in wan.interface`,
  }
}

function lanAddress({ lans }: Symptoms): Problem | undefined {
  const without = lans.filter((lan) => lan.ipAddress === null).map((lan) => lan.interface)
  if (without.length === 0) return undefined
  const all = without.length === lans.length
  return {
    id: 'lan-address',
    severity: all ? 'error' : 'warning',
    cause: `${all ? 'no LAN has' : 'these LANs have no'} ${all ? 'an ' : ''}IPv4 address (${without.join(', ')})`,
    cure: `see "ip address": give the interface an address, or name the right ones in lan.interfaces`,
  }
}

function noServer({ server, wan }: Symptoms): Problem | undefined {
  if (server || wan.ipAddress === null) return undefined
  return {
    id: 'no-server',
    severity: 'error',
    cause: 'no PCP server is known, and there is no way to one',
    cure: `see that "ip route show default" names ${wan.interface}, or correct wan.interface; else set the carrier’s PCP server in pcp.servers or with --pcp-server`,
  }
}

function carrierSilent({ connectionStatus, server }: Symptoms): Problem | undefined {
  if (!server || (server.reachable && connectionStatus !== 'Disconnected')) return undefined
  return {
    id: 'carrier-silent',
    severity: 'error',
    cause: `the PCP server ${server.address} does not answer`,
    cure: 'ask the carrier whether PCP is enabled on this line, and see that pcp.servers names its server',
  }
}

const refusing = (result: ResultName | 'UNKNOWN', cure: string): Omit<Problem, 'severity'> => ({
  id: 'carrier-refuses',
  cause: `the carrier refuses port mapping (${result})`,
  cure,
})

/** RFC 6887 §7.4, as far as it is about the line and not about one request. */
const REFUSALS: Partial<Record<ResultName | 'UNKNOWN', Omit<Problem, 'severity'>>> = {
  ADDRESS_MISMATCH: {
    id: 'address-mismatch',
    cause: 'another NAT stands between this router and the PCP server (ADDRESS_MISMATCH)',
    cure: 'set the box in front of this router to bridge mode and restart igd-pcp, or name that box in pcp.servers if it speaks PCP',
  },
  NOT_AUTHORIZED: {
    id: 'not-authorized',
    cause: 'the carrier does not allow port mapping on this line (NOT_AUTHORIZED)',
    cure: 'ask the carrier to allow it; if this router was replaced, old mappings end with their lifetime',
  },
  UNSUPP_OPTION: {
    id: 'third-party',
    cause: 'the carrier does not take an option that cannot be left out, as THIRD_PARTY (UNSUPP_OPTION)',
    cure: 'set nat.mode to nftables, or ask the carrier to allow THIRD_PARTY',
  },
  NO_RESOURCES: {
    id: 'carrier-full',
    cause: 'the carrier has no room for more mappings now (NO_RESOURCES)',
    cure: 'wait: it is asked again by itself; if it stays so, tell the carrier',
  },
  NETWORK_FAILURE: refusing(
    'NETWORK_FAILURE',
    'its own way to the Internet is down: wait, it is asked again by itself; if it stays so, tell the carrier',
  ),
  UNSUPP_OPCODE: refusing('UNSUPP_OPCODE', 'ask the carrier to switch the opcode MAP on for this line'),
}

/** Those of one mapping, and the one that has a problem of its own. */
const OTHERWISE: ReadonlySet<ResultName | 'UNKNOWN'> = new Set([
  'CANNOT_PROVIDE_EXTERNAL',
  'EXCESSIVE_REMOTE_PEERS',
  'USER_EX_QUOTA',
])

/** Where nothing was granted yet, whatever is refused is about the line. */
function meaningOf({ connectionStatus, refusal }: Symptoms): Omit<Problem, 'severity'> | undefined {
  if (refusal === undefined) return undefined
  const isOfLine = connectionStatus === 'Connecting' && !OTHERWISE.has(refusal)
  return REFUSALS[refusal] ?? (isOfLine ? refusing(refusal, 'ask the carrier what is wrong') : undefined)
}

function refused(symptoms: Symptoms): Problem | undefined {
  const found = meaningOf(symptoms)
  return found && { ...found, severity: isHopeful(symptoms) ? 'warning' : 'error' }
}

/** An option that cannot be left out is missed by every mapping alike, though the carrier tells our address without it. */
const isHopeful = ({ connectionStatus, entries, refusal }: Symptoms): boolean =>
  connectionStatus === 'Connected' && (refusal !== 'UNSUPP_OPTION' || entries > 0)

function carrierQuota({ quota }: Symptoms): Problem | undefined {
  if (quota === undefined) return undefined
  if (quota === 0)
    return {
      id: 'carrier-quota',
      severity: 'error',
      cause: 'the carrier grants this line no mapping at all (USER_EX_QUOTA)',
      cure: 'ask the carrier; if this router was replaced, old mappings end with their lifetime',
    }
  return {
    id: 'carrier-quota',
    severity: 'warning',
    cause: `the carrier grants this line no more than ${quota} ${quota === 1 ? 'mapping' : 'mappings'} (USER_EX_QUOTA)`,
    cure: 'delete some: igd-pcp mappings list, then igd-pcp mappings delete PROTO PORT',
  }
}

function externalAddress({ externalIpAddress }: Symptoms): Problem | undefined {
  if (externalIpAddress === undefined || !isBehindNat(externalIpAddress)) return undefined
  return {
    id: 'external-address',
    severity: 'warning',
    cause: `the carrier’s external address ${externalIpAddress} is a private one, where mappings end: another NAT stands behind it`,
    cure: 'ask the carrier for a public address; nobody else can change that',
  }
}

function routerNat({ natFailure }: Symptoms): Problem | undefined {
  if (natFailure === undefined) return undefined
  return {
    id: 'router-nat',
    severity: 'error',
    cause: `this router's own NAT refuses rules (${natFailure})`,
    cure: 'see "nft list table ip igd_pcp"; run as root or with CAP_NET_ADMIN, with nftables installed',
  }
}

function stateDir({ unwritable }: Symptoms): Problem | undefined {
  if (!unwritable) return undefined
  const { directory, why } = unwritable
  return {
    id: 'state-dir',
    severity: 'error',
    cause: `nothing can be written to ${directory} (${why}), so new mappings are refused`,
    cure: `see "df ${directory}" and "dmesg": make room or mount it writable; it goes on by itself then`,
  }
}

function rival({ rival: name }: Symptoms): Problem | undefined {
  return name === undefined ? undefined : rivalProblem(name)
}

const rivalProblem = (name: string): Problem => ({
  id: 'rival',
  severity: 'warning',
  cause: `${name} runs on this router too, so the LAN sees two Internet gateways`,
  cure: `stop it: systemctl disable --now ${name}, or on OpenWrt: service ${name} stop; service ${name} disable`,
})

/** A daemon with few rights does not see the programs of others; whoever asks it may. */
export function withRival<S extends Pick<Status, 'health' | 'problems'> & Connection>(
  status: S,
  name: string | undefined,
): S {
  if (name === undefined || status.problems.some(({ id }) => id === 'rival')) return status
  const problems = [...status.problems, rivalProblem(name)]
  return { ...status, problems, health: healthOf(problems, status) }
}

function tableFull({ entries, mostEntries }: Symptoms): Problem | undefined {
  if (entries < mostEntries) return undefined
  return {
    id: 'table-full',
    severity: 'warning',
    cause: `all ${mostEntries} mappings that access.total allows are taken`,
    cure: 'raise access.total, or delete some: igd-pcp mappings list',
  }
}
