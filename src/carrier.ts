import type { LiveConfig } from './config/reload.ts'
import type { Config } from './config/schema.ts'
import type { PcpEvents, ServerSource } from './core/ports.ts'
import { type Interfaces, ipv4Interface, lansOf } from './lan/interfaces.ts'
import type { Clock, Random } from './lib/clock.ts'
import type { Closers } from './lib/closers.ts'
import { type IpAddress, type Ipv4Address, isIpv4, parseIp, parseIpv4 } from './lib/ip.ts'
import type { Log } from './lib/log.ts'
import { SerialQueues } from './lib/serial.ts'
import { millis } from './lib/units.ts'
import { Announcements } from './pcp/announcements.ts'
import { type Choice, located, sameChoice, type Server } from './pcp/discovery/choice.ts'
import type { HookDisk } from './pcp/discovery/hook-files.ts'
import type { RouteTables } from './pcp/discovery/routes.ts'
import { ServerFinder } from './pcp/discovery/server-finder.ts'
import type { EpochMemory } from './pcp/epoch-memory.ts'
import { formerLink } from './pcp/former-link.ts'
import type { Reach } from './pcp/former-places.ts'
import type { OpenLink } from './pcp/link.ts'
import { serverLinks } from './pcp/server-links.ts'
import { serverNamed } from './pcp/server-name.ts'
import type { Connect } from './pcp/socket.ts'
import { followSourceAddress } from './pcp/source-address.ts'
import { Upstream } from './pcp/upstream.ts'
import type { LinkWorld } from './pcp/way.ts'

// Joins the side towards the carrier: which PCP server is asked, and from which address of ours.

/** A WAN that has no address when it is needed is looked at this often: who follows it may miss so short a loss. */
const LOOK_AGAIN = millis(1000)

/** RFC 6333 §5.7: what the router's own end of a DS-Lite tunnel has where it has no address of its own. */
const B4 = parseIpv4('192.0.0.2')

export interface CarrierWorld {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly interfaces: () => Interfaces
  readonly disk: HookDisk
  readonly connect: Connect
  /** Has `announcements` hear what the carrier tells all its customers at once. */
  readonly hear: (announcements: Announcements) => Hearing
  readonly routes: RouteTables
  /** The installation's secret, 32 octets. */
  readonly identity: { readonly secret: Uint8Array }
  /** What servers said of their age before. */
  readonly epochs: EpochMemory
}

/** What is heard on the WAN, wherever that has its address now. */
interface Hearing {
  join(address: Ipv4Address): Promise<void>
  leave(): void
}

/** The carrier, to be started when the core is there to hear of it. */
export interface CarrierSide {
  readonly pcp: Upstream
  /** Finds the server and tells of it from then on. */
  start(events: PcpEvents): Promise<CarrierLine>
}

export interface CarrierLine {
  /** Our own address changed, or is gone: the server is asked from the one that we have now, if any. */
  readonly reconnect: () => Promise<void>
}

/** The ways to the servers of one choice. */
interface Ways {
  readonly servers: readonly OpenLink[]
  readonly guesses: readonly OpenLink[]
  /** Can nobody be asked without an IPv4 address of ours? */
  readonly needIpv4: boolean
  /** Other servers are asked from now on. */
  stop(): void
}

export function carrierSide(live: LiveConfig, world: CarrierWorld, closers: Closers): CarrierSide {
  const pcp = new Upstream({ ...world, reach: reachOf(live, world) })
  closers.defer(() => pcp.close())
  return {
    pcp,
    start: async (events) => {
      pcp.listen(events)
      return await startLine(live, { ...world, pcp, events }, closers)
    },
  }
}

interface LineParts extends CarrierWorld {
  readonly pcp: Upstream
  readonly events: PcpEvents
}

async function startLine(live: LiveConfig, parts: LineParts, closers: Closers): Promise<CarrierLine> {
  const { interfaces, pcp } = parts
  const announcements = new Announcements()
  const multicast = parts.hear(announcements)
  closers.defer(() => multicast.leave())
  const turns = new SerialQueues<'use'>()
  let looking: Disposable | undefined
  closers.defer(() => looking?.[Symbol.dispose]())
  let ways: Ways = { servers: [], guesses: [], needIpv4: false, stop: () => undefined }
  closers.defer(() => ways.stop())
  const wanNow = () => ipv4Interface(interfaces(), live.current.wan.interface)
  const use = async () => {
    looking?.[Symbol.dispose]()
    const wan = wanNow()
    if (wan) await multicast.join(wan.address)
    const { guesses, needIpv4, servers } = ways
    if (servers.length + guesses.length === 0) pcp.lose('no PCP server is known')
    else if (needIpv4 && !wan) {
      pcp.lose('the WAN has no address')
      looking = parts.clock.every(LOOK_AGAIN, () => {
        if (wanNow()) void inTurn()
      })
    } else await pcp.use(servers, guesses)
  }
  const inTurn = () => turns.run('use', use)
  const adopt = (choice: Choice) => {
    announcements.forget()
    ways.stop()
    ways = waysTo(choice, live.current, parts, announcements)
    return inTurn()
  }
  closers.defer(await followServers(live, parts, adopt))
  closers.defer(followOwnAddress(parts, () => void inTurn()))
  return { reconnect: inTurn }
}

/** Finds the servers, goes on looking, and looks anew when the configuration names others. Returns what ends it. */
async function followServers(
  live: LiveConfig,
  parts: LineParts,
  adopt: (choice: Choice) => Promise<void>,
): Promise<() => void> {
  let used: { readonly choice: Choice; readonly natPmp: Config['pcp']['natpmp'] } | undefined
  const adoptOther = async (choice: Choice) => {
    const natPmp = live.current.pcp.natpmp
    // The same servers asked in the same way: to begin anew there would only disturb what is mapped.
    if (used && used.natPmp === natPmp && sameChoice(used.choice, choice)) return
    used = { choice, natPmp }
    await adopt(choice)
  }
  let finder = serverFinder(live.current, parts)
  await finder.start(adoptOther)
  const unfollow = live.follow(
    ['pcp.servers', 'pcp.dhcpDir', 'pcp.anycast', 'pcp.natpmp'],
    async (config) => {
      finder.stop()
      finder = serverFinder(config, parts)
      await finder.start(adoptOther)
    },
  )
  return () => {
    unfollow()
    finder.stop()
  }
}

/** Also for `igd-pcp probe`, which looks for the server as the daemon does. */
export const serverFinder = (
  config: Pick<Config, 'lan' | 'pcp' | 'wan'>,
  world: Pick<CarrierWorld, 'clock' | 'disk' | 'interfaces' | 'log' | 'routes'>,
): ServerFinder =>
  new ServerFinder({
    ...world,
    wan: config.wan.interface,
    configured: config.pcp.servers,
    directory: config.pcp.dhcpDir,
    anycast: config.pcp.anycast,
    networks: () =>
      lansOf(world.interfaces(), config.lan).flatMap(({ prefix, routed = [] }) => [prefix, ...routed]),
  })

/** The address of the router's own mappings. */
export const mappedAddress = (interfaces: Interfaces, wan: string): Ipv4Address | undefined =>
  ipv4Interface(interfaces, wan)?.address ?? B4

function waysTo(choice: Choice, config: Config, parts: LineParts, announcements: Announcements): Ways {
  const { interfaces } = parts
  const ipv4 = () => mappedAddress(interfaces(), config.wan.interface)
  const options = { ...parts, ...linkWorld(config, parts), announcements, ipv4 }
  const source = choice.source === 'nowhere' ? 'static' : choice.source
  const linksOf = (servers: readonly Server[], from: ServerSource) =>
    servers.map((server) => serverLinks(server, { ...options, source: from }))
  const [servers, guesses] = [linksOf(choice.servers, source), linksOf(choice.guesses, 'anycast')]
  return {
    servers: servers.flatMap(({ links }) => links),
    guesses: guesses.flatMap(({ links }) => links),
    needIpv4: [...choice.servers, ...choice.guesses].flat().every(({ address }) => isIpv4(address)),
    stop: () => {
      for (const server of [...servers, ...guesses]) server.stop()
    },
  }
}

const linkWorld = (config: Config, { identity, ...world }: CarrierWorld): LinkWorld => ({
  ...world,
  secret: identity.secret,
  natPmp: config.pcp.natpmp,
})

const isOurs = (interfaces: Interfaces, address: IpAddress): boolean =>
  Object.values(interfaces).some((own) => own?.some((at) => parseIp(at.address) === address))

/** The way to places that were left. */
const reachOf = (live: LiveConfig, world: CarrierWorld): Reach => ({
  owns: ({ client }) => client === undefined || isOurs(world.interfaces(), client),
  open: async (place) => {
    const server = serverNamed(place.server)
    return (
      server &&
      (await formerLink(located(server, live.current.wan.interface), place, linkWorld(live.current, world)))
    )
  },
})

/**
 * `network.ts` follows the IPv4 address of the WAN, but what comes and goes between two of its looks may be what we send
 * from. And an IPv6 server may be reached by another interface.
 */
function followOwnAddress({ clock, interfaces, pcp }: LineParts, gone: () => void): () => void {
  const ours = (address: IpAddress) => isOurs(interfaces(), address)
  return followSourceAddress({ clock, isOurs: ours, client: () => pcp.place?.client }, gone)
}
