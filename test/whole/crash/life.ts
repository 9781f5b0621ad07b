import { type CoreOptions, assembleCore, type Core } from '../../../src/core/assemble.ts'
import { leaveAddress } from '../../../src/core/leave-address.ts'
import type { Place } from '../../../src/core/place.ts'
import type { NatPort, NatRule, StorePort, TimedRule } from '../../../src/core/ports.ts'
import type { Protocol } from '../../../src/core/types.ts'
import { sharedAbort } from '../../../src/lib/abort.ts'
import { type Clock, repeated } from '../../../src/lib/clock.ts'
import type { IpAddress } from '../../../src/lib/ip.ts'
import { type Millis, type Port, type Seconds, after, millis, seconds } from '../../../src/lib/units.ts'
import { Announcements } from '../../../src/pcp/announcements.ts'
import { epochMemory } from '../../../src/pcp/epoch-memory.ts'
import { formerLink } from '../../../src/pcp/former-link.ts'
import { serverLinks } from '../../../src/pcp/server-links.ts'
import { serverNamed } from '../../../src/pcp/server-name.ts'
import { Upstream } from '../../../src/pcp/upstream.ts'
import type { Disk } from '../../../src/store/disk.ts'
import { JournalStore } from '../../../src/store/journal-store.ts'
import { FREE } from '../../support/core-bench.ts'
import { FakeHosts } from '../../support/fake-hosts.ts'
import type { Machine } from './machine.ts'
import { steppedDisk } from '../../support/stepped-disk.ts'

/** How long an old address is left before the new one is used. */
const LEAVING = millis(1500)
/** Milliseconds that a sync takes at most, and how long at times, when flash is written anew below. */
const SLOWEST_SYNC = 20
const STALL = 1000
const STALLS = 0.1

/** What a dead process waits for. Each wait has its own, for one shared by all would keep everything they hold. */
const never = () => new Promise<never>(() => undefined)

/** What is common to all that the daemon does to the world: it may die at it. */
type Step = <T>(name: string, act: () => T | Promise<T>) => Promise<T>

/**
 * One run of the daemon, from its start to its death. Everything it does goes through `step`: when its number is up it
 * dies there, before or after what it was about to do, and nothing of it is ever heard again.
 */
export class Life {
  readonly machine: Machine
  core: Core | undefined
  #alive = true
  #stepsLeft: number
  readonly #diesAt: string | undefined
  /** Asks the server that the router is told now, from the address that it has now. */
  #use: () => Promise<void> = () => Promise.resolve()

  /** `steps` until it dies, Infinity to live on: at whatever it does then, or at the next step of this name. */
  constructor(machine: Machine, steps: number, diesAt?: string) {
    this.machine = machine
    this.#stepsLeft = steps
    this.#diesAt = diesAt
  }

  get alive(): boolean {
    return this.#alive
  }

  readonly step: Step = async (name, act) => {
    if (!this.#alive) return await never()
    const dies = --this.#stepsLeft <= 0 && name === (this.#diesAt ?? name)
    if (dies && this.machine.dice.unit() < 0.5) return await this.#die(`before ${name}`)
    const done = await act()
    if (dies) return await this.#die(`after ${name}`)
    return this.alive ? done : await never()
  }

  async start(): Promise<void> {
    const { dice: random, log, network, secret } = this.machine
    const clock = this.#clock()
    const store = new JournalStore({
      clock,
      log,
      bootId: this.machine.bootId,
      date: this.machine.date,
      disk: this.#disk(),
    })
    const saved = await store.open()
    const connect = this.machine.link.connect(this)
    const world = { clock, random, log, secret, connect, natPmp: 'off' as const }
    const reach = {
      owns: ({ client }: Place) => client === undefined || network.owned.has(client),
      open: async (place: Place) => {
        const server = serverNamed(place.server)
        return server && (await formerLink(server, place, world))
      },
    }
    const upstream = new Upstream({ clock, log, reach })
    const ports = {
      clock,
      random,
      log,
      store: this.#records(store),
      nat: this.#nat(),
      hosts: new FakeHosts(),
      pcp: upstream,
    }
    const core = assembleCore(ports, { ...OPTIONS, saved, closing: sharedAbort().signal })
    store.follow({
      systemUpdateId: () => core.iwf.systemUpdateId(),
      records: () => core.context.journal.records(),
    })
    upstream.listen(core.events)
    const announcements = new Announcements()
    const epochs = epochMemory(saved.epoch, (epoch) => store.noteEpoch(epoch))
    const origin = { source: 'static', ipv4: () => undefined, epochs } as const
    const parts = { ...world, ...origin, events: core.events, announcements }
    let [server, ways] = [network.server, serverLinks([network.server], parts)]
    this.#use = async () => {
      if (server !== network.server) {
        ways.stop()
        server = network.server
        ways = serverLinks([server], parts)
      }
      await upstream.use(ways.links)
    }
    await this.#use()
    await this.step('nat start', () => this.machine.kernel.reconcile(core.rules()))
    this.core = core
    void core.start()
  }

  /** The router's address or its server is another one. The address before, where it still works, is left first. */
  async follow(before: IpAddress): Promise<void> {
    const { context } = this.core ?? {}
    const { address, owned } = this.machine.network
    if (context && before !== address && owned.has(before))
      await leaveAddress(context, after(context.ports.clock.now(), LEAVING))
    await this.#use()
  }

  /** The process is killed, whatever it is about to do. */
  kill(): void {
    this.#alive = false
  }

  async #die(where: string): Promise<never> {
    this.machine.log.info({}, `died ${where}`)
    this.kill()
    return await never()
  }

  /** A dead process hears no timer. */
  #clock(): Clock {
    const { clock, bootedAt } = this.machine
    const own: Clock = {
      now: () => millis(clock.now() - bootedAt),
      at: (due, run) =>
        clock.at(millis(due + bootedAt), () => {
          if (this.#alive) run()
        }),
      every: (span, look) => repeated(own, span, look),
    }
    return own
  }

  #disk(): Disk {
    return steppedDisk(this.machine.disk, this.step, () => this.#syncing())
  }

  /** What was written is not yet there for sure. A sync takes time, and what others do may be over before. */
  async #syncing(): Promise<void> {
    const { clock, dice } = this.machine
    const slowest = dice.unit() < STALLS ? STALL : SLOWEST_SYNC
    const due = millis(clock.now() + dice.unit() * slowest)
    await new Promise<void>((resolve) => void clock.at(due, resolve))
    await this.step('sync', () => undefined)
  }

  /** As the core has it, which waits for what it writes unless the machine is told otherwise. */
  #records(store: StorePort): StorePort {
    return {
      put: async (record) => {
        const kept = store.put(record)
        if (record.state !== this.machine.hasty) await kept
      },
      drop: (generation) => store.drop(generation),
    }
  }

  #nat(): NatPort {
    const { kernel } = this.machine
    return {
      set: (rule, timeout) => this.step('nat set', () => kernel.set(rule, timeout)),
      remove: (protocol, wanPort) => this.step('nat remove', () => kernel.remove(protocol, wanPort)),
      busyWanPorts: () => Promise.resolve(new Set()),
    }
  }
}

const OPTIONS: Omit<CoreOptions, 'saved' | 'closing'> = {
  wanPorts: { first: 50_000, last: 50_063 },
  takenPorts: [],
  maxLifetime: undefined,
  limits: FREE,
  isLanHost: () => true,
  probe: true,
  describes: false,
}

/** The kernel's maps: rules with the time they end. They outlive the daemon, but no reboot. */
export class Kernel {
  readonly #now: () => Millis
  readonly #rules = new Map<string, { readonly rule: NatRule; readonly until: number }>()

  constructor(now: () => Millis) {
    this.#now = now
  }

  set(rule: NatRule, timeout: Seconds): void {
    this.#rules.set(keyOf(rule.protocol, rule.wanPort), { rule, until: this.#now() + timeout * 1000 })
  }

  remove(protocol: Protocol, wanPort: Port): void {
    this.#rules.delete(keyOf(protocol, wanPort))
  }

  /** As `NftablesNat.start` does it: what is there goes on for its time, what is not wanted goes. */
  reconcile(rules: readonly TimedRule[]): void {
    const before = new Map(this.#rules)
    this.#rules.clear()
    for (const { rule, timeout } of rules) {
      const left = before.get(keyOf(rule.protocol, rule.wanPort))?.until
      this.set(rule, left === undefined ? timeout : seconds(Math.ceil((left - this.#now()) / 1000)))
    }
  }

  reboot(): void {
    this.#rules.clear()
  }

  get rules(): readonly NatRule[] {
    return [...this.#rules.values()].flatMap(({ rule, until }) => (until > this.#now() ? [rule] : []))
  }
}

const keyOf = (protocol: Protocol, wanPort: Port): string => `${protocol} ${wanPort}`
