import type { Clock, Random } from '../../src/lib/clock.ts'
import { fromBytes, type IpAddress, type Ipv4Address, isIpv4 } from '../../src/lib/ip.ts'
import type { Log } from '../../src/lib/log.ts'
import { after } from '../../src/lib/units.ts'
import type { Connect, Endpoint } from '../../src/pcp/socket.ts'
import { Responder } from '../../src/pcp-server/responder.ts'
import { DEFAULT_SETTINGS, type Settings } from '../../src/pcp-server/settings.ts'
import { formerLink } from '../../src/pcp/former-link.ts'
import type { Reach } from '../../src/pcp/former-places.ts'
import { serverNamed } from '../../src/pcp/server-name.ts'
import type { LinkWorld } from '../../src/pcp/way.ts'
import { ip } from './fake-carrier.ts'

export const SERVER: Endpoint = { address: ip('100.64.0.1'), port: 5351 }
const QUIET: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** The embedded PCP server with no network between: datagrams take a millisecond, or what its faults say. */
export class MemoryCarrier {
  readonly responder: Responder
  /** Datagrams that reached the server. */
  received = 0
  /** The router's address; undefined while it has none, or no way to the server. */
  address: Ipv4Address | undefined = ip('100.64.0.2')
  /** Addresses that the router has beside that one. */
  readonly others = new Set<IpAddress>()
  /** What the router asks from over IPv6. */
  address6: IpAddress | undefined
  /** Addresses of the server that nothing reaches. */
  readonly cut = new Set<IpAddress>()
  /** Whence each datagram came, and the PCP client address in it. */
  readonly sources: { readonly source: IpAddress; readonly client: IpAddress }[] = []
  readonly #clock: Clock
  #nextPort = 40_000

  constructor(clock: Clock, random: Random, settings: Partial<Settings> = {}) {
    this.#clock = clock
    this.responder = new Responder({ ...DEFAULT_SETTINGS, ...settings }, { clock, random, log: QUIET })
  }

  /** Is it one of the router's addresses? */
  owns(address: IpAddress): boolean {
    return address === this.address || address === this.address6 || this.others.has(address)
  }

  readonly connect: Connect = (server, client = isIpv4(server.address) ? this.address : this.address6) => {
    if (client === undefined || !this.owns(client)) return Promise.reject(new Error('connect ENETUNREACH'))
    const local: Endpoint = { address: client, port: this.#nextPort++ }
    let hear: (packet: Uint8Array, from: Endpoint) => void = () => undefined
    let open = true
    return Promise.resolve({
      local,
      server,
      send: (packet) => {
        if (!open || this.cut.has(server.address)) return
        this.received++
        this.sources.push({ source: local.address, client: clientOf(packet) })
        for (const { after: wait, bytes } of this.responder.handle(packet, local))
          this.#clock.at(after(this.#clock.now(), wait), () => {
            if (open) hear(bytes, server)
          })
      },
      onMessage: (listener) => {
        hear = listener
      },
      onError: () => undefined,
      close: () => {
        open = false
      },
    })
  }
}

/** The way to places that were left, over `carrier`. */
export const reachOver = (carrier: MemoryCarrier, world: Omit<LinkWorld, 'connect'>): Reach => ({
  owns: ({ client }) => client === undefined || carrier.owns(client),
  open: async (place) => {
    const server = serverNamed(place.server)
    return server && (await formerLink(server, place, { ...world, connect: carrier.connect }))
  },
})

/** RFC 6887 §7.1: the client address is the octets 8 to 23 of a request. */
const clientOf = (packet: Uint8Array): IpAddress => fromBytes(packet.slice(8, 24))
