import type { Random } from '../../../src/lib/clock.ts'
import { fromBytes, type IpAddress, type Ipv4Address } from '../../../src/lib/ip.ts'
import { after, millis } from '../../../src/lib/units.ts'
import type { Endpoint, PcpSocket } from '../../../src/pcp/socket.ts'
import { showRequest, showResponse } from '../../../src/demo/show-pcp.ts'
import type { Invariant } from './invariants.ts'
import type { Process } from './process.ts'
import type { WorldClock } from './world-clock.ts'

/** How bad one direction of the line is: shares of its datagrams, and milliseconds. */
export interface LineFaults {
  lost: number
  twice: number
  late: number
  /** How much later a late one comes at most: later than several that were sent after it. */
  latest: number
  /** Nothing passes. */
  cut: boolean
}

const goodLine = (): LineFaults => ({ lost: 0, twice: 0, late: 0, latest: 200, cut: false })

/** For so long after an address is gone whoever looks for a sign of life may still try to ask from it: 9 s, and a little. */
const FAREWELL = 10_000
/** Whoever took the place of another server goes on to tell that one for so long what is not wanted any more. */
const FORMER = 93_600_000

/** What stands at an address on the other side of the line. */
export interface Host {
  /** Nobody listens there, and it says so. */
  readonly refuses: boolean
  /** What it answers, each a while later. */
  receive(bytes: Uint8Array, from: Endpoint, at: Endpoint): readonly Answer[]
}

interface Answer {
  readonly bytes: Uint8Array
  readonly after: number
  readonly fromOtherPort: boolean
}

/** What the network asks of the router's side of the line. */
export interface Uplink {
  /** The addresses of the WAN interface, the first one the source of what names none. */
  readonly addresses: readonly Ipv4Address[]
  /** Is there a way beyond the own link? */
  readonly routed: boolean
  readonly asleep: boolean
  /** When it woke last, and began to notice what changed meanwhile. */
  readonly awakeSince: number
}

interface Socket {
  readonly process: Process
  readonly local: Endpoint
  readonly server: Endpoint
  hear: (packet: Uint8Array, from: Endpoint) => void
  fail: (error: Error) => void
}

interface NetworkWorld {
  readonly clock: WorldClock
  readonly dice: Random
  readonly uplink: Uplink
  readonly tell: (what: () => string) => void
  /** A rule of the network is broken. */
  readonly wrong: (invariant: Invariant, what: string) => void
  /** Told of each datagram that reaches a server. */
  readonly changed: () => void
}

/**
 * The line between the router and all servers. It drops, repeats and delays, knows whose addresses are whose, and
 * accepts no datagram from an address that is not the router's or to a host that nobody named as a PCP server.
 */
export class Network {
  readonly up = goodLine()
  readonly down = goodLine()
  readonly hosts = new Map<IpAddress, Host>()
  /** Datagrams that left the router. */
  sent = 0
  readonly faults = { lost: 0, twice: 0, late: 0 }
  readonly #world: NetworkWorld
  readonly #sockets = new Set<Socket>()
  /** Addresses that were named as PCP servers, and until when they may be asked. */
  readonly #named = new Map<IpAddress, number>()
  /** When each address of ours was lost. */
  readonly #lostAt = new Map<IpAddress, number>()
  #nextPort = 40_000

  constructor(world: NetworkWorld) {
    this.#world = world
  }

  heal(): void {
    Object.assign(this.up, goodLine())
    Object.assign(this.down, goodLine())
  }

  /** These are the PCP servers from now on, as far as anybody told the router. */
  name(servers: readonly IpAddress[]): void {
    const until = this.#world.clock.now() + FORMER
    for (const [address, end] of this.#named) if (end === Infinity) this.#named.set(address, until)
    for (const address of servers) this.#named.set(address, Infinity)
  }

  /** The router does not know how long it was off: to it all that it left may be there as long as ever. */
  lostTime(): void {
    const until = this.#world.clock.now() + FORMER
    for (const [address, end] of this.#named) if (end < until) this.#named.set(address, until)
  }

  /** The router has the address no more. */
  lost(address: IpAddress): void {
    this.#lostAt.set(address, this.#world.clock.now())
  }

  /** As `connectSocket`: from `sourcePort` unless another socket has that. */
  connect(process: Process, sourcePort: number): (server: Endpoint) => Promise<PcpSocket> {
    return async (server) => {
      const { uplink } = this.#world
      const [address] = uplink.addresses
      if (address === undefined || !uplink.routed) throw new Error('connect ENETUNREACH')
      const taken = [...this.#sockets].some(
        (socket) =>
          socket.process.alive && socket.local.port === sourcePort && socket.local.address === address,
      )
      const local = { address, port: taken ? this.#nextPort++ : sourcePort }
      const ignore = () => undefined
      const socket: Socket = { process, local, server, hear: ignore, fail: ignore }
      this.#sockets.add(socket)
      return await Promise.resolve({
        local,
        server,
        send: (packet) => {
          if (this.#sockets.has(socket)) void process.step('send', () => this.#send(socket, packet))
        },
        onMessage: (listener) => {
          socket.hear = listener
        },
        onError: (listener) => {
          socket.fail = listener
        },
        close: () => void this.#sockets.delete(socket),
      })
    }
  }

  /** What a host says unasked. */
  deliver(bytes: Uint8Array, from: Endpoint, to: Endpoint, wait = 0): void {
    this.#carry(this.down, wait, () => {
      for (const socket of this.#sockets)
        if (socket.local.address === to.address && socket.local.port === to.port)
          this.#hear(socket, bytes, from)
    })
  }

  /** The program is gone, and its sockets with it. */
  closeAll(process: Process): void {
    for (const socket of this.#sockets) if (socket.process === process) this.#sockets.delete(socket)
  }

  #send(socket: Socket, packet: Uint8Array): void {
    const { clock, tell, uplink } = this.#world
    const { local, server } = socket
    this.sent++
    tell(() => `> ${local.address}:${local.port} > ${server.address} ${showRequest(packet).join(' ')}`)
    this.#checkAddresses(local, server, packet)
    if (!uplink.addresses.some((own) => own === local.address) || !uplink.routed) {
      clock.at(clock.now(), () => this.#fail(socket, 'send ENETUNREACH'))
      return
    }
    this.#carry(this.up, 0, () => this.#arrive(socket, packet))
  }

  #arrive(socket: Socket, packet: Uint8Array): void {
    const { clock } = this.#world
    const { local, server } = socket
    const host = this.hosts.get(server.address)
    if (!host) return
    this.#world.changed()
    if (host.refuses) {
      clock.at(after(clock.now(), millis(1)), () => this.#fail(socket, 'read ECONNREFUSED'))
      return
    }
    for (const { after: wait, bytes, fromOtherPort } of host.receive(packet, local, server)) {
      const from = fromOtherPort ? { ...server, port: server.port + 1 } : server
      this.#carry(this.down, wait, () => this.#hear(socket, bytes, from))
    }
  }

  /** A connected socket hears its server alone. */
  #hear(socket: Socket, bytes: Uint8Array, from: Endpoint): void {
    const { process, server, local } = socket
    const { tell, uplink } = this.#world
    const isOurs = uplink.addresses.some((own) => own === local.address)
    if (!this.#sockets.has(socket) || !process.alive || !isOurs || uplink.asleep) return
    if (from.address !== server.address || from.port !== server.port) return
    tell(() => `< ${local.address}:${local.port} < ${server.address} ${showResponse(bytes).join(' ')}`)
    void process.step('receive', () => socket.hear(bytes, from))
  }

  #fail(socket: Socket, why: string): void {
    if (this.#sockets.has(socket) && socket.process.alive) socket.fail(new Error(why))
  }

  #carry(line: LineFaults, wait: number, arrive: () => void): void {
    const { clock, dice } = this.#world
    if (line.cut || (line.lost > 0 && dice.unit() < line.lost)) {
      this.faults.lost++
      return
    }
    const copies = line.twice > 0 && dice.unit() < line.twice ? 2 : 1
    if (copies > 1) this.faults.twice++
    for (let copy = 0; copy < copies; copy++) {
      const isLate = line.late > 0 && dice.unit() < line.late
      if (isLate) this.faults.late++
      clock.at(millis(clock.now() + 1 + wait + (isLate ? dice.unit() * line.latest : 0)), arrive)
    }
  }

  #checkAddresses(local: Endpoint, server: Endpoint, packet: Uint8Array): void {
    const { clock, uplink, wrong } = this.#world
    const now = clock.now()
    if ((this.#named.get(server.address) ?? 0) < now)
      wrong('packet-to-server', `a packet leaves for ${server.address}, which is no PCP server (any more)`)
    const isOurs = uplink.addresses.some((own) => own === local.address)
    const lostAt = Math.max(this.#lostAt.get(local.address) ?? 0, uplink.awakeSince)
    if (!isOurs && now - lostAt > FAREWELL)
      wrong('packet-from-us', `a packet leaves from ${local.address}, which is not ours any more`)
    // RFC 6887 §7.1, §8.1: octets 8 to 23 of a request are the address it is sent from.
    if (packet[0] === 2 && fromBytes(packet.slice(8, 24)) !== local.address)
      wrong('packet-client-address', `a packet from ${local.address} names another client address`)
  }
}
