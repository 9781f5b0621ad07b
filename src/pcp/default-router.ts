import { readFile } from 'node:fs/promises'
import { type Ipv4Address, parseIpv4 } from '../lib/ip.ts'
import { after, millis, port } from '../lib/units.ts'
import { type ServerLinksOptions, serverLinks } from './server-links.ts'
import type { OpenLink } from './upstream.ts'
import { SERVER_PORT } from './wire/constants.ts'

// RFC 6887 §8.1: with no server configured, the default router is asked.

const ROUTES = '/proc/net/route'
/** RTF_UP and RTF_GATEWAY of linux/route.h. */
const USABLE = 0x3
/** How often the routes are looked at. */
const EVERY = millis(30_000)

/** The router of the default route with the least metric on `wan`, from the kernel's table of IPv4 routes. */
export function defaultRouterOf(table: string, wan: string): Ipv4Address | undefined {
  const routes = table.split('\n').flatMap((line) => {
    const [name, destination, gateway = '', flags = '', , , metric, mask] = line.trim().split(/\s+/)
    const isDefault = name === wan && destination === '00000000' && mask === '00000000'
    const address = isDefault && (parseInt(flags, 16) & USABLE) === USABLE ? littleEndian(gateway) : undefined
    return address === undefined ? [] : [{ address, metric: Number(metric) }]
  })
  return routes.sort((a, b) => a.metric - b.metric)[0]?.address
}

/** The table writes an address as the machine's number for it, which is the wrong way round on all that we run on. */
function littleEndian(hex: string): Ipv4Address | undefined {
  const octets = /^[0-9A-F]{8}$/i.test(hex) ? (hex.match(/../g) ?? []) : []
  return parseIpv4(
    octets
      .reverse()
      .map((octet) => parseInt(octet, 16))
      .join('.'),
  )
}

interface DefaultRouterOptions extends Omit<ServerLinksOptions, 'source'> {
  /** The interface towards the carrier. */
  readonly wan: string
  /** The kernel's table of routes. */
  readonly routes: () => Promise<string>
}

export const readRoutes = (): Promise<string> => readFile(ROUTES, 'latin1')

/** The default router as the PCP server, whichever it is. */
export class DefaultRouter {
  readonly #options: DefaultRouterOptions
  /** Which one the last link leads to. */
  #used: Ipv4Address | undefined
  #missing = false
  #timer: Disposable | undefined

  constructor(options: DefaultRouterOptions) {
    this.#options = options
  }

  /** A way to the router there is at that moment. */
  readonly open: OpenLink = async (events) => {
    const { log, wan } = this.#options
    const router = await this.#find()
    if (router && router !== this.#used) log.info({ wan, router }, 'the default router is the PCP server')
    this.#used = router
    const options = { ...this.#options, source: 'default-router' } as const
    const [open] = router ? serverLinks([{ address: router, port: port(SERVER_PORT) }], options) : []
    return await open?.(events)
  }

  /** Tells when another router takes the place of the one in use, until `stop`. */
  follow(changed: () => void): void {
    const { clock } = this.#options
    this.#timer = clock.at(after(clock.now(), EVERY), () => {
      this.follow(changed)
      void this.#look(changed)
    })
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]()
  }

  /** A router that is gone is asked on: it may come back, and where it does not, nobody better is known. */
  async #look(changed: () => void): Promise<void> {
    const used = this.#used
    const router = await this.#find()
    if (router !== undefined && used !== undefined && router !== used && used === this.#used) changed()
  }

  /** What is missing is logged once, not at every look. */
  async #find(): Promise<Ipv4Address | undefined> {
    const { log, routes, wan } = this.#options
    try {
      const router = defaultRouterOf(await routes(), wan)
      if (!router && !this.#missing)
        log.warn({ wan }, 'no PCP server: the WAN has no default router; give a server with --pcp-server')
      this.#missing = !router
      return router
    } catch (error) {
      if (!this.#missing)
        log.warn(
          { error: String(error) },
          'no PCP server: the routes cannot be read; give one with --pcp-server',
        )
      this.#missing = true
      return undefined
    }
  }
}
