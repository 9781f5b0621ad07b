import type { EventStatus, Status } from '../../core/status.ts'
import { parseIp } from '../../lib/ip.ts'
import type { EventView, Scope } from '../view.ts'
import { sentence } from '../words.ts'
import type { Viewer } from './path.ts'

const MOST = 12

const DOTTED = /\d{1,3}(?:\.\d{1,3}){3}/g

/** What happened lately, the newest first. `own` leaves out what is about other hosts. */
export function eventsOf(status: Status, viewer: Viewer, scope: Scope): readonly EventView[] {
  const mine = ownAddresses(status, viewer)
  return status.events
    .filter(({ details }) => scope === 'all' || isFor(viewer, mine, details))
    .slice(-MOST)
    .reverse()
    .map((event) => ({ ago: secondsBetween(event.time, status.time), text: inWords(event) }))
}

/** What is about a host is for that host alone; else it must name nobody. */
const isFor = ({ host }: Viewer, mine: ReadonlySet<string>, details: EventStatus['details']): boolean =>
  typeof details['host'] === 'string'
    ? details['host'] === host
    : addressesIn(details).every((address) => mine.has(address))

/** The addresses that are no secret to whoever looks: its own, and those the page shows anyway. */
const ownAddresses = ({ externalIpAddress, lans, server, wan }: Status, { host }: Viewer): Set<string> =>
  new Set(addressesIn([host, lans, wan, externalIpAddress, server?.address]))

/** Every IPv4 address anywhere in the details, and those of IPv6 that stand by themselves. */
function addressesIn(details: unknown): readonly string[] {
  if (typeof details === 'string') return details.match(DOTTED) ?? (parseIp(details) ? [details] : [])
  if (typeof details !== 'object' || details === null) return []
  return Object.values(details).flatMap(addressesIn)
}

const secondsBetween = (from: string, to: string): number =>
  Math.max(0, Math.floor((Date.parse(to) - Date.parse(from)) / 1000))

const inWords = ({ details, text }: EventStatus): string => sentence(`${text}${subjectOf(details)}`)

/** The mapping that an event is about, and why it is so. */
function subjectOf({ mapping, why }: EventStatus['details']): string {
  const known = [mapping, why].flatMap((part) =>
    typeof part === 'string' ? [part.replace('->', ' → ')] : [],
  )
  return known.length === 0 ? '' : ` (${known.join(', ')})`
}
