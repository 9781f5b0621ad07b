import { type RemoteInfo, type Socket, createSocket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { type Ipv4Address, parseIp } from '../lib/ip.ts'
import type { Log } from '../lib/log.ts'
import type { Endpoint } from './socket.ts'
import { CLIENT_PORT } from './wire/constants.ts'
import { decodeNatPmpReply, NATPMP_RESULT } from './wire/natpmp.ts'
import { decodeResponse } from './wire/packet.ts'

/** What a server tells all its clients at once. */
type Announcement =
  | { readonly protocol: 'PCP'; readonly epoch: number }
  /** With its external address (RFC 6886 §3.2.1). */
  | { readonly protocol: 'NAT-PMP'; readonly epoch: number; readonly address: Ipv4Address }

type Hear = (announcement: Announcement) => void

/** RFC 6887 §14.1.3, RFC 6886 §3.2.1: the groups that servers announce their restarts to. */
const GROUP = '224.0.0.1'
const GROUP6 = 'ff02::1'

/**
 * Multicast ANNOUNCE (RFC 6887 §14.1), and NAT-PMP's announcement of its address (RFC 6886 §3.2.1). Anybody near can
 * forge one, so it is only ever told to whoever follows the server it claims to be from, and is a hint there.
 */
export class Announcements {
  readonly #followers = new Map<string, Hear>()

  /** Who follows `server` from now on. */
  follow(server: Endpoint, hear: Hear): void {
    this.#followers.set(keyOf(server), hear)
  }

  /** Nobody is followed any more. */
  forget(): void {
    this.#followers.clear()
  }

  /** A datagram on the clients' port. What is no announcement of a server we follow changes nothing. */
  receive(packet: Uint8Array, from: Endpoint): void {
    const hear = this.#followers.get(keyOf(from))
    const announcement = hear && readAnnouncement(packet)
    if (announcement) hear(announcement)
  }
}

const keyOf = ({ address, port }: Endpoint): string => `${address} ${port}`

function readAnnouncement(packet: Uint8Array): Announcement | undefined {
  const natPmp = decodeNatPmpReply(packet)
  if (natPmp.ok) {
    const reply = natPmp.value
    if (reply.kind !== 'address' || reply.result !== NATPMP_RESULT.SUCCESS) return undefined
    return { protocol: 'NAT-PMP', epoch: reply.epoch, address: reply.address }
  }
  const pcp = decodeResponse(packet)
  return pcp.ok && pcp.value.body.opcode === 'ANNOUNCE'
    ? { protocol: 'PCP', epoch: pcp.value.epoch }
    : undefined
}

/** The sockets that hear announcements on the WAN, wherever that has its address now. Others may listen beside them. */
export class AnnouncementSocket {
  readonly #announcements: Announcements
  readonly #log: Log
  readonly #sockets = new Set<Socket>()

  constructor(announcements: Announcements, log: Log) {
    this.#announcements = announcements
    this.#log = log
  }

  /** Hears on the interface that has `address`. Where it cannot, a restart is noticed at the next renewal. */
  async join(address: Ipv4Address): Promise<void> {
    this.leave()
    await this.#hear(createSocket({ type: 'udp4', reuseAddr: true }), 'warn', GROUP, (socket) =>
      socket.addMembership(GROUP, address),
    )
    const zone = interfaceOf(address)
    // Many a WAN has no IPv6: no reason for a warning.
    if (zone !== undefined)
      await this.#hear(
        createSocket({ type: 'udp6', reuseAddr: true }),
        'debug',
        `${GROUP6}%${zone}`,
        (socket) => socket.addMembership(GROUP6, `::%${zone}`),
      )
  }

  leave(): void {
    for (const socket of this.#sockets) this.#close(socket)
  }

  async #hear(
    socket: Socket,
    level: 'debug' | 'warn',
    group: string,
    join: (socket: Socket) => void,
  ): Promise<void> {
    this.#sockets.add(socket)
    const fail = (error: unknown) => {
      this.#close(socket)
      this.#log[level]({ error: String(error), group }, 'cannot hear the carrier announce restarts')
    }
    try {
      socket.bind(CLIENT_PORT, group)
      await once(socket, 'listening')
      join(socket)
      socket.on('error', fail)
      socket.on('message', (packet, from) => this.#receive(packet, from))
    } catch (error) {
      fail(error)
    }
  }

  #receive(packet: Uint8Array, from: RemoteInfo): void {
    const address = parseIp(from.address.split('%')[0] ?? '')
    if (address) this.#announcements.receive(packet, { address, port: from.port })
  }

  #close(socket: Socket): void {
    if (this.#sockets.delete(socket)) socket.close()
  }
}

const interfaceOf = (address: Ipv4Address): string | undefined =>
  Object.entries(networkInterfaces()).find(([, all]) => all?.some((own) => own.address === address))?.[0]
