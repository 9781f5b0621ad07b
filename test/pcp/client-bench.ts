import { setMaxListeners } from 'node:events'
import type { MapRequest, PcpGranted, PcpMapping, PcpRefused } from '../../src/core/ports.ts'
import type { Ipv4Address } from '../../src/lib/ip.ts'
import type { Random } from '../../src/lib/clock.ts'
import { port, seconds } from '../../src/lib/units.ts'
import { PcpClient } from '../../src/pcp/client.ts'
import type { ResponseSeen } from '../../src/pcp/listener.ts'
import { fixedDice } from '../support/dice.ts'
import { settle, VirtualClock } from '../support/virtual-clock.ts'
import { type AnswerFields, answerTo, EXTERNAL, FakeSocket, SERVER } from './fake-wire.ts'

const SECRET = new Uint8Array(32).fill(7)

export const named: PcpMapping = {
  protocol: 'TCP',
  internalAddress: undefined,
  internalPort: port(49152),
  generation: 1,
}
export const wanted: MapRequest = {
  ...named,
  suggestedPort: port(8080),
  suggestedAddress: undefined,
  lifetime: seconds(3600),
  preferFailure: false,
  remotePeers: undefined,
  description: '',
  sending: 'until-answered',
  renews: false,
}
export const keen: MapRequest = { ...wanted, preferFailure: true }
export const once: MapRequest = { ...wanted, sending: 'once' }

/** What a grant is, `sentAt` apart. */
export const grantOf = (externalPort = 8080, lifetime = 120) => ({
  kind: 'granted',
  external: { address: EXTERNAL, port: externalPort },
  lifetime,
})

/** A client on a fake wire, and all it tells its listener. */
export class ClientBench {
  readonly clock = new VirtualClock()
  readonly start = this.clock.now()
  readonly socket: FakeSocket
  readonly client: PcpClient
  readonly responses: ResponseSeen[] = []
  readonly updates: [PcpMapping, PcpGranted | PcpRefused][] = []
  readonly versions: number[] = []
  readonly errors: Error[] = []
  readonly #stop = new AbortController()

  constructor({ random = fixedDice(), client }: { random?: Random; client?: Ipv4Address } = {}) {
    setMaxListeners(0, this.#stop.signal)
    this.socket = new FakeSocket(this.clock, client)
    this.client = new PcpClient({
      socket: this.socket,
      server: SERVER.address,
      secret: SECRET,
      clock: this.clock,
      random,
      listener: {
        onResponse: (seen) => this.responses.push(seen),
        onMappingUpdate: (mapping, outcome) => this.updates.push([mapping, outcome]),
        onUnsupportedVersion: (version) => this.versions.push(version),
        onUnreachable: (error) => this.errors.push(error),
      },
    })
  }

  map(request: MapRequest = wanted, signal: AbortSignal = this.#stop.signal) {
    return this.client.map(request, signal)
  }

  unmap(mapping: PcpMapping = wanted, signal: AbortSignal = this.#stop.signal) {
    return this.client.unmap(mapping, signal)
  }

  announce(signal: AbortSignal = this.#stop.signal) {
    return this.client.announce(signal)
  }

  /** Aborts all waits that were given no signal of their own. */
  abort(): void {
    this.#stop.abort()
  }

  /** An answer to the last request: as asked, but for `fields`. */
  answer(fields: AnswerFields = {}): Uint8Array {
    return answerTo(this.socket.last, fields)
  }

  deliver(fields: AnswerFields = {}): void {
    this.socket.deliver(this.answer(fields))
  }

  /** A mapping that stands at the server. */
  async granted(request: MapRequest = wanted): Promise<void> {
    const done = this.map(request)
    this.deliver()
    await done
  }
}

/** Has `wait` ended by now? */
export async function isOver(wait: Promise<unknown>): Promise<boolean> {
  const waiting = Symbol('waiting')
  return (await Promise.race([wait, settle().then(() => waiting)])) !== waiting
}
