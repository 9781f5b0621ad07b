import { isAt } from '../core/place.ts'
import type { PcpEvents } from '../core/ports.ts'
import { sharedAbort } from '../lib/abort.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { type Millis, after, millis } from '../lib/units.ts'
import type { Link, OpenLink } from './link.ts'
import { PassedBy } from './passed-by.ts'
import { isAlive, tried } from './trial.ts'

interface LinkInUseOptions {
  readonly clock: Clock
  readonly log: Log
}

/** What it tells; the rest of `PcpEvents` comes from the links. */
export type LinkInUseEvents = Pick<PcpEvents, 'switched' | 'lost' | 'returned'>

/** RFC 7488 §3: all addresses in vain, so they are tried again after this. */
const EXHAUSTED = millis(900_000)
/** While the carrier is down one question goes out every so often, and nothing else. */
export const HALF_OPEN = millis(30_000)
/** An address often comes a moment before its route: so the first tries to find a way are quicker. */
const FIRST_TRY = millis(500)

/**
 * Which address of which server is asked: one is kept while it works, another one is looked for when it does not
 * (RFC 7488 §3), and when nobody answers, the last one is asked for a sign of life.
 */
export class LinkInUse {
  readonly #options: LinkInUseOptions
  /** Those that may be used as they are. */
  #addresses: readonly OpenLink[] = []
  /** Those too that must show first that a PCP server is there. */
  #candidates: readonly OpenLink[] = []
  #link: Link | undefined
  #index = 0
  #replaced = sharedAbort()
  #reachable = true
  #heardAt: Millis
  #answeredAt: Millis | undefined
  /** What is searched at the moment. */
  #searching: readonly OpenLink[] | undefined
  #exhaustedUntil = millis(0)
  readonly #passedBy: PassedBy
  #probe: Disposable | undefined
  #closed = false
  /** A server was used before: whoever comes next is another one, or sees us as another. */
  #known = false
  #events: LinkInUseEvents | undefined

  constructor(options: LinkInUseOptions) {
    this.#options = options
    this.#passedBy = new PassedBy(options)
    this.#heardAt = options.clock.now()
  }

  listen(events: LinkInUseEvents): void {
    this.#events = events
  }

  /** Undefined while there is no way to a server. */
  get link(): Link | undefined {
    return this.#link
  }

  /** Aborts when the link is replaced: what waits on it asks its successor. */
  get replaced(): AbortSignal {
    return this.#replaced.signal
  }

  get reachable(): boolean {
    return this.#reachable && this.#link !== undefined
  }

  /** When it answered last; undefined: never since it is in use. */
  get answeredAt(): Millis | undefined {
    return this.#answeredAt
  }

  get closed(): boolean {
    return this.#closed
  }

  /**
   * The addresses of the servers to use from now on, the preferred first, and `guesses`, which are asked for a sign
   * of life before anything else (RFC 7723 §5.1). Called again when the server is another one, or ours is another
   * address: to the server we are a stranger then, and all mappings are made anew.
   */
  async use(addresses: readonly OpenLink[], guesses: readonly OpenLink[] = []): Promise<void> {
    const changed = this.#known
    this.#known = true
    this.#addresses = addresses
    this.#candidates = [...addresses, ...guesses]
    this.#exhaustedUntil = millis(0)
    this.#passedBy.clear()
    const wasDown = !this.#reachable
    await this.#connect(changed)
    if (!this.#link) this.#askForLife()
    if (!changed && wasDown && this.reachable) this.#events?.returned()
  }

  /** There is nobody to ask, or no address to ask from, until `use` is called again. Whoever noticed has told that. */
  lose(why: string): void {
    this.#addresses = []
    this.#candidates = []
    this.#switch(undefined, 0, false)
    this.down(why, 'debug')
    this.#events?.lost()
  }

  close(): void {
    this.#closed = true
    this.#probe?.[Symbol.dispose]()
    this.#switch(undefined, 0, false)
  }

  /** Was anybody heard after that? */
  heardSince(then: Millis): boolean {
    return this.#heardAt > then
  }

  /** The address of `link` maps nothing for us: the first other that there is a way to is asked. False: there is none. */
  async passBy(link: Link): Promise<boolean> {
    if (link === this.#link) this.#passedBy.add(this.#candidates[this.#index], link.name)
    for (const [index, open] of this.#addresses.entries()) {
      const other = this.#link !== link || this.#passedBy.has(open) ? undefined : await this.#open(open)
      if (other && this.#link === link) this.#switch(other, index, true)
      else other?.close()
    }
    return this.#link !== link
  }

  /** Nobody answers: from here on one sign of life is asked for every 30 s. */
  down(why: string, level: 'warn' | 'debug' = 'warn'): void {
    if (!this.#reachable || this.#closed) return
    this.#reachable = false
    this.#options.log[level](
      { server: this.#link?.name, why },
      'no new mappings until the carrier answers; igd-pcp status says what to do',
    )
    this.#askForLife()
  }

  /**
   * RFC 7488 §3: the other addresses in turn; the first that answers is used from then on. `inDoubt`: only one packet was
   * sent, which may be lost, and another server is a great change. So the one in use is asked for a sign of life first.
   */
  async search(inDoubt = false): Promise<void> {
    const { clock } = this.#options
    const [candidates, link] = [this.#candidates, this.#link]
    const exhausted = clock.now() < this.#exhaustedUntil
    const hasOthers = candidates.length > (link ? 1 : 0)
    if (!hasOthers || this.#searching === candidates || this.#closed || exhausted) return
    this.#searching = candidates
    const isKept = inDoubt && link && (await this.#isAlive(link))
    const inVain = !isKept && (await this.#tryOthers(candidates))
    if (this.#searching !== candidates) return
    this.#searching = undefined
    if (inVain) this.#exhaustedUntil = after(clock.now(), EXHAUSTED)
  }

  /** True when none of them answered. */
  async #tryOthers(candidates: readonly OpenLink[]): Promise<boolean> {
    const started = this.#options.clock.now()
    for (let step = this.#link ? 1 : 0; step < candidates.length; step++) {
      const index = (this.#index + step) % candidates.length
      const link = await this.#tried(candidates[index])
      const isOver = this.#candidates !== candidates || this.#heardAt > started || this.#closed
      if (link && !isOver) this.#moveTo(link, index)
      else link?.close()
      if (link || isOver) return false
    }
    return true
  }

  async #tried(open: OpenLink | undefined): Promise<Link | undefined> {
    if (!open || this.#passedBy.has(open)) return undefined
    return await tried(this.#options.clock, (refused) => this.#open(open, refused))
  }

  /** `refused` is told when the system says that nobody is there, and the link is not in use. */
  async #open(open: OpenLink, refused?: () => void): Promise<Link | undefined> {
    const mine: { link?: Link | undefined } = {}
    const inUse = () => mine.link !== undefined && mine.link === this.#link
    mine.link = await open({
      inUse,
      heard: () => {
        if (inUse()) this.#heard()
      },
      unreachable: (why) => {
        if (!inUse()) {
          refused?.()
          return
        }
        this.#options.log.warn({ server: mine.link?.name, why }, 'the PCP server cannot be reached')
        void this.search()
      },
    })
    return mine.link
  }

  /** `isOther`: what was made before is not known there. */
  async #connect(isOther: boolean): Promise<void> {
    for (const [index, open] of this.#addresses.entries()) {
      const link = await this.#open(open)
      if (!link) continue
      this.#reachable = true
      this.#switch(link, index, isOther)
      return
    }
    this.#switch(undefined, 0, isOther)
    this.down('there is no way to a PCP server')
    void this.search()
  }

  /** Who is told that another place is asked hears of it before those who wait for an answer. */
  #switch(link: Link | undefined, index: number, isOther: boolean): void {
    const [old, waiting] = [this.#link, this.#replaced]
    this.#link = link
    this.#index = index
    this.#answeredAt = undefined
    this.#replaced = sharedAbort()
    if (link && old) this.#options.log.info({ server: link.name }, 'another address is asked from now on')
    if (isOther) this.#events?.switched()
    waiting.abort()
    old?.close()
  }

  #heard(): void {
    const { clock, log } = this.#options
    this.#heardAt = clock.now()
    this.#answeredAt = this.#heardAt
    this.#exhaustedUntil = millis(0)
    if (this.#reachable) return
    this.#reachable = true
    this.#probe?.[Symbol.dispose]()
    log.info({ server: this.#link?.name }, 'the PCP server answers again')
    this.#events?.returned()
  }

  /** It answers, and the one in use does not. All addresses of a server know the mappings, another server none. */
  #moveTo(link: Link, index: number): void {
    const old = this.#link
    this.#switch(link, index, old !== undefined && !isAt(old.place, link.place))
    this.#heard()
  }

  #askForLife(gap = this.#link ? HALF_OPEN : FIRST_TRY): void {
    const { clock } = this.#options
    this.#probe?.[Symbol.dispose]()
    this.#probe = clock.at(after(clock.now(), gap), () => {
      if (this.#reachable || this.#closed) return
      this.#askForLife(millis(Math.min(2 * gap, HALF_OPEN)))
      void this.#signOfLife()
    })
  }

  async #signOfLife(): Promise<void> {
    const link = this.#link
    if (!link) {
      await this.#connect(false)
      if (this.reachable) this.#events?.returned()
      return
    }
    if (!(await this.#isAlive(link))) await this.search()
  }

  /** True also when it is replaced meanwhile: then it need not be. */
  async #isAlive(link: Link): Promise<boolean> {
    return (await isAlive(this.#options.clock, link, this.#replaced.signal)) || link !== this.#link
  }
}
