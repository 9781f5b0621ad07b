import type { PcpEvents, ServerSource } from '../core/ports.ts'
import { within } from '../lib/abort.ts'
import type { Clock } from '../lib/clock.ts'
import type { Ipv4Address } from '../lib/ip.ts'
import { after, millis, seconds } from '../lib/units.ts'
import type { Announcements } from './announcements.ts'
import type { EpochReading } from './epoch.ts'
import type { EpochMemory } from './epoch-memory.ts'
import { EpochWatch } from './epoch-watch.ts'
import type { Link, LinkEvents, OpenLink } from './link.ts'
import type { NegotiatedLink } from './negotiated-link.ts'
import { nameOf } from './server-name.ts'
import type { Endpoint } from './socket.ts'
import { type LinkWorld, openWay } from './way.ts'

/** How long a server may take to tell its epoch. */
const PROBE = millis(9000)

export interface ServerLinksOptions extends LinkWorld {
  /** Where the addresses come from. */
  readonly source: ServerSource
  /** The address of the router's own mappings, for a server that is asked over IPv6. */
  readonly ipv4: () => Ipv4Address | undefined
  readonly events: PcpEvents
  readonly announcements: Announcements
  readonly epochs: EpochMemory
}

interface Opened {
  readonly link: NegotiatedLink
  readonly inUse: () => boolean
}

/** The ways to one PCP server. */
export interface ServerLinks {
  /** One for each of its addresses, in their order. */
  readonly links: readonly OpenLink[]
  /** The server is given up: nothing more is asked of it unasked. */
  stop(): void
}

/**
 * The ways to one PCP server, an address each. They share what belongs to the server: its epoch, and the nonces,
 * which the first address stands for (RFC 7488 §3).
 */
export function serverLinks(addresses: readonly Endpoint[], options: ServerLinksOptions): ServerLinks {
  const { clock, epochs, events, ipv4, source } = options
  const [first] = addresses
  if (!first) return { links: [], stop: () => undefined }
  /** The last link to each address: others may have been tried in vain since the one in use was opened. */
  const opened = new Map<Endpoint, Opened>()
  const linkInUse = () => [...opened.values()].find(({ inUse }) => inUse())?.link
  const whenInUse = (tell: () => void) => () => {
    if (linkInUse()) tell()
  }
  const name = nameOf(first)
  const read = (reading: EpochReading) => {
    if (linkInUse()) epochs.note(name, reading)
  }
  const known = () => epochs.known(name)
  const told = {
    lostState: whenInUse(() => events.lostState()),
    doubtful: whenInUse(() => events.doubtful()),
    probe: () => void probed(linkInUse(), clock),
    read,
  }
  const watch = new EpochWatch(clock, told, known)
  for (const address of addresses)
    options.announcements.follow(address, (said) => {
      const epoch = seconds(said.epoch)
      if (said.protocol === 'NAT-PMP') void linkInUse()?.announced(said)
      else watch.seen({ opcode: 'ANNOUNCE', epoch, receivedAt: clock.now(), sentAt: undefined })
    })
  const open = async (address: Endpoint, linkEvents: LinkEvents): Promise<Link | undefined> => {
    const link = await openWay({ address, server: first, self: ipv4 }, options, {
      source,
      epoch: () => watch.last,
      known,
      read,
      heard: () => linkEvents.heard(),
      seen: (response) => watch.seen(response),
      updated: (mapping, outcome) => {
        if (linkEvents.inUse()) events.mappingUpdate(mapping, outcome)
      },
      lostState: () => {
        if (linkEvents.inUse()) events.lostState()
      },
      doubtful: () => {
        if (linkEvents.inUse()) events.doubtful()
      },
      unreachable: (why) => linkEvents.unreachable(why),
    })
    if (!link) return undefined
    opened.set(address, { link, inUse: () => linkEvents.inUse() })
    return link
  }
  return {
    links: addresses.map((address) => (linkEvents) => open(address, linkEvents)),
    stop: () => watch.stop(),
  }
}

/** Asks for an epoch, whatever comes of it. */
async function probed(link: Link | undefined, clock: Clock): Promise<void> {
  if (link) await within(clock, after(clock.now(), PROBE), (signal) => link.alive(signal))
}
