import type { Clock } from '../lib/clock.ts'
import { type Millis, after, millis } from '../lib/units.ts'

/** Who looks takes a connection for as long as the page is open, so there are not many: of one host, and in all. */
const MOST_PER_HOST = 4
const MOST = 16

/** What changes together is sent together, and a table that changes all the time is not sent all the time. */
const SETTLE = millis(300)
/** Times left run down: so often they are sent anew, and the connection is kept from falling silent. */
const PERIOD = millis(10_000)

export interface Stream {
  readonly host: string
  /** Sends how things are now. */
  readonly send: () => void
}

/** The open pages. Each is told at once, after a change, and every few seconds. */
export class Streams {
  readonly #clock: Clock
  readonly #onChange: (listener: () => void) => Disposable
  readonly #open = new Set<Stream>()
  #listening: Disposable | undefined
  #timer: { readonly due: Millis; readonly handle: Disposable } | undefined

  constructor(clock: Clock, onChange: (listener: () => void) => Disposable) {
    this.#clock = clock
    this.#onChange = onChange
  }

  /** False when there are too many already. */
  hasPlace(host: string): boolean {
    const own = [...this.#open].filter((stream) => stream.host === host)
    return this.#open.size < MOST && own.length < MOST_PER_HOST
  }

  open(stream: Stream): void {
    this.#open.add(stream)
    this.#listening ??= this.#onChange(() => this.#sendWithin(SETTLE))
    this.#sendWithin(PERIOD)
    stream.send()
  }

  close(stream: Stream): void {
    this.#open.delete(stream)
    if (this.#open.size > 0) return
    this.#listening?.[Symbol.dispose]()
    this.#listening = undefined
    this.#timer?.handle[Symbol.dispose]()
    this.#timer = undefined
  }

  #sendWithin(span: Millis): void {
    const due = after(this.#clock.now(), span)
    if (this.#timer && this.#timer.due <= due) return
    this.#timer?.handle[Symbol.dispose]()
    this.#timer = { due, handle: this.#clock.at(due, () => this.#send()) }
  }

  #send(): void {
    this.#timer = undefined
    this.#sendWithin(PERIOD)
    for (const stream of [...this.#open]) stream.send()
  }
}
