import type { PcpEvents, ServerSource } from '../core/ports.ts'
import { within } from '../lib/abort.ts'
import type { Clock, Random } from '../lib/clock.ts'
import { bracketed, type Ipv4Address, isIpv4 } from '../lib/ip.ts'
import type { Log } from '../lib/log.ts'
import { after, millis, seconds } from '../lib/units.ts'
import type { Announcements } from './announcements.ts'
import { PcpClient } from './client.ts'
import { EpochWatch } from './epoch-watch.ts'
import { NatPmpClient } from './natpmp/client.ts'
import { NegotiatedLink } from './negotiated-link.ts'
import type { Endpoint, PcpSocket } from './socket.ts'
import type { Link, LinkEvents, OpenLink } from './link.ts'

/** How long a server may take to tell its epoch. */
const PROBE = millis(9000)

export interface ServerLinksOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Where the addresses come from. */
  readonly source: ServerSource
  readonly connect: (server: Endpoint) => Promise<PcpSocket>
  /** The address of the router's own mappings, for a server that is asked over IPv6. */
  readonly ipv4: () => Ipv4Address | undefined
  /** The installation's secret, 32 octets. */
  readonly secret: Uint8Array
  readonly events: PcpEvents
  readonly announcements: Announcements
  /** `pcp.natpmp`: what to do with a server that speaks NAT-PMP alone. */
  readonly natPmp: 'auto' | 'off'
}

/**
 * The ways to one PCP server, an address each. They share what belongs to the server: its epoch, and the nonces,
 * which the first address stands for (RFC 7488 §3).
 */
export function serverLinks(
  addresses: readonly Endpoint[],
  options: ServerLinksOptions,
): readonly OpenLink[] {
  const { clock, events } = options
  const [first] = addresses
  if (!first) return []
  const latest: { link?: NegotiatedLink; inUse?: () => boolean } = {}
  const whenInUse = (tell: () => void) => () => {
    if (latest.inUse?.() === true) tell()
  }
  const watch = new EpochWatch(clock, {
    lostState: whenInUse(() => events.lostState()),
    doubtful: whenInUse(() => events.doubtful()),
    probe: () => void probed(latest.link, clock),
  })
  for (const address of addresses)
    options.announcements.follow(address, (said) => {
      const epoch = seconds(said.epoch)
      if (said.protocol === 'NAT-PMP') void latest.link?.announced(said)
      else watch.seen({ opcode: 'ANNOUNCE', epoch, receivedAt: clock.now(), sentAt: undefined })
    })
  return addresses.map((address) => async (linkEvents: LinkEvents): Promise<Link | undefined> => {
    const socket = await connected(address, options)
    if (!socket) return undefined
    const pcp = new PcpClient({
      ...options,
      socket,
      self: isIpv4(socket.local.address) ? undefined : options.ipv4(),
      server: first.address,
      listener: {
        onResponse: (seen) => {
          linkEvents.heard()
          watch.seen(seen)
        },
        onMappingUpdate: (mapping, outcome) => {
          if (linkEvents.inUse()) events.mappingUpdate(mapping, outcome)
        },
        onUnsupportedVersion: (version) => {
          if (version === 0 && options.natPmp === 'auto') link.fallBack()
          else linkEvents.unreachable(`it speaks version ${version}, not PCP`)
        },
        onUnreachable: (error) => linkEvents.unreachable(error.message),
      },
    })
    const openNatPmp = () => natPmpClient(address, linkEvents, options)
    const { source } = options
    const epoch = () => watch.last
    const who = { name: nameOf(address), server: nameOf(first), client: socket.local.address, source }
    const link = new NegotiatedLink({ ...who, pcp, epoch, clock, openNatPmp })
    latest.link = link
    latest.inUse = () => linkEvents.inUse()
    return link
  })
}

async function natPmpClient(
  address: Endpoint,
  linkEvents: LinkEvents,
  options: ServerLinksOptions,
): Promise<NatPmpClient | undefined> {
  const { clock, events, log } = options
  log.warn({ server: nameOf(address) }, 'the server speaks only NAT-PMP; going on with that')
  const socket = await connected(address, options)
  return (
    socket &&
    new NatPmpClient({
      socket,
      clock,
      heard: () => linkEvents.heard(),
      lostState: () => {
        if (linkEvents.inUse()) events.lostState()
      },
      doubtful: () => events.doubtful(),
      unreachable: (why) => linkEvents.unreachable(why),
    })
  )
}

/** Asks for an epoch, whatever comes of it. */
async function probed(link: Link | undefined, clock: Clock): Promise<void> {
  if (link) await within(clock, after(clock.now(), PROBE), (signal) => link.alive(signal))
}

/** Undefined when there is no route to the address, which may change. */
async function connected(
  address: Endpoint,
  { connect, log }: ServerLinksOptions,
): Promise<PcpSocket | undefined> {
  try {
    return await connect(address)
  } catch (error) {
    log.warn({ server: nameOf(address), error: String(error) }, 'no way to the PCP server')
    return undefined
  }
}

const nameOf = ({ address, port }: Endpoint): string => `${bracketed(address)}:${port}`
