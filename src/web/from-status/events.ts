import type { EventStatus, Status } from '../../core/status.ts'
import { parseIp } from '../../lib/ip.ts'
import type { EventView, Scope } from '../view.ts'
import { sentence } from '../words.ts'
import type { Viewer } from './path.ts'

const MOST = 12

/** What happened lately, the newest first. `own` leaves out what is about other hosts. */
export function eventsOf(status: Status, viewer: Viewer, scope: Scope): readonly EventView[] {
  const mine = ownAddresses(status, viewer)
  return status.events
    .filter((event) => scope === 'all' || addressesIn(event.details).every((address) => mine.has(address)))
    .slice(-MOST)
    .reverse()
    .map((event) => ({ ago: secondsBetween(event.time, status.time), text: inWords(event) }))
}

/** The addresses that are no secret to whoever looks: its own, and those the page shows anyway. */
function ownAddresses({ externalIpAddress, lans, server, wan }: Status, { host }: Viewer): Set<unknown> {
  return new Set([
    host,
    ...lans.map(({ ipAddress }) => ipAddress),
    wan.ipAddress,
    externalIpAddress,
    server?.address,
  ])
}

/** Every address anywhere in the details. */
function addressesIn(details: unknown): readonly string[] {
  if (typeof details === 'string') return parseIp(details) ? [details] : []
  if (typeof details !== 'object' || details === null) return []
  return Object.values(details).flatMap(addressesIn)
}

const secondsBetween = (from: string, to: string): number =>
  Math.max(0, Math.floor((Date.parse(to) - Date.parse(from)) / 1000))

/** What control points did, which the log tells by the names of UPnP. */
const DONE: ReadonlyMap<unknown, string> = new Map([
  ['AddPortMapping', 'opened a port'],
  ['AddAnyPortMapping', 'opened a port'],
  ['DeletePortMapping', 'closed a port'],
  ['DeletePortMappingRange', 'closed its ports in a range'],
])

function inWords({ details, text }: EventStatus): string {
  const done = text === 'control: done' ? DONE.get(details['action']) : undefined
  if (done !== undefined) return `${String(details['peer'])} ${done}.`
  return sentence(`${text}${subjectOf(details)}`)
}

/** The mapping that an event is about, and what the carrier said of it. */
function subjectOf({ claim, mapping, result }: EventStatus['details']): string {
  const about = portOf(mapping) ?? portOf(claim)
  const known = [about, typeof result === 'string' ? result : undefined].filter((part) => part !== undefined)
  return known.length === 0 ? '' : ` (${known.join(', ')})`
}

function portOf(claim: unknown): string | undefined {
  if (typeof claim !== 'object' || claim === null) return undefined
  if (!('client' in claim && 'protocol' in claim && 'internalPort' in claim)) return undefined
  return `${String(claim.protocol)} port ${String(claim.internalPort)} of ${String(claim.client)}`
}
