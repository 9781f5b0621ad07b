import type { Millis, Port } from '../lib/units.ts'
import type { Claim, Entry, Mapping } from './mapping.ts'
import type { Ports } from './ports.ts'
import type { ActiveRecord, ClaimRecord, EntryRecord } from './record.ts'

/**
 * Writes down what must outlive a crash, before it is acted upon. A control point is answered 200 when what it was
 * told is on the disk, and a packet that may leave something at the carrier leaves when its nonce is. Each method
 * tells whether that succeeded.
 */
export class Journal {
  readonly #store: Ports['store']
  /** What is known of each generation. A mapping has its record in itself. */
  readonly #known = new Map<number, ClaimRecord | Mapping>()

  /** It begins with what the last run left. */
  constructor({ store }: Pick<Ports, 'store'>, saved: readonly ClaimRecord[]) {
    this.#store = store
    for (const record of saved) this.#known.set(record.generation, record)
  }

  /** All that is worth keeping, as it is now: that may be more than was written of it. */
  *records(): Iterable<ClaimRecord> {
    for (const known of this.#known.values()) yield 'claim' in known ? recordOf(known) : known
  }

  /** Before the carrier is asked; at `until` it holds nothing of it by itself. */
  intent(claim: Claim, externalPort: Port | 0, until: Millis): Promise<boolean> {
    return this.#put({ state: 'INTENT', ...nameOf(claim), externalPort, until })
  }

  /** Before the control point hears of it, and when something of it changed; not when it is renewed. */
  active(mapping: Mapping): Promise<boolean> {
    this.restored(mapping)
    return this.#kept(this.#store.put(recordOf(mapping)))
  }

  /** The record of the last run is this mapping now. */
  restored(mapping: Mapping): void {
    this.#known.set(mapping.claim.generation, mapping)
  }

  /** Before the carrier is asked to delete it; by `until` it has done so by itself. */
  deleting(claim: Claim, externalPort: Port | 0, until: Millis): Promise<boolean> {
    return this.#put({ state: 'DELETING', ...nameOf(claim), externalPort, until })
  }

  /** The carrier holds nothing of it any more. Should that be lost, it is deleted once more: nobody has to wait. */
  gone({ generation }: Claim): void {
    this.#known.delete(generation)
    void this.#kept(this.#store.drop(generation))
  }

  #put(record: ClaimRecord): Promise<boolean> {
    this.#known.set(record.generation, record)
    return this.#kept(this.#store.put(record))
  }

  async #kept(written: Promise<void>): Promise<boolean> {
    try {
      await written
      return true
    } catch {
      // The store has said why.
      return false
    }
  }
}

const nameOf = ({ client, former, generation, internalPort, knownAs, place, protocol, wanPort }: Claim) => ({
  generation,
  knownAs,
  protocol,
  client,
  internalPort,
  wanPort,
  place,
  former: former.length > 0 ? former : undefined,
})

const recordOf = (mapping: Mapping): ActiveRecord => ({
  state: 'ACTIVE',
  ...nameOf(mapping.claim),
  externalPort: mapping.externalPort,
  external: mapping.grant.external,
  lifetime: mapping.grant.lifetime,
  preferFailure: mapping.preferFailure,
  filtered: mapping.filtered,
  static: mapping.static || undefined,
  mac: mapping.mac,
  entries: mapping.entries.map(entryRecord),
})

const entryRecord = ({ description, lease, leaseEnd, order, remoteHost }: Entry): EntryRecord => ({
  remoteHost,
  description,
  lease,
  leaseEnd,
  order,
})
