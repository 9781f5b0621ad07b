import { millis } from '../../src/lib/units.ts'
import type { Wrong } from '../support/world/invariants.ts'
import { World } from '../support/world/world.ts'
import { Checks } from './checks.ts'
import { ControlPoints } from './control-points.ts'
import type { Event } from './happening.ts'
import { LanHosts } from './hosts.ts'
import type { RuleSet } from './policy.ts'
import { accessOf, type Profile } from './profile.ts'
import { Promises } from './promises.ts'
import { rest } from './rest.ts'
import type { Schedule } from './schedule.ts'
import { happen } from './troubles.ts'

/** How soon the service manager starts it again when it ended by itself. */
const RESTART = 5000

export interface Outcome {
  readonly wrong: readonly Wrong[]
  readonly story: readonly string[]
  /** Virtual milliseconds. */
  readonly passed: number
  readonly counts: ReadonlyMap<string, number>
}

/** One schedule on its way through one world. */
export class Simulation {
  readonly profile: Profile
  readonly world: World
  readonly hosts: LanHosts
  readonly promises = new Promises()
  readonly points: ControlPoints
  readonly checks: Checks
  /** What happened how often. */
  readonly counts = new Map<string, number>()
  /** Since when nothing has been wrong with the world; Infinity while something is. */
  quietSince = 0
  /** Nothing was ever wrong. */
  neverDisturbed = true
  rules: RuleSet
  perHost: number
  /** Which NAT of the carrier is in charge. */
  server: 'a' | 'b' = 'a'
  /** When the date last jumped. */
  dateChangedAt = -1
  /** When the daemon that runs now was ready; Infinity while none is. */
  readySince = Infinity
  /** How long it takes until the daemon that dies next is started again. */
  back = RESTART
  /** How long all may take to come to rest, if it is not to be as long as it can be. */
  patience = Infinity
  readonly #active = new Map<string, () => void>()
  #restart: Disposable | undefined

  constructor({ profile }: Pick<Schedule, 'profile'>, tells: boolean) {
    this.profile = profile
    this.world = new World(profile)
    if (tells) this.world.story = [JSON.stringify(profile)]
    this.rules = profile.rules
    this.perHost = profile.perHost
    this.hosts = new LanHosts(this.world.router, profile.leases)
    this.points = new ControlPoints(this)
    this.checks = new Checks(this)
    this.quietSince = this.now
    this.world.clock.afterStep = () => this.checks.step()
  }

  get now(): number {
    return this.world.clock.now()
  }

  /** The NAT in charge. */
  get carrier() {
    return this.server === 'a' ? this.world.carrier : this.world.other
  }

  async run(events: readonly Event[]): Promise<Outcome> {
    const begun = this.now
    this.start()
    for (const { does, wait } of events) {
      await this.world.clock.advance(wait)
      if (this.world.wrong.length > 0) break
      this.count(does.kind)
      this.world.tell(() => `- ${JSON.stringify(does)}`)
      happen(this, does)
    }
    await this.world.clock.advance(100)
    if (this.world.wrong.length === 0) await rest(this)
    const { story = [], wrong } = this.world
    this.#countFaults()
    return { wrong, story, passed: this.now - begun, counts: this.counts }
  }

  /** What the line did to datagrams, and how often all was looked at. */
  #countFaults(): void {
    const { faults, sent } = this.world.network
    this.count('datagrams sent', sent)
    this.count('datagrams lost', faults.lost)
    this.count('datagrams repeated', faults.twice)
    this.count('datagrams late', faults.late)
    this.count('looks at everything', this.checks.looks)
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by)
  }

  /** Something is wrong with the world for a while. Of trouble of one name the last counts. */
  trouble(name: string, lasts: number, end: () => void): void {
    const once = () => {
      if (this.#active.get(name) !== once) return
      this.#active.delete(name)
      end()
      this.world.tell(() => `- end of ${name}`)
      this.#calm()
    }
    this.#active.set(name, once)
    this.neverDisturbed = false
    this.quietSince = Infinity
    this.after(lasts, once)
  }

  /** Something went wrong, and is over. */
  jolt(): void {
    this.neverDisturbed = false
    this.#calm()
  }

  isActive(name: string): boolean {
    return this.#active.has(name)
  }

  /** Ends all trouble. */
  heal(): void {
    for (const end of [...this.#active.values()]) end()
  }

  #calm(): void {
    this.quietSince = this.#active.size > 0 || !this.world.life.ready ? Infinity : this.now
  }

  after(lasts: number, run: () => void): Disposable {
    return this.world.clock.at(millis(this.now + lasts), run)
  }

  /** Starts a daemon. */
  start(): void {
    const life = this.world.newLife(() => this.died())
    this.checks.begins()
    const started = async () => {
      try {
        await life.start()
      } catch (error) {
        this.world.tell(() => `the daemon does not start: ${String(error)}`)
        life.kill()
        this.restartIn(RESTART)
        return
      }
      this.world.tell(() => 'ready')
      this.readySince = this.now
      this.#calm()
    }
    void started()
  }

  /** Its daemon is gone, and another one follows after `back`. */
  died(): void {
    this.neverDisturbed = false
    this.quietSince = Infinity
    this.readySince = Infinity
    this.promises.died(this.now)
    this.points.abandon()
    this.restartIn(this.back)
    this.back = RESTART
  }

  /** kill -9 */
  kill(): void {
    this.world.life.kill()
    this.died()
  }

  /** SIGTERM. With `release` the mappings go too. */
  stop(release: boolean, back: number): void {
    const { life } = this.world
    const mine = [...this.promises.live]
    if (release) for (const told of mine) this.promises.turn(told, 'unsure')
    const took = this.diskTakes()
    this.neverDisturbed = false
    this.quietSince = Infinity
    this.readySince = Infinity
    const stopped = async () => {
      await life.stop(release)
      this.world.tell(() => 'stopped')
      this.back = back
      this.died()
      if (release && took && this.diskTakes()) for (const told of mine) this.promises.turn(told, 'gone')
    }
    void stopped()
  }

  /** The machine was off: what it forgot meanwhile. */
  rebooted(): void {
    const isDateRight = this.world.router.dateOffset === 0
    if (!isDateRight) this.world.network.lostTime()
    this.promises.lostTime(this.now, ({ toldAt }) => !isDateRight || this.dateChangedAt >= toldAt)
    for (const told of this.promises.live) {
      told.hidden = true
      // The date, by which times outlive a boot, has whole milliseconds.
      told.endsFrom -= 1
    }
  }

  /** Does the disk take what is written? */
  diskTakes(): boolean {
    const { broken, full, noRoom, unsynced } = this.world.router.disk
    return !broken && !full && !noRoom && !unsynced
  }

  restartIn(back: number): void {
    this.#restart?.[Symbol.dispose]()
    this.#restart = this.after(back, () => {
      this.#restart = undefined
      this.start()
    })
  }

  /** Starts the daemon that is to be started later. */
  startNow(): void {
    if (!this.#restart) return
    this.stayDown()
    this.start()
  }

  /** No daemon runs, nor will one by itself. */
  stayDown(): void {
    this.#restart?.[Symbol.dispose]()
    this.#restart = undefined
  }

  /** Does a daemon run, or is about to be started? */
  get isUp(): boolean {
    return this.world.life.alive || this.#restart !== undefined
  }

  /** SIGHUP after an edit. */
  reload(rules: RuleSet, perHost: number): void {
    this.rules = rules
    this.perHost = perHost
    const { rest: others, total } = this.profile
    this.world.config = this.world.configured(others + accessOf(rules, perHost, total))
    void this.world.life.live.take(this.world.config)
  }
}

/** The schedule of this seed, or what is left of it. */
export const simulate = (schedule: Schedule, tells = false): Promise<Outcome> =>
  new Simulation(schedule, tells).run(schedule.events)
