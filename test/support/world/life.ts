import { LiveConfig } from '../../../src/config/reload.ts'
import type { Config } from '../../../src/config/schema.ts'
import type { Interworking } from '../../../src/interworking.ts'
import type { Clock, Random } from '../../../src/lib/clock.ts'
import type { Log } from '../../../src/lib/log.ts'
import { millis, port } from '../../../src/lib/units.ts'
import { RecentEvents } from '../../../src/log/recent.ts'
import { type Daemon, type RouterNat, type Surroundings, startDaemon } from '../../../src/main.ts'
import type { Spawn } from '../../../src/nat/process.ts'
import type { Announcements } from '../../../src/pcp/announcements.ts'
import type { Disk } from '../../../src/store/disk.ts'
import { JournalStore } from '../../../src/store/journal-store.ts'
import type { OpenStore } from '../../../src/store/state-directory.ts'
import { routerNat } from '../../../src/commands/router-nat.ts'
import { SimulatedFront } from './front.ts'
import type { Network } from './network.ts'
import type { Process, Step } from './process.ts'
import type { Router } from './router.ts'
import type { StandIns } from './stand-ins.ts'
import { steppedDisk } from '../stepped-disk.ts'

/** Milliseconds that a sync takes at most. */
const SLOWEST_SYNC = 20
const SOURCE_PORT = port(60_000)

/** A promise of its own each time: one for all would keep what waits for it. */
const never = (): Promise<never> => new Promise(() => undefined)

/** Where a daemon lives. */
export interface Habitat {
  readonly router: Router
  readonly network: Network
  readonly dice: Random
  readonly config: Config
  readonly log: Log
  readonly standIns: StandIns
  /** Told of each step, before it is done. */
  readonly changed: () => void
}

/**
 * One run of the daemon, from its start to its death. Everything it does goes through `step`: when its number is up it
 * dies there, before or after what it was about to do, and nothing of it is ever heard again.
 */
export class Life implements Process {
  readonly habitat: Habitat
  /** Until it dies; Infinity to live on. */
  stepsLeft = Infinity
  /** Set while it runs. */
  daemon: Daemon | undefined
  core: Interworking | undefined
  readonly front: SimulatedFront
  readonly live: LiveConfig
  /** Who is told what servers announce. */
  announcements: Announcements | undefined
  /** Timers that it waits for. */
  waiting = 0
  #alive = true
  #store: OpenStore | undefined
  #stopping = false
  /** Called when it dies. */
  readonly #died: (where: string) => void

  constructor(habitat: Habitat, died: (where: string) => void = () => undefined) {
    this.habitat = habitat
    this.#died = died
    this.front = new SimulatedFront(this)
    this.live = new LiveConfig(habitat.config)
  }

  get alive(): boolean {
    return this.#alive
  }

  /** It has started, and is not about to end. */
  get ready(): boolean {
    return this.#alive && this.daemon !== undefined && !this.#stopping
  }

  /** The journal has all that it was given. */
  get isWritten(): boolean {
    return this.#store !== undefined && this.#store.failure === undefined
  }

  readonly step: Step = async (name, act) => {
    if (!this.#alive) return await never()
    this.habitat.changed()
    const dies = --this.stepsLeft === 0
    if (dies && this.habitat.dice.unit() < 0.5) return await this.#die(`before ${name}`)
    const done = await act()
    if (dies) return await this.#die(`after ${name}`)
    return this.alive ? done : await never()
  }

  /** Rejects where the daemon would end with a message; never resolves when it dies on the way. */
  async start(): Promise<void> {
    this.daemon = await startDaemon(this.live, await this.#surroundings(), this.front.open)
    if (!this.#alive) await never()
  }

  /** SIGTERM: as `igd-pcp run` ends. */
  async stop(release: boolean): Promise<void> {
    this.#stopping = true
    await this.daemon?.stop(release)
    await this.#store?.close()
    this.kill()
  }

  /** The process is killed, whatever it is about to do. */
  kill(): void {
    if (!this.#alive) return
    this.#alive = false
    this.habitat.network.closeAll(this)
    for (const child of [...this.habitat.router.kernel.running]) child.kill()
  }

  async #die(where: string): Promise<never> {
    this.kill()
    this.#died(where)
    return await never()
  }

  async #surroundings(): Promise<Surroundings> {
    const { dice: random, network, router, log } = this.habitat
    const clock = this.#clock()
    const date = () => new Date(router.date())
    const store = await this.#openStore(clock)
    this.#store = store
    return this.habitat.standIns.surroundings({
      clock,
      random,
      log,
      date,
      store,
      events: new RecentEvents(log, date, 1),
      rival: () => undefined,
      interfaces: router.interfaces,
      neighbourTable: router.neighbourTable,
      disk: router.files,
      connect: network.connect(this, SOURCE_PORT),
      descriptors: new Map(),
      identity: { uuid: '', secret: router.secret, bootId: 1, sourcePort: SOURCE_PORT },
      nat: this.#nat(clock),
      routes: { ipv4: () => Promise.resolve(''), ipv6: () => Promise.resolve('') },
      localPorts: () => Promise.resolve([]),
      hear: (announcements) => ({
        join: () => {
          this.announcements = announcements
          return Promise.resolve()
        },
        leave: () => {
          this.announcements = undefined
        },
      }),
    })
  }

  /** A dead process hears no timer, a sleeping machine hears it when it wakes. */
  #clock(): Clock {
    const { router } = this.habitat
    const { bootedAt, clock } = router
    const whenAwake = (run: () => void) => () => {
      if (!this.#alive) return
      if (router.asleep) router.whenAwake(whenAwake(run))
      else run()
    }
    const own: Clock = {
      now: () => millis(clock.now() - bootedAt),
      at: (due, run) => {
        let waits = true
        const over = () => {
          if (waits) this.waiting--
          waits = false
        }
        this.waiting++
        const fire = whenAwake(() => {
          if (!waits) return
          over()
          run()
        })
        const timer = clock.at(millis(due + bootedAt), fire)
        return {
          [Symbol.dispose]: () => {
            over()
            timer[Symbol.dispose]()
          },
        }
      },
      every: (span, look) => clock.every(span, whenAwake(look)),
    }
    return own
  }

  async #openStore(clock: Clock): Promise<OpenStore> {
    const { log, router } = this.habitat
    const { bootId, date } = router
    const store = new JournalStore({ clock, log, bootId, date, disk: this.#disk() })
    const saved = await store.open()
    return {
      saved,
      get failure() {
        return store.failure
      },
      noteEpoch: (epoch) => store.noteEpoch(epoch),
      put: (record) => store.put(record),
      drop: (generation) => store.drop(generation),
      follow: (recorded) => store.follow(recorded),
      close: () => store.close(),
    }
  }

  #disk(): Disk {
    return steppedDisk(this.habitat.router.disk, this.step, () => this.#syncing())
  }

  /** What was written is not yet there for sure. A sync takes time, and what others do may be over before. */
  async #syncing(): Promise<void> {
    const { dice, router } = this.habitat
    const { clock } = router
    const due = millis(clock.now() + dice.unit() * SLOWEST_SYNC)
    await new Promise<void>((resolve) => void clock.at(due, resolve))
    await this.step('sync', () => undefined)
  }

  #nat(clock: Clock): RouterNat {
    const { log, router } = this.habitat
    const spawn: Spawn = (program, args) => router.kernel.spawn(program, args)
    const reservedPorts = { read: () => Promise.resolve(''), write: () => Promise.resolve() }
    const claimTable = () => Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() })
    const nat = routerNat(this.live.current, { clock, log, spawn, reservedPorts, claimTable })
    return {
      ...nat,
      start: (lans, rules) => this.step('nat start', () => nat.start(lans, rules)),
      set: (rule, timeout) => this.step('nat set', () => nat.set(rule, timeout)),
      remove: (protocol, wanPort) => this.step('nat remove', () => nat.remove(protocol, wanPort)),
      stop: (removeTable) => this.step('nat stop', () => nat.stop(removeTable)),
    }
  }
}
