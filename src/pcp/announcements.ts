import { type RemoteInfo, type Socket, createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type IpAddress, type Ipv4Address, parseIp } from '../lib/ip.ts'
import type { Log } from '../lib/log.ts'
import type { Endpoint } from './socket.ts'
import { decodeResponse } from './wire/packet.ts'
import { CLIENT_PORT, SERVER_PORT } from './wire/constants.ts'

type Hear = (epoch: number) => void

/** RFC 6887 §14.1.3: the group that servers announce their restarts to. */
const GROUP = '224.0.0.1'

/**
 * Multicast ANNOUNCE (RFC 6887 §14.1). Anybody near can forge one, so it only ever tells its epoch to whoever follows
 * the server it claims to be from, and that is a hint there.
 */
export class Announcements {
  readonly #followers = new Map<IpAddress, Hear>()

  /** Who follows `server` from now on. */
  follow(server: IpAddress, hear: Hear): void {
    this.#followers.set(server, hear)
  }

  /** A datagram on the clients' port. What is no ANNOUNCE of a server we follow changes nothing. */
  receive(packet: Uint8Array, from: Endpoint): void {
    const hear = from.port === SERVER_PORT ? this.#followers.get(from.address) : undefined
    const response = hear && decodeResponse(packet)
    if (response?.ok === true && response.value.body.opcode === 'ANNOUNCE') hear?.(response.value.epoch)
  }
}

/** The socket that hears announcements on the WAN, wherever that has its address now. */
export class AnnouncementSocket {
  readonly #announcements: Announcements
  readonly #log: Log
  #socket: Socket | undefined

  constructor(announcements: Announcements, log: Log) {
    this.#announcements = announcements
    this.#log = log
  }

  /** Hears on the interface that has `address`. Where it cannot, a restart is noticed at the next renewal. */
  async join(address: Ipv4Address): Promise<void> {
    this.leave()
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    this.#socket = socket
    try {
      socket.bind(CLIENT_PORT, GROUP)
      await once(socket, 'listening')
      socket.addMembership(GROUP, address)
      socket.on('error', (error) => this.#fail(error))
      socket.on('message', (packet, from) => this.#receive(packet, from))
    } catch (error) {
      this.#fail(error)
    }
  }

  leave(): void {
    this.#socket?.close()
    this.#socket = undefined
  }

  #receive(packet: Uint8Array, from: RemoteInfo): void {
    const address = parseIp(from.address)
    if (address) this.#announcements.receive(packet, { address, port: from.port })
  }

  #fail(error: unknown): void {
    this.leave()
    this.#log.warn({ error: String(error) }, 'cannot hear the carrier announce restarts')
  }
}
