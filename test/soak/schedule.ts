import { rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../src/lib/clock.ts'
import { configText, type World } from './world.ts'

/** Something the soak did to the daemon or its surroundings. Seconds since the start. */
export interface Happening {
  readonly kind: Kind
  readonly from: number
  readonly to: number
}

type Doing = (world: World, random: Random) => Promise<void>

/** Seconds from `least` to `most`. */
const waitFor = (random: Random, least: number, most: number) =>
  sleep((least + random.unit() * (most - least)) * 1000)

const WAN_ADDRESSES = ['100.64.7.3', '100.64.7.4', '100.64.7.5', '100.64.7.2']

const restartEmpty: Doing = async ({ lab: { carrier } }) => {
  carrier.stop()
  await rm(carrier.leaseFile, { force: true })
  await carrier.start()
}

/** What happens, and for how many seconds afterwards clients may notice it. */
const EVENTS = {
  /** The carrier's box reboots: an empty table, a new epoch. */
  'carrier restarted empty': { settle: 60, do: restartEmpty },
  /** Not by us: a neighbour without igd-pcp gets nothing either, until it is restarted. From its last success on. */
  'carrier refused everybody': { settle: 200, do: restartEmpty },
  'carrier silent': {
    settle: 90,
    do: async ({ lab: { carrier } }, random) => {
      carrier.pause()
      await waitFor(random, 20, 100)
      carrier.resume()
    },
  },
  'carrier gone': {
    settle: 90,
    do: async ({ lab: { carrier } }, random) => {
      carrier.stop()
      await waitFor(random, 5, 60)
      await carrier.start()
    },
  },
  /** The carrier keeps the ports for the old address for two minutes, and is asked again at the next renewal: a minute. */
  'WAN address changed': {
    settle: 200,
    do: async ({ moveWan, addresses }) => {
      const next = WAN_ADDRESSES[(WAN_ADDRESSES.indexOf(addresses.wan) + 1) % WAN_ADDRESSES.length]
      await moveWan(next ?? addresses.wan)
    },
  },
  /** And after a while taken again: the same address or another. */
  'LAN lease given back': {
    settle: 60,
    do: async (world, random) => {
      world.lan2.release()
      await waitFor(random, 3, 20)
      world.lan2.renew()
      world.addresses.lan2 = await world.lan2.address()
    },
  },
  'LAN lease renewed': {
    settle: 10,
    do: async (world) => {
      world.lan2.renew()
      world.addresses.lan2 = await world.lan2.address()
    },
  },
  'configuration reloaded': {
    settle: 5,
    do: async ({ lab, config }, random) => {
      await writeFile(config, configText(random.unit() < 0.5 ? 64 : 60))
      lab.daemon.signal('SIGHUP')
    },
  },
  'daemon killed': {
    settle: 30,
    do: async ({ lab }) => {
      await lab.daemon.stop('SIGKILL')
      await lab.daemon.start()
    },
  },
} as const satisfies Record<string, { settle: number; do: Doing }>
export type Kind = keyof typeof EVENTS

/** When the daemon is killed, as parts of the whole: two short lives, a middle one, and more than half for the last. */
const KILLS = [0.08, 0.16, 0.4]
const UNPLANNED: readonly Kind[] = ['daemon killed', 'carrier refused everybody']
/** Nothing happens in the last part, so that the end is at rest. */
const END = 0.94
/** Seconds between events, on the average, where there is time for that. */
const GAP = 240

interface Planned {
  readonly at: number
  readonly kind: Kind
}

/** Each kind as often as any other, in an order by chance, and the kills at their times. */
export function plan(seconds: number, random: Random): readonly Planned[] {
  const kinds = (Object.keys(EVENTS) as Kind[]).filter((kind) => !UNPLANNED.includes(kind))
  const count = Math.max(kinds.length, Math.floor((seconds * END) / GAP))
  const gap = (seconds * END) / count
  const order = Array.from({ length: Math.ceil(count / kinds.length) }, () => shuffled(kinds, random))
  const events = order
    .flat()
    .slice(0, count)
    .map((kind, n) => ({ kind, at: gap * (n + 0.2 + 0.3 * random.unit()) }))
  const kills = KILLS.map((part) => ({ kind: 'daemon killed', at: seconds * part }) as const)
  return [...events, ...kills].sort((a, b) => a.at - b.at)
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, key: random.unit() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item)
}

/** Makes things happen, one after the other, and knows what happened when. */
export class Schedule {
  readonly happenings: Happening[] = []
  #begun: { kind: Kind; from: number } | undefined
  #last: Promise<void> = Promise.resolve()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  get now(): number {
    return this.#now()
  }

  async run(events: readonly Planned[], world: World, random: Random): Promise<void> {
    for (const { at, kind } of events) {
      await sleep(Math.max(0, at - this.#now()) * 1000)
      await this.happen(kind, world, random)
    }
  }

  /** When what happens already is over. `since` is when it began, where that is not now. */
  happen(kind: Kind, world: World, random: Random, since?: number): Promise<void> {
    this.#last = this.#last.then(async () => {
      this.#begun = { kind, from: since ?? this.#now() }
      await EVENTS[kind].do(world, random)
      this.happenings.push({ ...this.#begun, to: this.#now() })
      this.#begun = undefined
    })
    return this.#last
  }

  /** What may be the cause of something at a time: the kinds that go on or went on `within` seconds before. */
  causes(at: number, within?: number): readonly Kind[] {
    const open = this.#begun === undefined ? [] : [{ ...this.#begun, to: Infinity }]
    return [...this.happenings, ...open]
      .filter(({ kind, from, to }) => from - 1 <= at && at <= to + (within ?? EVENTS[kind].settle))
      .map(({ kind }) => kind)
  }
}
