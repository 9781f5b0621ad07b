import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type IpAddress, isIpv4, parseIp } from '../lib/ip.ts'
import type { Port } from '../lib/units.ts'

/** An address and port of UDP. */
export interface Endpoint {
  readonly address: IpAddress
  readonly port: number
  /** The interface where a link-local address is meant. */
  readonly zone?: string
  /** How many routers a packet may pass. */
  readonly hops?: number
}

/** A UDP socket connected to one address of one PCP server. */
export interface PcpSocket {
  /** The source of what is sent: the PCP client's address (RFC 6887 §7.1, §16.4). */
  readonly local: Endpoint
  readonly server: Endpoint
  /** Never throws: what fails is told to the error listener. After `close` nothing is sent. */
  send(packet: Uint8Array): void
  onMessage(listener: (packet: Uint8Array, from: Endpoint) => void): void
  /** ICMP errors and failed sends, as they happen. The socket stays usable. */
  onError(listener: (error: Error) => void): void
  close(): void
}

/** Connects from `client`, or from whichever address of ours leads there. */
export type Connect = (server: Endpoint, client?: IpAddress) => Promise<PcpSocket>

/** What to send from. */
export interface Source {
  /** Undefined: the kernel's choice. */
  readonly address?: IpAddress | undefined
  /** Should be the same after a restart, as servers tell there what they were not asked (RFC 6887 §8). */
  readonly port?: Port | undefined
}

/**
 * Only a connected socket learns its source address before it sends (RFC 6887 §16.4), hears of ICMP errors
 * (RFC 7488 §3) and has the kernel drop what others send to it. Where the port is taken, it sends from another one.
 * Rejects where the address is not ours, and where there is no route to the server.
 */
export async function connectSocket(server: Endpoint, source: Source = {}): Promise<PcpSocket> {
  const socket = (await boundToPort(server, source)) ?? (await boundTo(server, source.address))
  try {
    socket.connect(server.port, server.zone ? `${server.address}%${server.zone}` : server.address)
    await once(socket, 'connect')
    if (server.hops !== undefined) socket.setTTL(server.hops)
    return wrapped(socket, server, endpointOf(socket.address()))
  } catch (error) {
    socket.close()
    throw error
  }
}

const familyOf = ({ address }: Endpoint) => (isIpv4(address) ? 'udp4' : 'udp6')

/** Undefined where another socket has the port, be it ours to another server. */
async function boundToPort(server: Endpoint, { address, port }: Source): Promise<Socket | undefined> {
  if (port === undefined) return undefined
  return await boundTo(server, address, port).catch(() => undefined)
}

async function boundTo(server: Endpoint, address?: IpAddress, port?: Port): Promise<Socket> {
  const socket = createSocket(familyOf(server))
  if (address === undefined && port === undefined) return socket
  try {
    socket.bind({ address, port, exclusive: true })
    await once(socket, 'listening')
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

function wrapped(socket: Socket, server: Endpoint, local: Endpoint): PcpSocket {
  let open = true
  let failed: (error: Error) => void = () => undefined
  socket.on('error', (error) => failed(error))
  return {
    local,
    server,
    send: (packet) => {
      if (open) socket.send(packet, (error) => error && failed(error))
    },
    onMessage: (listener) => {
      socket.on('message', (packet, from) => listener(packet, endpointOf(from)))
    },
    onError: (listener) => {
      failed = listener
    },
    close: () => {
      if (open) socket.close()
      open = false
    },
  }
}

/** A zone (`fe80::1%eth0`) is local matter and no part of the address. */
function endpointOf({ address, port }: { readonly address: string; readonly port: number }): Endpoint {
  const parsed = parseIp(address.split('%')[0] ?? '')
  if (!parsed) throw new TypeError(`the kernel names an address that is none: ${address}`)
  return { address: parsed, port }
}
