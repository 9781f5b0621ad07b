import type { Config } from './config/schema.ts'
import type { PcpEvents } from './core/ports.ts'
import { type Interfaces, ipv4Interface } from './lan/interfaces.ts'
import type { Clock, Random } from './lib/clock.ts'
import type { Closers } from './lib/closers.ts'
import type { Log } from './lib/log.ts'
import { Announcements, AnnouncementSocket } from './pcp/announcements.ts'
import { DefaultRouter, readRoutes } from './pcp/default-router.ts'
import { serverLinks } from './pcp/server-links.ts'
import type { Endpoint, PcpSocket } from './pcp/socket.ts'
import { Upstream } from './pcp/upstream.ts'

// Joins the side towards the carrier: which PCP server is asked, and from which address of ours.

interface CarrierWorld {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly interfaces: () => Interfaces
  readonly connect: (server: Endpoint) => Promise<PcpSocket>
  /** The installation's secret, 32 octets. */
  readonly identity: { readonly secret: Uint8Array }
}

/** The carrier, to be started when the core is there to hear of it. */
export interface CarrierSide {
  readonly pcp: Upstream
  /** Finds the server and tells of it from then on. */
  start(events: PcpEvents): Promise<CarrierLine>
}

export interface CarrierLine {
  /** Our own address changed: the server has to be asked from the new one. */
  readonly reconnect: () => Promise<void>
  /** We have none. */
  readonly lose: () => void
}

export function carrierSide(config: Config, world: CarrierWorld, closers: Closers): CarrierSide {
  const pcp = new Upstream(world)
  closers.defer(() => pcp.close())
  return {
    pcp,
    start: async (events) => {
      pcp.listen(events)
      return await startLine(config, { ...world, pcp, events }, closers)
    },
  }
}

interface LineParts extends CarrierWorld {
  readonly pcp: Upstream
  readonly events: PcpEvents
}

async function startLine(config: Config, parts: LineParts, closers: Closers): Promise<CarrierLine> {
  const { identity, interfaces, log, pcp } = parts
  const announcements = new Announcements()
  const multicast = new AnnouncementSocket(announcements, log)
  closers.defer(() => multicast.leave())
  const linking = { ...parts, secret: identity.secret, announcements, natPmp: config.pcp.natpmp }
  const { servers } = config.pcp
  const router = new DefaultRouter({ ...linking, wan: config.wan.interface, routes: readRoutes })
  const links = servers.length > 0 ? serverLinks(servers, { ...linking, source: 'static' }) : [router.open]
  const reconnect = async () => {
    const wan = ipv4Interface(interfaces(), config.wan.interface)
    if (wan) await multicast.join(wan.address)
    await pcp.use(links)
  }
  await reconnect()
  if (servers.length === 0) router.follow(() => void pcp.use(links))
  closers.defer(() => router.stop())
  return { reconnect, lose: () => pcp.lose() }
}
