import { sleepUntil, within } from '../../lib/abort.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { type Millis, after, millis } from '../../lib/units.ts'
import type { Callback } from './callback.ts'
import { type Values, news } from './events.ts'
import { type Send, notifyTo } from './notify.ts'
import { type Subscription, nextSeq } from './subscriptions.ts'

export interface DeliveryPorts {
  readonly clock: Clock
  readonly log: Log
  readonly send: Send
}

/** How long one callback may take to answer. UDA 1.1 §4.3.2 lets all of them together take 30 s. */
const PATIENCE = millis(5000)
/**
 * From the 200 of SUBSCRIBE to the initial event. A busy control point finds both waiting, reads the event first, and
 * throws it away as its SID says nothing yet (GUPnP 1.6 does).
 */
const GRACE = millis(200)
const FIRST_WAIT = 10_000
const LONGEST_WAIT = 300_000

/** Before the next try after so many failures in a row, 1 or more. */
const waitAfter = (failures: number): Millis =>
  millis(Math.min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT))

/**
 * Keeps one subscriber up to date: one event at a time, each with what has changed since the last that arrived. So a
 * slow subscriber misses steps in between and never the last value, and nothing queues up.
 */
export class Delivery {
  readonly #ports: DeliveryPorts
  readonly #subscription: Subscription
  readonly #read: () => Values
  readonly #ended = new AbortController()
  /** Before that nothing is sent. */
  readonly #earliest: Millis
  #known: Values = new Map()
  #seq = 0
  #failures = 0
  #busy = false

  /** `read` gives all evented variables as they are. Made when the 200 of SUBSCRIBE is out. */
  constructor(ports: DeliveryPorts, subscription: Subscription, read: () => Values) {
    this.#ports = ports
    this.#subscription = subscription
    this.#read = read
    this.#earliest = after(ports.clock.now(), GRACE)
  }

  /** Takes the subscriber to what is now, unless it is on its way there. Nothing known yet makes the initial event. */
  async update(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      if (this.#seq === 0) await sleepUntil(this.#ports.clock, this.#earliest, this.#ended.signal)
      for (let fresh = this.#news(); fresh.size > 0 && this.#isLive(); fresh = this.#news())
        await this.#deliver(fresh)
    } finally {
      this.#busy = false
    }
  }

  /** The last event did not arrive. */
  get failing(): boolean {
    return this.#failures > 0
  }

  /** Breaks off what is on the way; nothing is sent any more. */
  end(): void {
    this.#ended.abort()
  }

  #news(): Values {
    return news(this.#read(), this.#known)
  }

  #isLive(): boolean {
    return !this.#ended.signal.aborted && this.#ports.clock.now() < this.#subscription.expires
  }

  /**
   * One event, and after a failure the wait that spares the subscriber. It stays subscribed until it expires
   * (UDA 1.1 §4.3.2), and the gap in SEQ tells it that it missed something.
   */
  async #deliver(values: Values): Promise<void> {
    const seq = this.#seq
    this.#seq = nextSeq(seq)
    if (await this.#arrives(seq, values)) {
      this.#failures = 0
      this.#known = new Map([...this.#known, ...values])
      return
    }
    this.#failures += 1
    // It may have arrived all the same: what the subscriber holds of these is unknown now.
    this.#known = new Map([...this.#known].filter(([variable]) => !values.has(variable)))
    const { clock } = this.#ports
    await sleepUntil(clock, after(clock.now(), waitAfter(this.#failures)), this.#ended.signal)
  }

  /** The callbacks are tried in their order until one takes it. */
  async #arrives(seq: number, values: Values): Promise<boolean> {
    for (const callback of this.#subscription.callbacks)
      if (this.#isLive() && (await this.#taken(callback, seq, values))) return true
    return false
  }

  async #taken(callback: Callback, seq: number, values: Values): Promise<boolean> {
    const { clock, log, send } = this.#ports
    const to = `${callback.address}:${callback.port}`
    try {
      const notify = (signal: AbortSignal) =>
        send(notifyTo(callback, this.#subscription, seq, values), signal)
      const status = await within(clock, after(clock.now(), PATIENCE), notify, this.#ended.signal)
      if (status >= 200 && status < 300) return true
      log.debug({ to, status }, 'events: a subscriber refuses an event')
    } catch (error) {
      log.debug({ to, error: String(error) }, 'events: a subscriber does not take an event')
    }
    return false
  }
}
