import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { Closers } from '../lib/closers.ts'
import { isIpv4, isUnspecified, parseIp } from '../lib/ip.ts'
import { after } from '../lib/units.ts'
import type { Endpoint } from './mapping.ts'
import { textOf } from './reply.ts'
import type { Datagram, Responder, World } from './responder.ts'

// The sockets of the PCP server, and nothing more: all it says comes from the responder.

interface Sockets {
  readonly listening: Socket
  /** What Faults.otherPort sends from. */
  readonly other: Socket
}

/** A PCP server on a UDP port. `start` it once and `stop` it in the end, also after a start that failed. */
export class PcpServer {
  readonly #responder: Responder
  readonly #world: Pick<World, 'clock' | 'log'>
  readonly #closers: Closers
  readonly #waiting = new Set<Disposable>()
  #sockets: Sockets | undefined

  constructor(responder: Responder, world: Pick<World, 'clock' | 'log'>) {
    this.#responder = responder
    this.#world = world
    this.#closers = new Closers((error) => world.log.warn({ error }, 'a socket did not close'))
  }

  /** Port 0 takes a free one. Resolves with where it listens; rejects with the system's error (EADDRINUSE…). */
  async start(listen: Endpoint): Promise<Endpoint> {
    const listening = await this.#open(listen)
    const other = await this.#open({ ...listen, port: 0 })
    this.#sockets = { listening, other }
    listening.on('message', (bytes, from) => this.#receive(bytes, from))
    return { address: listen.address, port: listening.address().port }
  }

  /** Sends each when its time has come; what still waits at `stop` is not sent. */
  send(datagrams: readonly Datagram[]): void {
    for (const datagram of datagrams) {
      if (datagram.after > 0) this.#sendLater(datagram)
      else this.#sendNow(datagram)
    }
  }

  async stop(): Promise<void> {
    for (const timer of this.#waiting) timer[Symbol.dispose]()
    this.#waiting.clear()
    this.#sockets = undefined
    await this.#closers[Symbol.asyncDispose]()
  }

  async #open({ address, port }: Endpoint): Promise<Socket> {
    const socket = createSocket(isIpv4(address) ? { type: 'udp4' } : { type: 'udp6', ipv6Only: true })
    this.#closers.defer(() => new Promise((closed) => socket.close(closed)))
    socket.bind(port, address)
    await once(socket, 'listening')
    socket.on('error', (error) => this.#world.log.warn({ error }, `socket: ${error.message}`))
    if (isIpv4(address) && !isUnspecified(address)) socket.setMulticastInterface(address)
    return socket
  }

  #receive(bytes: Uint8Array, from: RemoteInfo): void {
    // An address with a zone (fe80::1%eth0) is no address that PCP could carry, so it is not answered.
    const address = parseIp(from.address)
    if (address) this.send(this.#responder.handle(bytes, { address, port: from.port }))
  }

  #sendLater(datagram: Datagram): void {
    const { clock } = this.#world
    const timer = clock.at(after(clock.now(), datagram.after), () => {
      this.#waiting.delete(timer)
      this.#sendNow(datagram)
    })
    this.#waiting.add(timer)
  }

  #sendNow({ bytes, to, fromOtherPort }: Datagram): void {
    const socket = fromOtherPort ? this.#sockets?.other : this.#sockets?.listening
    socket?.send(bytes, to.port, to.address, (error) => {
      if (error) this.#world.log.warn({ error }, `nothing sent to ${textOf(to)}: ${error.message}`)
    })
  }
}
