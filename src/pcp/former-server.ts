import type { PcpMapping, PcpOutcome } from '../core/ports.ts'
import { within } from '../lib/abort.ts'
import type { Clock } from '../lib/clock.ts'
import { after, millis } from '../lib/units.ts'
import type { Link } from './link.ts'

/** How long a server that was left may take to delete one mapping; then it is not asked any more. */
const PATIENCE = millis(9000)
/** How long mappings are deleted there. What stands longer ends with its lifetime. */
const MEMORY = millis(900_000)

/** Refusals that our own mapping at the former server may be the reason of: it may be the same one, by another name. */
const IN_THE_WAY: ReadonlySet<string> = new Set(['NOT_AUTHORIZED', 'CANNOT_PROVIDE_EXTERNAL'])

/** A way to a server that is not used any more. */
type FormerLink = Pick<Link, 'server' | 'holds' | 'unmap' | 'close'>

/**
 * The server that another one took the place of. A mapping that was made at the new one is deleted at the old one,
 * should that still answer. Nobody waits for it.
 */
export class FormerServer {
  readonly #clock: Clock
  #link: FormerLink | undefined
  #end: Disposable | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `old` is not used any more, `next` is. What leads to the same server, or what nothing follows, is closed. */
  leave(old: FormerLink, next: FormerLink | undefined): void {
    if (!next || next.server === old.server) {
      old.close()
      return
    }
    this.close()
    this.#link = old
    this.#end = this.#clock.at(after(this.#clock.now(), MEMORY), () => this.close())
  }

  close(): void {
    this.#end?.[Symbol.dispose]()
    this.#link?.close()
    this.#link = undefined
  }

  /** Asks the new server by `ask`, once more if the old mapping was in the way there. */
  async replace(mapping: PcpMapping, ask: () => Promise<PcpOutcome>): Promise<PcpOutcome> {
    const outcome = await ask()
    if (!this.#link?.holds(mapping) || outcome.kind === 'silent') return outcome
    const deleted = this.forget(mapping)
    if (outcome.kind === 'granted' || !IN_THE_WAY.has(outcome.result)) return outcome
    await deleted
    return await ask()
  }

  /** Deletes what the old server holds of it. Resolves when that is done, or not to be had. */
  async forget(mapping: PcpMapping): Promise<void> {
    const link = this.#link
    if (!link?.holds(mapping)) return
    const due = after(this.#clock.now(), PATIENCE)
    const outcome = await within(this.#clock, due, (signal) => link.unmap(mapping, signal))
    if (outcome.kind === 'silent' && link === this.#link) this.close()
  }
}
