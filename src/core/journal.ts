import { type Millis, after, millis, type Port, toMillis } from '../lib/units.ts'
import { believed } from './lease.ts'
import type { Claim, Entry, Mapping } from './mapping.ts'
import type { Ports } from './ports.ts'
import type { ActiveRecord, EntryRecord } from './record.ts'
import type { Wish } from './translate.ts'

/** What a first request takes at most from its record to its last packet. */
const LONGEST_ASKING = millis(30_000)

/**
 * Writes down what must outlive a crash, before it is acted upon. A control point is answered 200 when what it was
 * told is on the disk, and a packet that may leave something at the carrier leaves when its nonce is. Each method
 * tells whether that succeeded.
 */
export class Journal {
  readonly #ports: Pick<Ports, 'clock' | 'store'>

  constructor(ports: Pick<Ports, 'clock' | 'store'>) {
    this.#ports = ports
  }

  /** Before the carrier is asked. */
  intent(claim: Claim, { externalPort, lifetime }: Wish): Promise<boolean> {
    const until = after(this.#now(), millis(LONGEST_ASKING + toMillis(believed(lifetime))))
    return this.#kept(this.#ports.store.put({ state: 'INTENT', ...nameOf(claim), externalPort, until }))
  }

  /** Before the control point hears of it, and when something of it changed; not when it is renewed. */
  active(mapping: Mapping): Promise<boolean> {
    return this.#kept(this.#ports.store.put(recordOf(mapping)))
  }

  /** Before the carrier is asked to delete it; by `until` it has done so by itself. */
  deleting(claim: Claim, externalPort: Port | 0, until: Millis): Promise<boolean> {
    return this.#kept(this.#ports.store.put({ state: 'DELETING', ...nameOf(claim), externalPort, until }))
  }

  /** The carrier holds nothing of it any more. Should that be lost, it is deleted once more: nobody has to wait. */
  gone({ generation }: Claim): void {
    void this.#kept(this.#ports.store.drop(generation))
  }

  #now(): Millis {
    return this.#ports.clock.now()
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

const nameOf = ({ client, generation, internalPort, protocol, wanPort }: Claim) => ({
  generation,
  protocol,
  client,
  internalPort,
  wanPort,
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
  acknowledged: mapping.acknowledged,
  entries: [...mapping.entries.values()].map(entryRecord),
})

const entryRecord = ({ description, lease, leaseEnd, order, remoteHost }: Entry): EntryRecord => ({
  remoteHost,
  description,
  lease,
  leaseEnd,
  order,
})
