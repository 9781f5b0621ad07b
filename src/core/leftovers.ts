import { sleepUntil } from '../lib/abort.ts'
import { type Port, after, millis } from '../lib/units.ts'
import type { Context } from './context.ts'
import { type Claim, happened, type LanPort } from './mapping.ts'
import { startDelay } from './pacing.ts'
import type { DeletingRecord, IntentRecord } from './record.ts'

/** Between two deletes that begin. */
const GAP = millis(100)

interface Leftover {
  readonly claim: Claim
  readonly record: IntentRecord | DeletingRecord
}

/**
 * What the last run left half done: asked of the carrier and never answered to a control point, or not yet deleted
 * there. It is deleted, unless its control point asks for it again before: then it goes on, and as its nonce is the
 * same, so is its port (RFC 6887 §11.3).
 */
export class Leftovers {
  readonly #context: Context
  readonly #left = new Set<Leftover>()

  constructor(context: Context) {
    this.#context = context
  }

  keep(claim: Claim, record: IntentRecord | DeletingRecord): void {
    happened(claim, 'abandoned')
    this.#left.add({ claim, record })
  }

  /** The claim that asked the same for the same LAN port; whatever else stands at that external port is deleted now. */
  adopt(lan: LanPort, externalPort: Port | 0): Claim | undefined {
    const same = [...this.#left].filter(
      ({ claim, record }) => claim.protocol === lan.protocol && record.externalPort === externalPort,
    )
    const mine = same.find(
      ({ claim, record }) =>
        record.state === 'INTENT' && claim.client === lan.client && claim.internalPort === lan.internalPort,
    )
    for (const leftover of externalPort === 0 ? [] : same) if (leftover !== mine) this.#bury(leftover)
    if (mine) this.#left.delete(mine)
    return mine?.claim
  }

  /** Begins all deletes, one after the other, when a carrier whose customers all began at once has had time. */
  async run(): Promise<void> {
    const { closing, ports } = this.#context
    if (this.#left.size === 0) return
    await sleepUntil(ports.clock, after(ports.clock.now(), startDelay(ports.random.unit())), closing)
    for (const leftover of this.#left) {
      if (closing.aborted) return
      this.#bury(leftover)
      await sleepUntil(ports.clock, after(ports.clock.now(), GAP), closing)
    }
  }

  #bury(leftover: Leftover): void {
    this.#left.delete(leftover)
    this.#context.tombstones.bury(leftover.claim, leftover.record.externalPort, leftover.record.until)
  }
}
