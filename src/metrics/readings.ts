import { readdirSync } from 'node:fs'
import type { Facts } from './facts.ts'

// What is read at each scrape. Every label has a bounded number of values, and none of them comes from the network.

interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Reading {
  readonly type: 'counter' | 'gauge'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly read: (facts: Facts) => readonly Sample[]
}

type One = (facts: Facts) => number | undefined

const single =
  (type: Reading['type']) =>
  (name: string, help: string, read: One): Reading => ({
    type,
    name,
    help,
    labels: [],
    read: (facts) => {
      const value = read(facts)
      return value === undefined ? [] : [{ labels: {}, value }]
    },
  })

const counter = single('counter')
const gauge = single('gauge')

/** `counts` has names of two words, as `AddPortMapping 200`. The first may be empty. */
const byTwoWords = (
  [first, second]: readonly [string, string],
  counts: Readonly<Record<string, number>>,
): readonly Sample[] =>
  Object.entries(counts).map(([name, value]) => {
    const [one = '', other = ''] = name.split(' ')
    return { labels: { [first]: one || 'unknown', [second]: other }, value }
  })

const ofDaemon: readonly Reading[] = [
  {
    type: 'gauge',
    name: 'igd_pcp_build_info',
    help: 'Always 1. The version of igd-pcp is in the label.',
    labels: ['version'],
    read: ({ version }) => [{ labels: { version }, value: 1 }],
  },
  {
    type: 'gauge',
    name: 'igd_pcp_problem',
    help: '1 while igd-pcp status shows this problem, else 0.',
    labels: ['id'],
    read: ({ problems }) => [...problems].map(([id, there]) => ({ labels: { id }, value: Number(there) })),
  },
  {
    type: 'counter',
    name: 'igd_pcp_requests_total',
    help: 'SOAP calls of control points, by action and by code: 200, or that of the UPnP error.',
    labels: ['action', 'code'],
    read: ({ counts }) => byTwoWords(['action', 'code'], counts.requests),
  },
]

const ofMappings: readonly Reading[] = [
  {
    type: 'gauge',
    name: 'igd_pcp_mappings',
    help: 'Mappings by state. active and renewing are in force; the others are on their way in or out, or in trouble.',
    labels: ['state'],
    read: ({ mappings }) =>
      Object.entries(mappings).map(([state, value]) => ({ labels: { state: state.toLowerCase() }, value })),
  },
  gauge('igd_pcp_entries', 'Port mappings that control points see.', ({ entries }) => entries),
  gauge('igd_pcp_entries_limit', 'How many there may be: access.total.', ({ mostEntries }) => mostEntries),
]

const ofCarrier: readonly Reading[] = [
  gauge('igd_pcp_carrier_reachable', '1 while a PCP server answers, else 0.', ({ carrierReachable }) =>
    Number(carrierReachable),
  ),
  gauge(
    'igd_pcp_carrier_last_answer_timestamp_seconds',
    'Unix time of the last answer of the PCP server; absent while there was none.',
    ({ carrierAnswered }) => carrierAnswered,
  ),
  {
    type: 'counter',
    name: 'igd_pcp_carrier_requests_total',
    help: 'What the PCP server was asked, by opcode (MAP, DELETE) and result; silent is no answer in time.',
    labels: ['opcode', 'result'],
    read: ({ counts }) => byTwoWords(['opcode', 'result'], counts.pcp),
  },
  counter(
    'igd_pcp_carrier_retransmissions_total',
    'PCP requests that were sent again.',
    ({ counts }) => counts.retransmissions,
  ),
  counter(
    'igd_pcp_carrier_renewals_total',
    'Mappings that the PCP server prolonged.',
    ({ counts }) => counts.renewals,
  ),
  counter(
    'igd_pcp_carrier_epoch_losses_total',
    'How often the PCP server lost its state and all was mapped anew.',
    ({ counts }) => counts.epochLosses,
  ),
]

const ofRouter: readonly Reading[] = [
  counter(
    'igd_pcp_nat_failures_total',
    'Changes that the NAT of this router refused.',
    ({ counts }) => counts.natFailures,
  ),
  gauge('igd_pcp_state_writable', '1 while state.dir takes writes, else 0.', ({ stateWritable }) =>
    Number(stateWritable),
  ),
  counter(
    'igd_pcp_state_write_failures_total',
    'Records that could not be written to state.dir.',
    ({ counts }) => counts.stateWriteFailures,
  ),
]

const SECOND = 1e6 // microseconds

/** Those of the usual names that cost next to nothing. */
const ofProcess: readonly Reading[] = [
  counter('process_cpu_seconds_total', 'CPU time of the daemon, user and system.', () => {
    const { system, user } = process.cpuUsage()
    return (system + user) / SECOND
  }),
  gauge('process_resident_memory_bytes', 'Memory of the daemon that is resident.', () =>
    process.memoryUsage.rss(),
  ),
  gauge('process_start_time_seconds', 'Unix time at which the daemon started.', ({ startedAt }) => startedAt),
  gauge('process_open_fds', 'Files and sockets that the daemon has open.', openFiles),
]

function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined // a system without /proc
  }
}

export const READINGS: readonly Reading[] = [
  ...ofDaemon,
  ...ofMappings,
  ...ofCarrier,
  ...ofRouter,
  ...ofProcess,
]
