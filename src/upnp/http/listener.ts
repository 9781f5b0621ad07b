import { type RequestListener, type Server, createServer } from 'node:http'
import type { Socket } from 'node:net'
import type { Ipv4Address } from '../../lib/ip.ts'
import type { Log } from '../../lib/log.ts'
import type { Ends } from '../edge.ts'
import type { Connections } from './connections.ts'

const LIMITS = {
  maxHeaderSize: 8 * 1024,
  /** A whole request arrives within this many milliseconds, its head in half of them. */
  requestTimeout: 10_000,
  headersTimeout: 5000,
  connectionsCheckingInterval: 1000,
  keepAliveTimeout: 5000,
  /** HTTP/1.0 has no Host; the edge looks at it. */
  requireHostHeader: false,
} as const

/** A connection on which nothing moves ends: later than the core answers the slowest call (25 s). */
const SILENCE = 30_000

export interface ListenerPorts {
  readonly log: Log
  readonly handler: RequestListener
  readonly connections: Connections
  /** Is whoever connects on a LAN? The request is looked at later; this keeps strangers from taking the places. */
  readonly isFromLan: (ends: Ends) => boolean
}

/** Listens on one address. Rejects when the address or the port cannot be had. */
export async function openListener(
  { address, port }: { readonly address: Ipv4Address; readonly port: number },
  ports: ListenerPorts,
): Promise<Server> {
  const server = createServer(LIMITS, ports.handler)
  server.setTimeout(SILENCE)
  // What is sent behind a request without waiting for its answer is refused unread.
  server.maxRequestsPerSocket = 1
  server.on('connection', (socket) => admitConnection(socket, ports))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, resolve)
  })
  server.on('error', (error) => ports.log.warn({ error: error.message, address }, 'HTTP: cannot accept'))
  return server
}

/** Ends every connection at once. */
export function closeListener(server: Server): void {
  server.close()
  server.closeAllConnections()
}

export const endsOf = (socket: Socket): Ends => ({
  peer: socket.remoteAddress,
  local: socket.localAddress,
  localPort: socket.localPort,
})

function admitConnection(socket: Socket, { connections, isFromLan, log }: ListenerPorts): void {
  const ends = endsOf(socket)
  const connection = { host: ends.peer ?? '', end: () => socket.destroy() }
  if (isFromLan(ends) && connections.open(connection)) {
    socket.once('close', () => connections.close(connection))
    return
  }
  log.debug({ peer: ends.peer }, 'HTTP: connection refused, not from a LAN or one too many')
  socket.destroy()
}
