import type { LiveConfig } from './config/reload.ts'
import type { Core } from './core/assemble.ts'
import type { ServerFacts } from './core/ports.ts'
import { type EventStatus, PROBLEM_IDS, type Status } from './core/status.ts'
import { problemsNow, statusOf } from './core/status-view.ts'
import { type Interfaces, ipv4Interface, lansOf } from './lan/interfaces.ts'
import type { Clock } from './lib/clock.ts'
import type { Log } from './lib/log.ts'
import { type Millis, millis } from './lib/units.ts'
import { VERSION } from './lib/version.ts'
import type { LoggedEvent, RecentEvents } from './log/recent.ts'
import type { Counters } from './metrics/counters.ts'
import type { Facts } from './metrics/facts.ts'

/** How often we look for another Internet gateway on this router. */
const LOOK_EVERY = millis(300_000)

interface OverviewWorld {
  readonly clock: Clock
  readonly log: Log
  readonly date: () => Date
  readonly events: RecentEvents
  readonly interfaces: () => Interfaces
  /** The name of another program of this router that is an Internet Gateway Device. */
  readonly rival: () => string | undefined
}

interface OverviewParts extends Pick<Core, 'context' | 'nextAttempt'> {
  readonly counters: Counters
  readonly server: () => ServerFacts | undefined
  /** Why the journal takes nothing; undefined while it does. */
  readonly storeFailure: () => string | undefined
}

/** All that can be seen of the daemon, put together when somebody looks. */
export class Overview {
  readonly #live: LiveConfig
  readonly #world: OverviewWorld
  readonly #parts: OverviewParts
  readonly #startedAt: Millis
  /** Unix time in seconds. */
  readonly #startDate: number
  #rival: string | undefined
  #looking: Disposable | undefined

  constructor(live: LiveConfig, world: OverviewWorld, parts: OverviewParts) {
    this.#live = live
    this.#world = world
    this.#parts = parts
    this.#startedAt = world.clock.now()
    this.#startDate = world.date().getTime() / 1000
  }

  /** Looks for rivals, now and from time to time, until `stop`. */
  start(): void {
    this.#look()
    this.#looking = this.#world.clock.every(LOOK_EVERY, () => this.#look())
  }

  stop(): void {
    this.#looking?.[Symbol.dispose]()
  }

  #look(): void {
    const { log, rival } = this.#world
    const found = rival()
    if (found !== undefined && found !== this.#rival)
      log.warn({ program: found }, 'another Internet gateway runs on this router; stop it')
    this.#rival = found
  }

  read(): Status {
    return statusOf(this.#parts, {
      ...this.#outside(),
      date: this.#world.date(),
      daemon: { version: VERSION, startedAt: this.#startedAt },
      nat: { mode: this.#live.current.nat.mode },
      counters: this.#parts.counters.counts(),
      events: this.#world.events.events.map(eventStatus),
    })
  }

  /** The same as numbers: what it costs does not grow with the table. */
  facts(): Facts {
    const { context, counters } = this.#parts
    const outside = this.#outside()
    const problems = new Set(problemsNow(context, outside).map(({ id }) => id))
    return {
      version: VERSION,
      startedAt: this.#startDate,
      counts: counters.counts(),
      mappings: context.claims.census.counts(),
      entries: context.table.size,
      mostEntries: outside.mostEntries,
      carrierReachable: outside.server?.reachable === true,
      carrierAnswered: this.#unixTime(outside.server?.heardAt),
      stateWritable: outside.unwritable === undefined,
      problems: new Map(PROBLEM_IDS.map((id) => [id, problems.has(id)])),
    }
  }

  /** Tells when the table, the external address or the connection changed. */
  onChange(listener: () => void): Disposable {
    return this.#parts.context.changes.listen(listener)
  }

  /** Tells of each event as it happens. */
  onEvent(listener: (event: EventStatus) => void): Disposable {
    return this.#world.events.listen((event) => listener(eventStatus(event)))
  }

  #outside() {
    const { counters, server, storeFailure } = this.#parts
    const { access, state } = this.#live.current
    const why = storeFailure()
    return {
      ...this.#addresses(),
      server: server(),
      refusal: counters.refusal,
      natFailure: counters.natFailure,
      unwritable: why === undefined ? undefined : { directory: state.dir, why },
      rival: this.#rival,
      mostEntries: access.total,
    }
  }

  #unixTime(at: Millis | undefined): number | undefined {
    const { clock, date } = this.#world
    return at === undefined ? undefined : (date().getTime() - (clock.now() - at)) / 1000
  }

  #addresses(): Pick<Status, 'lans' | 'wan'> {
    const { lan, wan } = this.#live.current
    const interfaces = this.#world.interfaces()
    const lans = lansOf(interfaces, lan)
    return {
      lans: lan.interfaces.map((name) => {
        const found = lans.find((candidate) => candidate.name === name)
        return {
          interface: name,
          ipAddress: found?.address ?? null,
          prefixLength: found?.prefix.length ?? null,
        }
      }),
      wan: {
        interface: wan.interface,
        ipAddress: ipv4Interface(interfaces, wan.interface)?.address ?? null,
      },
    }
  }
}

const eventStatus = ({ fields, level, text, time }: LoggedEvent): EventStatus => ({
  time,
  level,
  text,
  details: { ...fields },
})
