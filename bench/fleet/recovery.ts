import { firstGap, nextGap, startDelay } from '../../src/core/pacing.ts'
import type { PcpOutcome } from '../../src/core/ports.ts'
import { ANY_IPV4 } from '../../src/lib/ip.ts'
import { type Millis, millis, port, seconds } from '../../src/lib/units.ts'
import { nextTimeout, toRand } from '../../src/pcp/retransmit.ts'
import { Calendar } from './calendar.ts'
import { type Capacity, Carrier } from './carrier.ts'

// Very many routers have lost all their mappings at the same moment and make them anew: by the daemon's own pacing
// (core/pacing.ts) and retransmission (pcp/retransmit.ts), or all mappings at once, as RFC 6887 §14.1 alone has it.

export interface Fleet {
  readonly cpes: number
  /** Mappings of each. */
  readonly mappings: number
}

export interface Recovered {
  /** The most requests in one second. */
  readonly peak: number
  /** Seconds until every router had every mapping again, and until 99 of 100 had. */
  readonly last: number
  readonly most: number
  /** Share of the requests that asked for what was asked before. */
  readonly duplicates: number
  /** Share of the routers that were not done when the simulation ended. */
  readonly unfinished: number
}

/** How a router learns that its mappings are gone. */
type Notice =
  /** Everybody at once, by ANNOUNCE. */
  | 'announce'
  /** By its own sign of life, one every `every` seconds, which starts again to be answered. */
  | { readonly every: number }

export interface RecoveryOptions {
  readonly fleet: Fleet
  readonly capacity: Capacity
  readonly notice: Notice
  readonly paced: boolean
  readonly random: () => number
  /** Seconds after which the simulation ends. */
  readonly horizon: number
}

const STEP = 0.01
const GRANTED: PcpOutcome = {
  kind: 'granted',
  external: { address: ANY_IPV4, port: port(1) },
  lifetime: seconds(3600),
  sentAt: millis(0),
}

/** One asker: a router that asks for one mapping after the other, or a single mapping where nothing is paced. */
class Askers {
  readonly left: Uint32Array
  readonly gap: Float64Array
  readonly timeout: Float64Array
  readonly begun: Float64Array
  readonly answer: Float64Array
  /** 1 while a request is out. */
  readonly asking: Uint8Array

  constructor(count: number, each: number) {
    this.left = new Uint32Array(count).fill(each)
    this.gap = new Float64Array(count).fill(firstGap())
    this.timeout = new Float64Array(count)
    this.begun = new Float64Array(count)
    this.answer = new Float64Array(count)
    this.asking = new Uint8Array(count)
  }
}

export function recover(options: RecoveryOptions): Recovered {
  const { capacity, fleet, horizon, paced, random } = options
  const count = paced ? fleet.cpes : fleet.cpes * fleet.mappings
  const askers = new Askers(count, paced ? fleet.mappings : 1)
  const carrier = new Carrier(capacity, random)
  const calendar = new Calendar(count, { step: STEP, horizon })
  const done: number[] = []
  let wanted = 0

  const send = (asker: number, now: number, timeout: Millis) => {
    askers.timeout[asker] = timeout
    askers.answer[asker] = Math.min(askers.answer[asker] ?? Infinity, carrier.ask(now))
    calendar.schedule(asker, Math.min(askers.answer[asker], now + timeout / 1000))
  }
  const ask = (asker: number, now: number) => {
    wanted += 1
    askers.asking[asker] = 1
    askers.begun[asker] = now
    askers.answer[asker] = Infinity
    send(asker, now, nextTimeout(undefined, toRand(random())))
  }
  const answered = (asker: number, now: number) => {
    askers.asking[asker] = 0
    const left = (askers.left[asker] ?? 0) - 1
    askers.left[asker] = left
    const took = 1000 * (now - (askers.begun[asker] ?? 0))
    const gap = nextGap(millis(askers.gap[asker] ?? 0), took, GRANTED)
    askers.gap[asker] = gap
    if (left === 0) done.push(now)
    else calendar.schedule(asker, now + gap / 1000)
  }
  for (let cpe = 0; cpe < fleet.cpes; cpe++) {
    const start = noticed(options) + startDelay(random()) / 1000
    if (paced) calendar.schedule(cpe, start)
    else for (let n = 0; n < fleet.mappings; n++) calendar.schedule(cpe * fleet.mappings + n, start)
  }
  calendar.run((asker, now) => {
    if (askers.asking[asker] === 0) ask(asker, now)
    else if ((askers.answer[asker] ?? Infinity) <= now + STEP) answered(asker, now)
    else send(asker, now, nextTimeout(millis(askers.timeout[asker] ?? 0), toRand(random())))
  })
  return {
    peak: carrier.peak,
    last: done.at(-1) ?? 0,
    most: done[Math.floor(0.99 * (done.length - 1))] ?? 0,
    duplicates: 1 - wanted / carrier.requests,
    unfinished: 1 - done.length / count,
  }
}

const noticed = ({ capacity, notice, random }: RecoveryOptions): number =>
  capacity.upFrom + (notice === 'announce' ? 0 : random() * notice.every)
