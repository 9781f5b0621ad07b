import type { ClaimRecord } from '../core/record.ts'
import { type Millis, millis } from '../lib/units.ts'
import type { Kept, Stamp } from './format.ts'

// The clock begins anew with each boot, so times of an earlier boot are carried over by what was left of them. How
// much of that the reboot took only the date can tell, and a router's date may be unset until NTP has answered: a lease
// never ends early by a date that went back or was never set. What has passed since this boot is gone for sure: else
// every restart would begin a lease anew while the disk takes nothing.

/** 2025-01-01. A date before this is a clock that nobody has set. */
const EARLIEST = 1_735_689_600_000

/** The record with its times as the clock of this boot has them. */
export function rebased({ at, date, record }: Kept, now: Stamp): ClaimRecord {
  const isSet = date >= EARLIEST && now.date > date
  const passed = Math.max(now.at, isSet ? now.date - date : 0)
  const carried = (time: Millis): Millis => millis(now.at + Math.max(0, time - at - passed))
  const former = record.former?.map(({ place, until }) => ({ place, until: carried(until) }))
  if (record.state !== 'ACTIVE') return { ...record, former, until: carried(record.until) }
  const entries = record.entries.map((entry) => ({
    ...entry,
    leaseEnd: entry.leaseEnd === 'never' ? entry.leaseEnd : carried(entry.leaseEnd),
  }))
  return { ...record, former, entries }
}
