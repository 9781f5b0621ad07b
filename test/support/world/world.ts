import { loadConfig } from '../../../src/config/load.ts'
import type { Config } from '../../../src/config/schema.ts'
import type { Random } from '../../../src/lib/clock.ts'
import type { IpAddress } from '../../../src/lib/ip.ts'
import type { Log } from '../../../src/lib/log.ts'
import { DEFAULT_SETTINGS, type Settings } from '../../../src/pcp-server/settings.ts'
import { seeded } from '../dice.ts'
import { ip } from '../fake-carrier.ts'
import type { Invariant, Wrong } from './invariants.ts'
import { Life } from './life.ts'
import { Network } from './network.ts'
import { HOOKS, LAN, LEASES, Router, WAN } from './router.ts'
import { CarrierNat } from './servers.ts'
import { noStandIns } from './stand-ins.ts'
import { WorldClock } from './world-clock.ts'

/** Two addresses of one server, and another server. */
export const SERVER_A = ip('100.64.0.1')
export const SERVER_A2 = ip('100.64.0.9')
export const SERVER_B = ip('100.65.0.1')
export const ROUTER_WAN = ip('100.64.0.2')

/** What follows from the first is worth no more lines. */
const MOST_WRONG = 3

export interface WorldOptions {
  readonly seed: number
  /** TOML beside what every configuration has to say. */
  readonly toml: string
  readonly settings: Partial<Settings>
  /** Which addresses the router is told of, and how. */
  readonly servers: 'static' | 'static-two' | 'dhcp'
  /** Does the router's DHCP server keep a file of leases that is followed? */
  readonly leases: boolean
}

/** Everything around the daemon, and the daemon. */
export class World {
  readonly options: WorldOptions
  readonly clock = new WorldClock()
  readonly dice: Random
  readonly router: Router
  readonly network: Network
  readonly carrier: CarrierNat
  readonly other: CarrierNat
  /** As the file has it. */
  config: Config
  /** What happened, for whoever looks into a schedule that failed; undefined: nobody listens. */
  story: string[] | undefined
  /** What should not have happened. */
  readonly wrong: Wrong[] = []
  /** Of each daemon that starts from now on. */
  readonly standIns = noStandIns()
  life: Life
  readonly #log: Log
  #changed = true

  constructor(options: WorldOptions) {
    this.options = options
    this.dice = seeded(options.seed)
    this.router = new Router(this.clock, ROUTER_WAN)
    const tell = (what: () => string) => this.tell(what)
    const blame = (invariant: Invariant, what: string) => this.blame(invariant, what)
    const { clock, dice, router } = this
    this.network = new Network({ clock, dice, uplink: router, tell, wrong: blame, changed: this.changed })
    const settings = { ...DEFAULT_SETTINGS, ...options.settings }
    this.carrier = new CarrierNat([SERVER_A, SERVER_A2], settings, clock, dice)
    const elsewhere = { ...settings, externalAddress: ip('198.51.100.200') }
    this.other = new CarrierNat([SERVER_B], elsewhere, clock, dice)
    for (const nat of [this.carrier, this.other])
      for (const address of nat.addresses) this.network.hosts.set(address, nat.at(address))
    this.config = this.configured(options.toml)
    this.#log = this.#logTo()
    this.useServer('a')
    this.life = this.newLife()
  }

  configured(toml: string): Config {
    const flags: Record<string, string | string[]> = { lan: [LAN], wan: WAN }
    const { servers } = this.options
    if (servers !== 'dhcp') flags['pcp-server'] = servers === 'static' ? [SERVER_A] : [SERVER_A, SERVER_A2]
    const config = loadConfig({
      file: { name: 'simulated', text: `${toml}\n` },
      environment: { IGD_PCP_LAN_LEASES: LEASES, IGD_PCP_PCP_DHCP_DIR: HOOKS },
      flags,
    })
    if (!config.ok) throw new Error(config.why.map(({ what, where }) => `${where}: ${what}`).join('; '))
    return config.value
  }

  /** The server that is in charge; where DHCP tells, it tells so. */
  useServer(which: 'a' | 'b'): void {
    const { servers } = this.options
    const named: IpAddress[] =
      which === 'b' && servers === 'dhcp'
        ? [SERVER_B]
        : servers === 'static'
          ? [SERVER_A]
          : [SERVER_A, SERVER_A2]
    this.network.name(named)
    if (servers === 'dhcp') this.router.write(`${HOOKS}/${WAN}.v4`, named.join(' '))
  }

  newLife(died?: (where: string) => void): Life {
    const { config, dice, network, router, standIns } = this
    this.life = new Life(
      { router, network, dice, config, standIns, log: this.#log, changed: this.changed },
      (where) => {
        this.tell(() => `the daemon dies ${where}`)
        died?.(where)
      },
    )
    return this.life
  }

  /** Something happened. */
  readonly changed = (): void => {
    this.#changed = true
  }

  /** Did anything happen since this was asked last? */
  takeChange(): boolean {
    const changed = this.#changed
    this.#changed = false
    return changed
  }

  tell(what: () => string): void {
    this.story?.push(`${(this.clock.now() / 1000).toFixed(3)} ${what()}`)
  }

  /** An invariant is broken. */
  blame(invariant: Invariant, what: string): void {
    this.tell(() => `WRONG: ${what}`)
    if (this.wrong.length >= MOST_WRONG || this.wrong.some((one) => one.what === what)) return
    this.wrong.push({ invariant, what })
  }

  #logTo(): Log {
    const line = (level: string) => (fields: object, message: string) =>
      this.tell(() => `${level}: ${message} ${JSON.stringify(fields)}`)
    const error = (fields: object, message: string) => {
      line('error')(fields, message)
      if (message.includes('bug')) this.blame('no-bug', `${message} ${JSON.stringify(fields)}`)
    }
    return { debug: line('debug'), info: line('info'), warn: line('warn'), error }
  }
}
