import { type Socket, createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type Ipv4Address, parseIpv4 } from '../../lib/ip.ts'
import type { Log } from '../../lib/log.ts'
import { portHolder, type WantedPort } from '../../lib/port-holder.ts'
import { isPort } from '../../lib/units.ts'
import { SSDP_GROUP } from './message.ts'
import type { GroupSocket, LanSocket, Receive, SsdpSockets } from './sockets.ts'

/** UDA 1.1 §1.1.2: far enough for a home, not far enough to get lost. */
const MULTICAST_TTL = 2

/** The SSDP sockets of this machine, on UDP port `port`. */
export const udpSockets = (log: Log, port: number): SsdpSockets => ({
  async group(receive) {
    // Bound to the group's own address, so that no unicast datagram, from whatever side, ever arrives here.
    const socket = await bound(SSDP_GROUP, port, 'the multicast group')
    listen(socket, receive, log)
    return groupSocket(socket)
  },
  async lan({ name, address }, receive) {
    const socket = await bound(address, port, name)
    // Named, for multicast would else leave by whatever route the system finds: through the WAN, on some.
    socket.setMulticastInterface(address)
    socket.setMulticastTTL(MULTICAST_TTL)
    listen(socket, receive, log)
    return lanSocket(socket, address)
  },
})

/** SO_REUSEADDR, because port 1900 is shared with the control points and media servers of the machine. */
async function bound(address: string, port: number, where: string): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.bind({ address, port })
  try {
    await once(socket, 'listening')
    return socket
  } catch (error) {
    socket.close()
    const why = reason(error, { transport: 'udp', address, port })
    throw new Error(`SSDP cannot use UDP port ${port} at ${address} (${where}): ${why}`, { cause: error })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'no interface has this address',
  EACCES: 'not allowed',
}

function reason(error: unknown, wanted: WantedPort): string {
  const code = codeOf(error)
  if (code === 'EADDRINUSE') {
    const { cure, who } = portHolder(wanted)
    return `${who} holds it for itself; ${cure}`
  }
  return REASONS[code] ?? (error instanceof Error ? error.message : code)
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'

function listen(socket: Socket, receive: Receive, log: Log): void {
  socket.on('error', (error) => log.warn({ error }, 'SSDP: a socket reports an error'))
  socket.on('message', (bytes, from) => {
    const address = parseIpv4(from.address)
    // Port 0 cannot be answered.
    if (address !== undefined && isPort(from.port)) receive({ bytes, address, port: from.port })
  })
}

const groupSocket = (socket: Socket): GroupSocket => ({
  join: (address) => join(socket, address),
  leave: (address) => socket.dropMembership(SSDP_GROUP, address),
  close: () => closed(socket),
})

const lanSocket = (socket: Socket, address: Ipv4Address): LanSocket => ({
  takeInterface: () => socket.setMulticastInterface(address),
  send: (bytes, port, to) =>
    new Promise((resolve, reject) => {
      socket.send(bytes, port, to, (error) => (error ? reject(error) : resolve()))
    }),
  close: () => closed(socket),
})

function join(socket: Socket, address: Ipv4Address): void {
  try {
    socket.addMembership(SSDP_GROUP, address)
  } catch (error) {
    // Here this is no failure: the socket is a member already.
    if (codeOf(error) !== 'EADDRINUSE') throw error
  }
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.close(() => resolve()))
