import { type Millis, millis, toSeconds } from '../lib/units.ts'
import type { ResultName } from '../pcp/wire/constants.ts'
import type { Context } from './context.ts'
import { leaseLeft } from './lease.ts'
import type { Entry, Mapping } from './mapping.ts'
import type { ServerFacts } from './ports.ts'
import { healthOf, problemsOf, type Symptoms } from './problems.ts'
import { lifetimeEnd } from './renewal.ts'
import { STATE } from './state.ts'
import {
  type Counts,
  type EntryStatus,
  type EventStatus,
  type MappingStatus,
  type Problem,
  type ServerStatus,
  type Status,
  STATUS_VERSION,
} from './status.ts'

/** What the core does not know by itself. */
export interface Outside {
  readonly date: Date
  readonly daemon: { readonly version: string; readonly startedAt: Millis }
  readonly lans: Status['lans']
  readonly wan: Status['wan']
  readonly nat: Status['nat']
  readonly server: ServerFacts | undefined
  readonly counters: Counts
  readonly events: readonly EventStatus[]
  readonly refusal: ResultName | 'UNKNOWN' | undefined
  readonly natFailure: string | undefined
  readonly unwritable: Symptoms['unwritable']
  readonly rival: string | undefined
  /** `access.total`. */
  readonly mostEntries: number
}

interface CoreView {
  readonly context: Context
  /** When the carrier is asked about the mapping again; undefined while its answer is awaited. */
  readonly nextAttempt: (mapping: Mapping) => Millis | undefined
}

/** How things are now. */
export function statusOf({ context, nextAttempt }: CoreView, outside: Outside): Status {
  const { capabilities, external, ports, quota, table } = context
  const now = ports.clock.now()
  const connectionStatus = external.status
  const { counters, date, events, lans, nat, wan } = outside
  const problems = problemsNow(context, outside)
  const server = outside.server ? serverStatus(outside.server, now) : null
  return {
    version: STATUS_VERSION,
    time: date.toISOString(),
    daemon: { version: outside.daemon.version, uptime: since(outside.daemon.startedAt, now) },
    health: healthOf(problems, { connectionStatus, server }),
    problems,
    lans,
    wan,
    nat,
    server,
    connectionStatus,
    externalIpAddress: external.address ?? null,
    carrierQuota: quota.most ?? null,
    options: capabilities.known(),
    counters,
    mappings: [...table.mappings()].map((mapping) => mappingStatus(mapping, now, nextAttempt(mapping))),
    events,
  }
}

/** The same without the rest, whose cost grows with the table. */
export const problemsNow = (
  { external, quota, table }: Pick<Context, 'external' | 'quota' | 'table'>,
  outside: Omit<Symptoms, 'connectionStatus' | 'entries' | 'externalIpAddress' | 'quota'>,
): readonly Problem[] =>
  problemsOf({
    ...outside,
    connectionStatus: external.status,
    externalIpAddress: external.address,
    entries: table.size,
    quota: quota.most,
  })

const since = (then: Millis, now: Millis): number => Math.floor((now - then) / 1000)

const until = (then: Millis, now: Millis): number => toSeconds(millis(Math.max(0, then - now)))

const serverStatus = ({ epoch, heardAt, ...facts }: ServerFacts, now: Millis): ServerStatus => ({
  ...facts,
  lastAnswer: heardAt === undefined ? null : since(heardAt, now),
  epoch: epoch ? epoch.server + since(epoch.client, now) : null,
})

const mappingStatus = (mapping: Mapping, now: Millis, next: Millis | undefined): MappingStatus => ({
  protocol: mapping.claim.protocol,
  internalIpAddress: mapping.claim.client,
  internalPort: mapping.claim.internalPort,
  wanPort: mapping.claim.wanPort ?? null,
  externalIpAddress: mapping.grant.external.address,
  externalPort: mapping.externalPort,
  status: STATE[mapping.claim.state].status,
  static: mapping.static,
  carrierStatic: mapping.grant.static,
  state: mapping.claim.state,
  lifetime: mapping.grant.lifetime,
  lifetimeLeft: until(lifetimeEnd(mapping.grant), now),
  nextRenewal: next === undefined ? null : until(next, now),
  entries: mapping.entries.map((entry) => entryStatus(entry, now)),
})

const entryStatus = ({ description, lease, leaseEnd, remoteHost }: Entry, now: Millis): EntryStatus => ({
  remoteHost,
  description,
  lease: lease === 'infinite' ? 0 : lease,
  leaseLeft: leaseLeft(leaseEnd, now),
})
