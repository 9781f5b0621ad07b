import { type Millis, after, toMillis } from '../lib/units.ts'
import type { Context } from './context.ts'
import type { Leftovers } from './leftovers.ts'
import { happened } from './mapping.ts'
import { aboutLanPort } from './mapping-name.ts'
import type { Mappings } from './mappings.ts'
import type { ActiveRecord, ClaimRecord, DeletingRecord, Saved } from './record.ts'

interface RestorationParts {
  readonly mappings: Mappings
  readonly leftovers: Leftovers
}

/**
 * Brings back what the journal kept, before the first request. Within one boot the kernel forwards on, so mappings are
 * shown at once while the carrier is asked to confirm them; after a reboot nothing forwards, and each mapping comes
 * back when the carrier confirms it.
 */
export function restore(context: Context, parts: RestorationParts, saved: Saved): void {
  // A mapping may have the internal port of one whose delete is not quite over, which must not keep it out.
  const mappingsFirst = [...saved.records].sort(
    (a, b) => Number(b.state === 'ACTIVE') - Number(a.state === 'ACTIVE'),
  )
  for (const record of mappingsFirst) restoreOne(context, parts, { record, sameBoot: saved.sameBoot })
}

interface Restored {
  readonly record: ClaimRecord
  readonly sameBoot: boolean
}

function restoreOne(context: Context, { leftovers, mappings }: RestorationParts, restored: Restored): void {
  const { claims, ports } = context
  const { record, sameBoot } = restored
  const now = ports.clock.now()
  const claim = claims.reopen(record)
  if (!claim) {
    if (record.state === 'ACTIVE')
      ports.log.warn(
        aboutLanPort(record, record.externalPort),
        'a mapping of the last run cannot go on with these settings; it is deleted',
      )
    leftovers.keep(claims.foreign(record), deletingOf(record, now))
    return
  }
  if (record.state !== 'ACTIVE' || !lives(record, now)) {
    leftovers.keep(claim, record.state === 'INTENT' ? record : deletingOf(record, now))
    return
  }
  happened(claim, sameBoot ? 'resumed' : 'rebooted')
  mappings.restore(claim, record)
}

const lives = ({ entries }: ActiveRecord, now: Millis): boolean =>
  entries.some(({ leaseEnd }) => leaseEnd === 'never' || leaseEnd > now)

const deletingOf = (record: ClaimRecord, now: Millis): DeletingRecord => {
  const { client, externalPort, former, generation, internalPort, knownAs, place, protocol, wanPort } = record
  const until = record.state === 'ACTIVE' ? after(now, toMillis(record.lifetime)) : record.until
  const claim = { generation, knownAs, protocol, client, internalPort, wanPort, place, former }
  return { state: 'DELETING', ...claim, externalPort, until }
}
