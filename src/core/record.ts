import type { Ipv4Address } from '../lib/ip.ts'
import type { MacAddress } from '../lib/mac.ts'
import type { Millis, Port, Seconds } from '../lib/units.ts'
import type { KnownEpoch, Place, Standing } from './place.ts'
import type { External, Lease, Protocol, RemoteHost } from './types.ts'

// What of the core outlives a crash: one record for each life of an internal port, whole each time, so that the last
// one written is all there is to know. Times are those of the clock: milliseconds since boot.

/** What every record says. */
export interface ClaimPart {
  /** Names the record: no two lives of any internal port share one. */
  readonly generation: number
  /** The generation by whose nonce the carrier knows it, where that is another. */
  readonly knownAs?: number | undefined
  readonly protocol: Protocol
  readonly client: Ipv4Address
  readonly internalPort: Port
  readonly wanPort?: Port | undefined
  /** Where it was asked for last; undefined in records of format 1, which said nothing of it. */
  readonly place?: Place | undefined
  /** Where it was asked for before and may stand still. */
  readonly former?: readonly Standing[] | undefined
}

/** Asked of the carrier, or about to be; no control point was told that it is there. */
export interface IntentRecord extends ClaimPart {
  readonly state: 'INTENT'
  readonly externalPort: Port | 0
  /** When the carrier holds nothing of it any more even if nobody deletes it. */
  readonly until: Millis
}

/** Granted, and a control point was told so. */
export interface ActiveRecord extends ClaimPart {
  readonly state: 'ACTIVE'
  readonly externalPort: Port
  readonly external: External
  /** PCP lifetime as granted when this was written; renewals alone write nothing. */
  readonly lifetime: Seconds
  readonly preferFailure: boolean
  readonly filtered: boolean
  readonly static?: true | undefined
  readonly mac?: MacAddress | undefined
  readonly entries: readonly EntryRecord[]
}

export interface EntryRecord {
  readonly remoteHost: RemoteHost
  readonly description: string
  readonly lease: Lease
  readonly leaseEnd: Millis | 'never'
  /** Place in the order of creation. */
  readonly order: number
}

/** Unwanted, but the carrier has not confirmed that yet. */
export interface DeletingRecord extends Omit<IntentRecord, 'state'> {
  readonly state: 'DELETING'
}

export type ClaimRecord = IntentRecord | ActiveRecord | DeletingRecord

/** What the last run left. */
export interface Saved {
  readonly records: readonly ClaimRecord[]
  /** No generation up to this one may be used again. */
  readonly lastGeneration: number
  /** Where SystemUpdateID goes on: control points may have seen the one before. */
  readonly systemUpdateId: number
  /** Did that run end since the machine was started? Then the kernel forwards on, and the clock goes on. */
  readonly sameBoot: boolean
  /** Of the server that was asked last; undefined after a reboot, when our clock has begun anew (RFC 6887 §8.5). */
  readonly epoch: KnownEpoch | undefined
}

/** What a journal is about, as it is at the moment of each question. */
export interface Recorded {
  readonly systemUpdateId: () => number
  /** One for each generation that is not gone. */
  readonly records: () => Iterable<ClaimRecord>
}

export const NOTHING_SAVED: Saved = {
  records: [],
  lastGeneration: -1,
  systemUpdateId: 0,
  sameBoot: false,
  epoch: undefined,
}
