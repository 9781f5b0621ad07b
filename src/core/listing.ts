import type { Millis } from '../lib/units.ts'
import { Fault } from './fault.ts'
import { leaseLeft } from './lease.ts'
import type { Entry, Mapping } from './mapping.ts'
import type { MappingTable } from './mapping-table.ts'
import type { Caller, EntryKey, PortMappingEntry, PortRange } from './types.ts'

// What Get… answers, from the table alone (RFC 6970 §5.7: never from the server).

export const shown = (entry: Entry, now: Millis): PortMappingEntry => ({
  remoteHost: entry.remoteHost,
  externalPort: entry.mapping.externalPort,
  protocol: entry.mapping.claim.protocol,
  internalPort: entry.mapping.claim.internalPort,
  internalClient: entry.mapping.claim.client,
  description: entry.description,
  leaseDuration: leaseLeft(entry.leaseEnd, now),
})

const inRange = ({ claim, externalPort }: Mapping, range: PortRange): boolean =>
  claim.protocol === range.protocol && externalPort >= range.startPort && externalPort <= range.endPort

/** Is any port of the range mapped, by whomever? */
export function holdsAny(table: MappingTable, range: PortRange): boolean {
  for (const mapping of table.mappings()) if (inRange(mapping, range)) return true
  return false
}

/** The entries of those of `mappings` that lie in the range, the oldest first. */
export const entriesIn = (mappings: Iterable<Mapping>, range: PortRange): Entry[] =>
  [...mappings]
    .filter((mapping) => inRange(mapping, range))
    .flatMap((mapping) => mapping.entries)
    .sort((a, b) => a.order - b.order)

/** WANIPConnection:2 matches the remote host exactly; a :1 control point also finds its own entry of another one. */
export function lookUp(table: MappingTable, key: EntryKey, caller: Caller): Entry | undefined {
  const exact = table.find(key)
  if (exact || caller.version === 2) return exact
  const mapping = table.at(key.protocol, key.externalPort)
  if (mapping?.claim.client !== caller.address) return undefined
  return mapping.entries[0]
}

/** Faults: 733 when the range runs backwards. */
export function checkRange(range: PortRange): void {
  if (range.startPort > range.endPort) throw new Fault(733, 'StartPort is above EndPort')
}
