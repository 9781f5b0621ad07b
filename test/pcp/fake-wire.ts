import type { Clock } from '../../src/lib/clock.ts'
import type { IpAddress } from '../../src/lib/ip.ts'
import type { Endpoint, PcpSocket } from '../../src/pcp/socket.ts'
import type { MapPayload, Request, Response } from '../../src/pcp/wire/message.ts'
import { decodeRequest, encodeResponse } from '../../src/pcp/wire/packet.ts'
import { ip, toHex } from './literals.ts'

export const SERVER = { address: ip('100.64.0.1'), port: 5351 }
export const EXTERNAL = ip('203.0.114.1')

/** A socket that keeps what is sent, and through which a test lets come in what it likes. */
export class FakeSocket implements PcpSocket {
  readonly local: Endpoint
  readonly server = SERVER
  readonly sent: { readonly at: number; readonly packet: Uint8Array }[] = []
  closed = false
  readonly #clock: Clock
  #message: (packet: Uint8Array, from: Endpoint) => void = () => undefined
  #error: (error: Error) => void = () => undefined

  constructor(clock: Clock, client: IpAddress = ip('100.64.0.2')) {
    this.#clock = clock
    this.local = { address: client, port: 40_000 }
  }

  send(packet: Uint8Array): void {
    this.sent.push({ at: this.#clock.now(), packet })
  }

  onMessage(listener: (packet: Uint8Array, from: Endpoint) => void): void {
    this.#message = listener
  }

  onError(listener: (error: Error) => void): void {
    this.#error = listener
  }

  close(): void {
    this.closed = true
  }

  deliver(packet: Uint8Array, from: Endpoint = SERVER): void {
    this.#message(packet, from)
  }

  fail(error: Error): void {
    this.#error(error)
  }

  /** Milliseconds after `start` at which packets left. */
  sentSince(start: number): number[] {
    return this.sent.map(({ at }) => at - start)
  }

  /** The packets that were sent, each once. */
  get distinct(): string[] {
    return [...new Set(this.sent.map(({ packet }) => toHex(packet)))]
  }

  /** The last request. */
  get last(): Request {
    const decoded = decodeRequest(this.sent.at(-1)?.packet ?? new Uint8Array())
    if (!decoded.ok) throw new Error(decoded.why.why)
    return decoded.value
  }
}

export type AnswerFields = Partial<Omit<Response, 'body'>> & Partial<MapPayload>

/** What a conforming server says to a MAP request: SUCCESS as asked for 120 s, but for `fields`. */
export function answerTo(request: Request, fields: AnswerFields = {}): Uint8Array {
  if (request.body.opcode !== 'MAP') throw new Error('not a MAP request')
  const {
    result = 0,
    lifetime = request.lifetime && 120,
    epoch = 1000,
    options = request.options,
    ...map
  } = fields
  const assigned = request.lifetime === 0 || result !== 0 ? {} : { externalAddress: EXTERNAL }
  const body = { opcode: 'MAP', map: { ...request.body.map, ...assigned, ...map } } as const
  return encodeResponse({ result, lifetime, epoch, options, body, truncated: false })
}
