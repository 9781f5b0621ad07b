import type { EventStatus, MappingStatus, Problem, ServerStatus, Status, Support } from '../core/status.ts'
import { escapeUnseen } from '../log/one-line.ts'
import { table } from './table.ts'

// The status for a reader at a terminal. What hosts on the network chose is escaped.

/** How many of the last events are shown. */
const EVENTS = 10

export function statusText(status: Status): string {
  const { events, health, mappings, problems } = status
  const count = mappings.length === 1 ? '1 mapping' : `${mappings.length} mappings`
  const parts = [
    `${health.sentence}\n${problems.map(problemLine).join('')}`,
    facts(status),
    `${count}${mappings.length > 0 ? ':\n' + mappingsTable(mappings) : '\n'}`,
    ...(events.length > 0 ? [`last events:\n${events.slice(-EVENTS).map(eventLine).join('')}`] : []),
  ]
  return parts.join('\n')
}

const problemLine = ({ cause, cure, severity }: Problem): string => `${severity}: ${cause}; ${cure}\n`

function facts({
  carrierQuota,
  counters,
  daemon,
  externalIpAddress,
  lans,
  nat,
  options,
  server,
  wan,
}: Status): string {
  const which = (wanted: Support) =>
    Object.entries(options)
      .filter(([, support]) => support === wanted)
      .map(([name]) => name)
  const [had, lacking] = [which('supported'), which('refused')]
  const lan = lans.map((one) =>
    one.ipAddress === null
      ? `${one.interface} without an address`
      : `${one.interface} ${one.ipAddress}/${one.prefixLength ?? ''}`,
  )
  return table([
    ['LAN', lan.join(', ')],
    ['WAN', `${wan.interface} ${wan.ipAddress ?? 'without an address'}, router NAT: ${nat.mode}`],
    ['PCP server', server ? serverText(server) : 'none'],
    ['external address', externalIpAddress ?? 'not known yet'],
    ...(carrierQuota === null ? [] : [['carrier allows', `${carrierQuota} mappings`]]),
    ...(had.length > 0 ? [['carrier has', had.join(', ')]] : []),
    ...(lacking.length > 0 ? [['carrier lacks', lacking.join(', ')]] : []),
    [
      'since start',
      `${span(daemon.uptime)} (igd-pcp ${daemon.version}), ${counters.renewals} renewals, ${counters.retransmissions} retransmissions, ${counters.epochLosses} times the carrier lost its state`,
    ],
  ])
}

function serverText({ address, epoch, lastAnswer, protocol, source }: ServerStatus): string {
  const heard = lastAnswer === null ? 'never heard' : `heard ${span(lastAnswer)} ago`
  return [
    `${address} (${source}), ${protocol}, ${heard}`,
    ...(epoch === null ? [] : [`up for ${span(epoch)}`]),
  ].join(', ')
}

export const eventLine = ({ details, level, text, time }: EventStatus): string => {
  const more = Object.keys(details).length > 0 ? ` ${JSON.stringify(details)}` : ''
  return `  ${time} ${level.toUpperCase()} ${escapeUnseen(`${text}${more}`)}\n`
}

const HEADS = ['PROTO', 'EXTERNAL', 'LAN HOST', 'OPEN TO', 'LEASE LEFT', 'RENEWAL IN', 'STATE', 'DESCRIPTION']

/** A row for each entry; `mappings list` prints it too. */
export const mappingsTable = (mappings: readonly MappingStatus[]): string =>
  table([HEADS, ...mappings.flatMap(rows)])

const rows = (mapping: MappingStatus): readonly (readonly string[])[] =>
  mapping.entries.map(({ description, lease, leaseLeft, remoteHost }) => [
    mapping.protocol,
    `${mapping.externalIpAddress}:${mapping.externalPort}`,
    `${mapping.internalIpAddress}:${mapping.internalPort}`,
    remoteHost === '' ? 'anybody' : remoteHost,
    lease === 0 ? 'for ever' : span(leaseLeft),
    mapping.nextRenewal === null ? 'asking' : span(mapping.nextRenewal),
    mapping.carrierStatic ? `${mapping.state}, static at the carrier` : mapping.state,
    escapeUnseen(description),
  ])

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const

/** The two largest units: `2 d 3 h`. */
function span(seconds: number): string {
  let rest = seconds
  const words = UNITS.flatMap(([unit, size]) => {
    const n = Math.floor(rest / size)
    rest -= n * size
    return n > 0 ? [`${n} ${unit}`] : []
  })
  return words.length > 0 ? words.slice(0, 2).join(' ') : '0 s'
}
