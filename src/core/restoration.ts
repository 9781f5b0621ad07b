import { type Millis, after, millis, toMillis } from '../lib/units.ts'
import type { Context } from './context.ts'
import type { Leftovers } from './leftovers.ts'
import { happened, isRetired, type Mapping } from './mapping.ts'
import type { Mappings } from './mappings.ts'
import type { ActiveRecord, ClaimRecord, DeletingRecord, Saved } from './record.ts'

/**
 * An infinite lease whose answer may never have left: a control point that wants it asks again within this time, else
 * nobody knows of it.
 */
const UNACKNOWLEDGED = millis(600_000)

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
      ports.log.warn({ record }, 'a mapping of the last run cannot go on with these settings; it is deleted')
    leftovers.keep(claims.foreign(record), deletingOf(record, now))
    return
  }
  if (record.state !== 'ACTIVE' || !lives(record, now)) {
    leftovers.keep(claim, record.state === 'INTENT' ? record : deletingOf(record, now))
    return
  }
  happened(claim, sameBoot ? 'resumed' : 'rebooted')
  const mapping = mappings.restore(claim, record)
  if (!mapping.acknowledged) forgetUnlessAsked(context, mappings, mapping)
}

const lives = ({ entries }: ActiveRecord, now: Millis): boolean =>
  entries.some(({ leaseEnd }) => leaseEnd === 'never' || leaseEnd > now)

const deletingOf = (record: ClaimRecord, now: Millis): DeletingRecord => {
  const { client, externalPort, former, generation, internalPort, place, protocol, wanPort } = record
  const until = record.state === 'ACTIVE' ? after(now, toMillis(record.lifetime)) : record.until
  const claim = { generation, protocol, client, internalPort, wanPort, place, former }
  return { state: 'DELETING', ...claim, externalPort, until }
}

function forgetUnlessAsked({ changes, ports }: Context, mappings: Mappings, mapping: Mapping): void {
  const { clock, log } = ports
  clock.at(after(clock.now(), UNACKNOWLEDGED), () => {
    if (mapping.acknowledged || isRetired(mapping)) return
    log.info({ mapping: mapping.claim }, 'a mapping that nobody was told of is deleted')
    mappings.retire(mapping)
    changes.table()
  })
}
