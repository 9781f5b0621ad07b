import { isAt, type Place } from '../core/place.ts'
import type {
  MapRequest,
  PcpDeleted,
  PcpElsewhere,
  PcpMapping,
  PcpOutcome,
  PcpPort,
  PcpRefused,
  PcpSilent,
  ServerFacts,
} from '../core/ports.ts'
import { aborted, either, sleepUntil } from '../lib/abort.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { after, millis } from '../lib/units.ts'
import { FormerPlaces, type Reach } from './former-places.ts'
import type { Link, OpenLink } from './link.ts'
import { HALF_OPEN, LinkInUse, type LinkInUseEvents } from './link-in-use.ts'
import { lacksThirdParty } from './passed-by.ts'

export interface UpstreamOptions {
  readonly clock: Clock
  readonly log: Log
  /** The way to places that were left. */
  readonly reach: Reach
}

/** Two silent sends (RFC 6887 §8.1.1): time to see whether another address answers. */
const SUSPECT = millis(9000)
/** Nobody heard for so long while asked: the carrier is down. */
const DOWN = millis(20_000)

type Question<O> = (link: Link, until: AbortSignal) => Promise<O | PcpSilent>

const SILENT: PcpSilent = { kind: 'silent' }
const ELSEWHERE: PcpElsewhere = { kind: 'elsewhere' }

/** The carrier as one thing that answers: asks whichever address is in use, and for what stands elsewhere, there. */
export class Upstream implements PcpPort {
  readonly #clock: Clock
  readonly #inUse: LinkInUse
  readonly #former: FormerPlaces

  constructor(options: UpstreamOptions) {
    this.#clock = options.clock
    this.#inUse = new LinkInUse(options)
    this.#former = new FormerPlaces(options.clock, options.reach)
  }

  /** Whom to tell: the core, which is made after the carrier it talks to. */
  listen(events: LinkInUseEvents): void {
    this.#inUse.listen(events)
  }

  get reachable(): boolean {
    return this.#inUse.reachable
  }

  /** The server in use; undefined while there is no way to one. */
  get server(): ServerFacts | undefined {
    const { answeredAt, link, reachable } = this.#inUse
    return link && { ...link.facts(), address: link.name, reachable, heardAt: answeredAt }
  }

  get place(): Place | undefined {
    return this.#inUse.link?.place
  }

  reaches(place: Place): boolean {
    return this.#isHere(place) || this.#former.reaches(place)
  }

  /** As `LinkInUse` has it. */
  use(addresses: readonly OpenLink[], guesses: readonly OpenLink[] = []): Promise<void> {
    return this.#inUse.use(addresses, guesses)
  }

  /** As `LinkInUse` has it. */
  lose(why: string): void {
    this.#inUse.lose(why)
  }

  async map(request: MapRequest, signal: AbortSignal): Promise<PcpOutcome | PcpElsewhere> {
    const { place, sending } = request
    const map = async (link: Link, until: AbortSignal) => {
      if (!place || !isAt(place, link.place)) return ELSEWHERE
      const outcome = await link.map(request, until)
      return lacksThirdParty(link, request, outcome) && (await this.#inUse.passBy(link)) ? ELSEWHERE : outcome
    }
    return await this.#ask(map, signal, sending === 'once')
  }

  async unmap(mapping: PcpMapping, signal: AbortSignal): Promise<PcpDeleted | PcpRefused | PcpSilent> {
    const { place } = mapping
    const unmap = async (link: Link, until: AbortSignal) =>
      place === undefined || isAt(place, link.place) ? await link.unmap(mapping, until) : ELSEWHERE
    while (!signal.aborted && !this.#inUse.closed) {
      const outcome = place && !this.#isHere(place) ? ELSEWHERE : await this.#ask(unmap, signal, false)
      if (outcome.kind !== 'elsewhere') return outcome
      const left = place && (await this.#unmapAtFormer(mapping, place, signal))
      if (left && left.kind !== 'silent') return left
    }
    return SILENT
  }

  close(): void {
    this.#inUse.close()
    this.#former.close()
  }

  /** Asks whichever link there is, its successor too when it is replaced meanwhile, until `signal` aborts. */
  async #ask<O extends { readonly kind: string }>(
    question: Question<O>,
    signal: AbortSignal,
    once: boolean,
  ): Promise<O | PcpSilent> {
    const clock = this.#clock
    while (!signal.aborted && !this.#inUse.closed) {
      const until = either(signal, this.#inUse.replaced)
      const outcome = await this.#askNow(question, until.signal, once)
      const isOver = outcome.kind !== 'silent' || once
      // NAT-PMP gives up by itself, after nine packets (RFC 6886 §3.1).
      if (!isOver) await sleepUntil(clock, after(clock.now(), HALF_OPEN), until.signal)
      until[Symbol.dispose]()
      if (isOver) return outcome
    }
    return SILENT
  }

  /** Asks the link in use. A long silence is a carrier that is down: of one packet, when nobody waits for it any more. */
  async #askNow<O extends { readonly kind: string }>(
    question: Question<O>,
    until: AbortSignal,
    once: boolean,
  ): Promise<O | PcpSilent> {
    const clock = this.#clock
    const [asked, { link }] = [clock.now(), this.#inUse]
    const judge = () => {
      if (!this.#inUse.heardSince(asked) && this.#inUse.link === link)
        this.#inUse.down('the PCP server is silent')
    }
    const suspicion = clock.at(after(asked, SUSPECT), () => {
      if (!this.#inUse.heardSince(asked)) void this.#inUse.search(once)
    })
    const verdict = once ? undefined : clock.at(after(asked, DOWN), judge)
    const outcome = link ? await question(link, until) : await aborted(until).then(() => SILENT)
    suspicion[Symbol.dispose]()
    verdict?.[Symbol.dispose]()
    if (once && outcome.kind === 'silent' && clock.now() - asked >= DOWN) judge()
    return outcome
  }

  #isHere(place: Place): boolean {
    const { link } = this.#inUse
    return link !== undefined && isAt(place, link.place)
  }

  /** Until the place is the one in use again, or another one is. */
  async #unmapAtFormer(mapping: PcpMapping, place: Place, signal: AbortSignal) {
    const until = either(signal, this.#inUse.replaced)
    const outcome = await this.#former.unmap(mapping, place, until.signal)
    until[Symbol.dispose]()
    return outcome
  }
}
