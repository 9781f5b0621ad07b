import type { Place } from '../core/place.ts'
import type { PcpGranted, PcpMapping, PcpRefused, ServerSource } from '../core/ports.ts'
import type { Clock, Random } from '../lib/clock.ts'
import { type IpAddress, type Ipv4Address, isIpv4 } from '../lib/ip.ts'
import type { Log } from '../lib/log.ts'
import { PcpClient } from './client.ts'
import type { EpochReading } from './epoch.ts'
import type { ResponseSeen } from './listener.ts'
import { NatPmpClient } from './natpmp/client.ts'
import { NegotiatedLink } from './negotiated-link.ts'
import { nameOf } from './server-name.ts'
import type { Connect, Endpoint, PcpSocket } from './socket.ts'

/** What any way to a server needs. */
export interface LinkWorld {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly connect: Connect
  /** The installation's secret, 32 octets. */
  readonly secret: Uint8Array
  /** `pcp.natpmp`: what to do with a server that speaks NAT-PMP alone. */
  readonly natPmp: 'auto' | 'off'
}

interface Way {
  readonly address: Endpoint
  /** The address that stands for the server. */
  readonly server: Endpoint
  /** Asks from this address of ours; undefined: whichever leads there. */
  readonly client?: IpAddress | undefined
  /** What the router's own mappings lead to, where the server is asked over IPv6. */
  readonly self: () => Ipv4Address | undefined
}

/** What the server says, and who listens. */
interface WayEvents {
  readonly source: ServerSource
  /** What it last said by PCP of its age. */
  readonly epoch: () => EpochReading | undefined
  /** What it said last, whichever it spoke then, be it before this run. */
  readonly known: () => EpochReading | undefined
  /** What it says of its age by NAT-PMP. */
  readonly read: (reading: EpochReading) => void
  readonly heard: () => void
  readonly seen: (response: ResponseSeen) => void
  readonly updated: (mapping: PcpMapping, outcome: PcpGranted | PcpRefused) => void
  readonly lostState: () => void
  readonly doubtful: () => void
  readonly unreachable: (why: string) => void
}

/** Opens one address of a server, for PCP and for NAT-PMP; undefined when there is no way there now. */
export async function openWay(
  way: Way,
  world: LinkWorld,
  events: WayEvents,
): Promise<NegotiatedLink | undefined> {
  const { address, server } = way
  const socket = await connected(way, world)
  if (!socket) return undefined
  const client = socket.local.address
  const self = isIpv4(client) ? undefined : way.self()
  const pcp = new PcpClient({
    ...world,
    socket,
    self,
    server: server.address,
    listener: {
      onResponse: (response) => {
        events.heard()
        events.seen(response)
      },
      onMappingUpdate: (mapping, outcome) => events.updated(mapping, outcome),
      onUnsupportedVersion: (version) => {
        if (version === 0 && world.natPmp === 'auto') link.fallBack()
        else events.unreachable(`it speaks version ${version}, not PCP`)
      },
      onUnreachable: (error) => events.unreachable(error.message),
    },
  })
  const place: Place = { server: nameOf(server), client, self }
  const openNatPmp = () => natPmpClient(way, world, events, () => link.outgrow())
  const { epoch, source } = events
  const link = new NegotiatedLink({
    name: nameOf(address),
    place,
    source,
    pcp,
    epoch,
    clock: world.clock,
    openNatPmp,
  })
  return link
}

async function natPmpClient(
  way: Way,
  world: LinkWorld,
  events: WayEvents,
  outgrown: () => void,
): Promise<NatPmpClient | undefined> {
  world.log.warn({ server: nameOf(way.address) }, 'the server speaks only NAT-PMP; going on with that')
  const socket = await connected(way, world)
  return (
    socket && new NatPmpClient({ ...events, known: events.known(), outgrown, socket, clock: world.clock })
  )
}

/** Undefined when there is no route to the address, or none from ours, which may change. */
async function connected(
  { address, client }: Way,
  { connect, log }: LinkWorld,
): Promise<PcpSocket | undefined> {
  try {
    return await connect(address, client)
  } catch (error) {
    log.warn({ server: nameOf(address), error: String(error) }, 'no way to the PCP server')
    return undefined
  }
}
