import { sleepUntil } from '../lib/abort.ts'
import { type Millis, type Port, after, millis } from '../lib/units.ts'
import type { Context } from './context.ts'
import type { LearnAddress } from './learn-address.ts'
import { type Grant, happened, isRetired, type Mapping } from './mapping.ts'
import { firstGap, nextGap, startDelay } from './pacing.ts'
import type { PcpEvents, PcpGranted, PcpMapping, PcpRefused } from './ports.ts'
import { lifetimeEnd } from './renewal.ts'
import type { State } from './state.ts'
import type { Upkeep } from './upkeep.ts'

/** An unproven hint is looked into at most this often. */
const HINT_GAP = millis(10_000)

/** States of what the carrier is to be asked for. */
const WAITING: ReadonlySet<State> = new Set<State>(['LAPSED', 'RECOVERING', 'RESTORED'])

interface Lost {
  readonly mapping: Mapping
  /** What it was granted before the loss; another one means that it is back already. */
  readonly grant: Grant
}

/**
 * Rapid recovery (RFC 6887 §14): when the server lost its state, every mapping is made anew, one after the other
 * and in the pace of `pacing.ts`. What was granted after the loss is left alone, and a loss that is told ten times
 * is one.
 */
export class Recovery implements PcpEvents {
  readonly #context: Context
  readonly #upkeep: Upkeep
  readonly #learning: LearnAddress
  #lost: Lost[] = []
  /** Do they stand in their order, the most urgent last? */
  #isOrdered = false
  #recovering: Promise<void> | undefined
  /** The one in flight. */
  #asking: Lost | undefined
  #lastHint: Millis | undefined

  constructor(context: Context, upkeep: Upkeep, learning: LearnAddress) {
    this.#context = context
    this.#learning = learning
    this.#upkeep = upkeep
  }

  /** RFC 6887 §8.1: what one server refused or lacks says nothing of another. */
  switched(): void {
    this.#context.holds.clear()
    this.#context.quota.clear()
    this.#context.capabilities.clear()
    this.#context.carrier.doubt()
    this.#upkeep.switched()
    const all = [...this.#context.table.mappings()]
    // They may stand where is asked now.
    for (const { claim } of all) this.#context.departures.stop(claim)
    this.#context.ports.log.warn(
      { mappings: all.length },
      'the way to the carrier changed; mapping all ports anew',
    )
    // Without mappings nothing else would tell the external address at the new place.
    if (all.length === 0) this.#context.external.doubt()
    this.#learning.startAnew()
    this.#recover(all)
  }

  /** The daemon began anew: the carrier is to confirm what it held. Resolves when it was asked for all of it. */
  resumed(): Promise<void> {
    this.#recover([...this.#context.table.mappings()])
    return this.#recovering ?? Promise.resolve()
  }

  /** What was granted may still lead here when somebody is to be asked again, so all stays as it is. */
  lost(): void {
    this.#context.external.heard({ kind: 'silent' })
  }

  lostState(): void {
    this.#context.carrier.doubt()
    const lost = [...this.#context.table.mappings()]
    this.#context.ports.log.warn(
      { mappings: lost.length },
      'the PCP server lost its state; mapping all ports anew',
    )
    this.#recover(lost)
  }

  /** What lapsed while nobody answered, or was to be made anew, is asked for again; the rest is as it was. */
  returned(): void {
    this.#learning.start()
    this.#recover([...this.#context.table.mappings()].filter(({ claim }) => WAITING.has(claim.state)))
    this.#repeat()
  }

  /** By RFC 6887 §8.1.1 what is in flight would be repeated only after as long as the server was silent. */
  #repeat(): void {
    const { clock, random } = this.#context.ports
    const asking = this.#asking
    if (!asking) return
    clock.at(after(clock.now(), startDelay(random.unit())), () => {
      if (this.#asking === asking) this.#upkeep.drop(asking.mapping)
    })
  }

  #recover(mappings: readonly Mapping[]): void {
    for (const { claim } of mappings) happened(claim, 'lost')
    const told = new Set(mappings)
    const before = this.#lost.filter(({ mapping }) => !told.has(mapping))
    const lost = mappings.map((mapping) => ({ mapping, grant: mapping.grant }))
    this.#lost = [...before, ...lost]
    this.#isOrdered = false
    if (this.#recovering || this.#lost.length === 0) return
    this.#recovering = this.#run().finally(() => {
      this.#recovering = undefined
    })
  }

  doubtful(): void {
    const { clock, random } = this.#context.ports
    const now = clock.now()
    if (this.#recovering || (this.#lastHint !== undefined && now - this.#lastHint < HINT_GAP)) return
    this.#lastHint = now
    clock.at(after(now, startDelay(random.unit())), () => this.#lookInto())
  }

  /** Without mappings it may be the external address that is another one, and nothing else would tell. */
  #lookInto(): void {
    const { external, table } = this.#context
    const [mapping] = table.mappings()
    if (mapping) void this.#upkeep.renewNow(mapping)
    else {
      external.doubt()
      this.#learning.start()
    }
  }

  mappingUpdate(of: PcpMapping, outcome: PcpGranted | PcpRefused): void {
    const mapping = this.#context.table.ofPcpMapping(of)
    if (mapping && mapping.claim.generation === of.generation) this.#upkeep.settle(mapping, outcome)
  }

  /** What data flows through comes first, then what ends first by itself. */
  #mostUrgent(busy: ReadonlySet<Port>): Lost | undefined {
    const idle = ({ mapping: { claim } }: Lost) => claim.wanPort === undefined || !busy.has(claim.wanPort)
    if (!this.#isOrdered)
      this.#lost.sort(
        (a, b) => Number(idle(b)) - Number(idle(a)) || lifetimeEnd(b.grant) - lifetimeEnd(a.grant),
      )
    this.#isOrdered = true
    return this.#lost.pop()
  }

  async #run(): Promise<void> {
    const { closing, ports } = this.#context
    const { clock, random } = ports
    let gap = firstGap()
    await sleepUntil(clock, after(clock.now(), startDelay(random.unit())), closing)
    const busy = await ports.nat.busyWanPorts()
    const outcomes = { granted: 0, refused: 0, silent: 0 }
    for (let next = this.#mostUrgent(busy); next && !closing.aborted; next = this.#mostUrgent(busy)) {
      if (isRetired(next.mapping) || next.mapping.grant !== next.grant) continue
      const started = clock.now()
      this.#asking = next
      const outcome = await this.#upkeep.recreate(next.mapping)
      this.#asking = undefined
      if (outcome) outcomes[outcome.kind] += 1
      gap = nextGap(gap, clock.now() - started, outcome)
      if (this.#lost.length > 0) await sleepUntil(clock, after(clock.now(), gap), closing)
    }
    const { granted: mapped, refused, silent: unanswered } = outcomes
    if (mapped + refused + unanswered > 0)
      ports.log.info({ mapped, refused, unanswered }, 'the carrier was asked for every mapping anew')
  }
}
