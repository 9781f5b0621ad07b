import type { Clock } from '../../lib/clock.ts'
import { bracketed, type IpAddress } from '../../lib/ip.ts'
import { SerialQueues } from '../../lib/serial.ts'
import { after, type Millis, millis } from '../../lib/units.ts'
import { type Choice, choose, sameChoice, type Server } from './choice.ts'
import { HookFiles, type HookFileOptions } from './hook-files.ts'
import { defaultIpv6RouterOf, defaultRouterOf, type RouteTables } from './routes.ts'

export interface FinderOptions extends HookFileOptions {
  readonly clock: Clock
  readonly routes: RouteTables
  /** `pcp.servers`. */
  readonly configured: Server
  /** `pcp.anycast`. */
  readonly anycast: boolean
}

/** Routes do not tell when they change, nor does a directory that is not there yet. */
const EVERY = millis(5000)
/** A file is renamed into its place, so all of it is there at once; only a flood of changes is waited for. */
const SETTLE = millis(50)
/** The DHCP client sets the route before it calls its hooks. */
const ROUTE_FIRST = millis(1000)
/** A DHCP client that starts anew takes back what it says again a moment later. */
const SAID_AGAIN = millis(10_000)

const NOWHERE: Choice = { source: 'nowhere', servers: [], guesses: [] }

/**
 * Finds the PCP server, and goes on looking: what the operator configured, else what DHCP names (RFC 7291), else the
 * default routers (RFC 6887 §8.1) and, where switched on, the anycast addresses (RFC 7723).
 */
export class ServerFinder {
  readonly #options: FinderOptions
  readonly #hooks: HookFiles
  readonly #turns = new SerialQueues<'look'>()
  #used: Choice | undefined
  /** Seen, but not for long enough. */
  #next: { readonly choice: Choice; readonly since: Millis } | undefined
  #looking: Disposable | undefined
  #timer: Disposable | undefined
  #watch: Disposable | undefined
  #stopped = false

  constructor(options: FinderOptions) {
    this.#options = options
    this.#hooks = new HookFiles(options)
  }

  /** What there is at this moment. */
  async find(): Promise<Choice> {
    const { configured, anycast, wan } = this.#options
    if (configured.length > 0) return choose({ configured, dhcp: [], routers: [], anycast, wan })
    const dhcp = await this.#hooks.read()
    const routers = dhcp.length > 0 ? [] : await this.#routers()
    return choose({ configured, dhcp, routers, anycast, wan })
  }

  /** Tells which servers there are, resolves when that was heard, and tells of each change until `stop`. */
  async start(changed: (choice: Choice) => Promise<void>): Promise<void> {
    const { clock, configured } = this.#options
    if (configured.length === 0) {
      this.#looking = clock.every(EVERY, () => this.#look(changed))
      this.#listen(changed)
    }
    await this.#adopt(await this.find(), changed)
  }

  stop(): void {
    this.#stopped = true
    this.#looking?.[Symbol.dispose]()
    this.#timer?.[Symbol.dispose]()
    this.#watch?.[Symbol.dispose]()
  }

  #look(changed: (choice: Choice) => Promise<void>): void {
    if (this.#stopped) return
    this.#listen(changed)
    void this.#turns.run('look', async () => await this.#consider(await this.find(), changed))
  }

  /** Anew each time: the directory may have been deleted and made again. */
  #listen(changed: (choice: Choice) => Promise<void>): void {
    const { directory, disk } = this.#options
    this.#watch?.[Symbol.dispose]()
    this.#watch = disk.watch(directory, () => this.#lookIn(SETTLE, changed))
  }

  #lookIn(span: Millis, changed: (choice: Choice) => Promise<void>): void {
    const { clock } = this.#options
    this.#timer?.[Symbol.dispose]()
    this.#timer = clock.at(after(clock.now(), span), () => this.#look(changed))
  }

  async #consider(choice: Choice, changed: (choice: Choice) => Promise<void>): Promise<void> {
    const { clock } = this.#options
    const used = this.#used ?? NOWHERE
    if (this.#stopped || sameChoice(choice, used) || isKept(used, choice)) {
      this.#next = undefined
      return
    }
    if (!this.#next || !sameChoice(this.#next.choice, choice)) this.#next = { choice, since: clock.now() }
    if (clock.now() - this.#next.since >= patience(used, choice)) await this.#adopt(choice, changed)
    else this.#lookIn(ROUTE_FIRST, changed)
  }

  async #adopt(choice: Choice, changed: (choice: Choice) => Promise<void>): Promise<void> {
    const { log, wan } = this.#options
    this.#next = undefined
    this.#used = choice
    const { source } = choice
    if (source === 'nowhere')
      log.warn(
        { wan },
        'no PCP server is known: DHCP names none and the WAN has no default router; looking on, or give one with --pcp-server',
      )
    else if (source !== 'static')
      log.info(
        {
          source,
          servers: choice.servers.map(named),
          ...(choice.guesses.length > 0 && { guesses: choice.guesses.map(named) }),
        },
        'PCP servers found',
      )
    await changed(choice)
  }

  async #routers(): Promise<readonly IpAddress[]> {
    const { routes, wan } = this.#options
    const [v4, v6] = await Promise.all([this.#table(routes.ipv4), this.#table(routes.ipv6)])
    return [defaultRouterOf(v4, wan), defaultIpv6RouterOf(v6, wan)].flatMap((router) => router ?? [])
  }

  /** A kernel without one of the families has no table of it. */
  async #table(read: () => Promise<string>): Promise<string> {
    try {
      return await read()
    } catch (error) {
      this.#options.log.debug({ error: String(error) }, 'a table of routes cannot be read')
      return ''
    }
  }
}

/** A router that is gone is asked on: it may come back, and where it does not, nobody better is known. */
const isKept = (used: Choice, now: Choice): boolean =>
  used.source === 'default-router' && now.servers.length === 0

/** For how long a choice must be seen before it is taken. */
function patience(used: Choice, now: Choice): number {
  if (now.source === 'dhcp') return 0
  return used.source === 'dhcp' ? SAID_AGAIN : ROUTE_FIRST
}

const named = (server: Server): string =>
  server.map(({ address, port }) => `${bracketed(address)}:${port}`).join(', ')
