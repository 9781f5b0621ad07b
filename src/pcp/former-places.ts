import type { Place } from '../core/place.ts'
import type { PcpDeleted, PcpLink, PcpMapping, PcpRefused, PcpSilent } from '../core/ports.ts'
import { sleepUntil, within } from '../lib/abort.ts'
import type { Clock } from '../lib/clock.ts'
import { SerialQueues } from '../lib/serial.ts'
import { type Millis, after, millis } from '../lib/units.ts'

/** How long a server that was left may take to delete one mapping. */
const PATIENCE = millis(9000)
/** RFC 7488 §3: then it is left alone for so long. */
const REST = millis(900_000)
/** How often we look whether the address is ours again, or there is a route. */
const LOOK = millis(30_000)
/** A socket is closed when nothing was deleted through it for so long. */
const IDLE = millis(10_000)

const SILENT: PcpSilent = { kind: 'silent' }

/** A way to a server that was left. */
type FormerLink = Pick<PcpLink, 'unmap'> & { close(): void }

export interface Reach {
  /** Is there anything to ask from: is the place's address of ours still ours? */
  owns(place: Place): boolean
  /** A way there, from that address and no other; undefined while there is none. */
  open(place: Place): Promise<FormerLink | undefined>
}

interface Way {
  link?: FormerLink | undefined
  idle?: Disposable | undefined
  /** The server said nothing, and is left alone until then. */
  restsUntil: Millis
}

/**
 * Where mappings were asked for before: at another server, or from another address of ours. All that is done there is to
 * delete, one mapping at a time; a server that says nothing is asked again every quarter of an hour.
 */
export class FormerPlaces {
  readonly #clock: Clock
  readonly #reach: Reach
  readonly #turns = new SerialQueues<string>()
  readonly #ways = new Map<string, Way>()

  constructor(clock: Clock, reach: Reach) {
    this.#clock = clock
    this.#reach = reach
  }

  /** Is it worth asking there now? */
  reaches(place: Place): boolean {
    return this.#reach.owns(place) && this.#wayTo(place).restsUntil <= this.#clock.now()
  }

  /** Deletes as soon as there is a way to the place. Silence when there was none before `signal` aborted. */
  async unmap(
    mapping: PcpMapping,
    place: Place,
    signal: AbortSignal,
  ): Promise<PcpDeleted | PcpRefused | PcpSilent> {
    while (!signal.aborted) {
      const outcome = await this.#turns.run(keyOf(place), () => this.#attempt(mapping, place, signal))
      if (outcome.kind !== 'silent') return outcome
      const next = Math.max(after(this.#clock.now(), LOOK), this.#wayTo(place).restsUntil)
      await sleepUntil(this.#clock, millis(next), signal)
    }
    return SILENT
  }

  close(): void {
    for (const way of this.#ways.values()) shut(way)
    this.#ways.clear()
  }

  async #attempt(
    mapping: PcpMapping,
    place: Place,
    signal: AbortSignal,
  ): Promise<PcpDeleted | PcpRefused | PcpSilent> {
    const way = this.#wayTo(place)
    if (!this.#mayAsk(way, signal)) return SILENT
    const link = await this.#opened(way, place)
    if (!link) return SILENT
    const due = after(this.#clock.now(), PATIENCE)
    const outcome = await within(this.#clock, due, (until) => link.unmap(mapping, until), signal)
    if (outcome.kind === 'silent' && !signal.aborted) {
      shut(way)
      way.restsUntil = after(this.#clock.now(), REST)
    }
    return outcome
  }

  /** Others may have asked in vain while this one waited for its turn. */
  #mayAsk({ restsUntil }: Way, signal: AbortSignal): boolean {
    return !signal.aborted && restsUntil <= this.#clock.now()
  }

  /** An address that is ours no more is not sent from, though its socket may be open (RFC 6887 §16.4). */
  async #opened(way: Way, place: Place): Promise<FormerLink | undefined> {
    if (!this.#reach.owns(place)) {
      shut(way)
      return undefined
    }
    way.link ??= await this.#reach.open(place)
    way.idle?.[Symbol.dispose]()
    way.idle = this.#clock.at(after(this.#clock.now(), IDLE), () => shut(way))
    return way.link
  }

  #wayTo(place: Place): Way {
    const key = keyOf(place)
    const known = this.#ways.get(key)
    if (known) return known
    this.#forgetIdle()
    const way = { restsUntil: millis(0) }
    this.#ways.set(key, way)
    return way
  }

  #forgetIdle(): void {
    for (const [key, { link, restsUntil }] of this.#ways)
      if (!link && restsUntil <= this.#clock.now()) this.#ways.delete(key)
  }
}

const keyOf = ({ client, self, server }: Place): string => `${server} ${client ?? ''} ${self ?? ''}`

function shut(way: Way): void {
  way.idle?.[Symbol.dispose]()
  way.link?.close()
  way.link = undefined
}
