import type { EntryStatus, MappingStatus } from '../../core/status.ts'
import type { MappingView } from '../view.ts'

/** A row for each entry. */
export const mappingsOf = (mappings: readonly MappingStatus[]): readonly MappingView[] =>
  mappings.flatMap((mapping) => mapping.entries.map((entry) => viewOf(mapping, entry)))

const viewOf = (mapping: MappingStatus, entry: EntryStatus): MappingView => ({
  protocol: mapping.protocol,
  internal: { address: mapping.internalIpAddress, port: mapping.internalPort },
  external: { address: mapping.externalIpAddress, port: mapping.externalPort },
  remoteHost: entry.remoteHost,
  description: entry.description,
  lease: entry.lease === 0 ? 'for ever' : { left: entry.leaseLeft, of: entry.lease },
  renewal: renewalOf(mapping),
  ...(TROUBLE[mapping.state] ?? WELL),
})

/** Counted from when the grant in force was asked for. */
function renewalOf({ lifetime, lifetimeLeft, nextRenewal }: MappingStatus): MappingView['renewal'] {
  if (nextRenewal === null) return undefined
  return { left: nextRenewal, of: Math.max(1, lifetime - lifetimeLeft + nextRenewal) }
}

/** What those states mean for the user in which all is not well. */
const TROUBLE: Partial<Record<MappingStatus['state'], Pick<MappingView, 'health' | 'trouble'>>> = {
  DEGRADED: { health: 'warning', trouble: 'Still open, but the carrier does not want to renew it as it is.' },
  LAPSED: { health: 'error', trouble: 'Closed: the carrier let it end. It is asked for again.' },
  RECOVERING: { health: 'warning', trouble: 'Perhaps closed: the carrier is being asked for it anew.' },
}
const WELL = { health: 'ok', trouble: '' } as const
