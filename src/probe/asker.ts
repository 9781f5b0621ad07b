import type { PcpRefused, PcpSilent } from '../core/ports.ts'
import { within } from '../lib/abort.ts'
import type { Clock, Random } from '../lib/clock.ts'
import { after, type Millis, seconds } from '../lib/units.ts'
import { type MapAnswer, readDeleteAnswer } from '../pcp/answers.ts'
import { Exchange } from '../pcp/exchange.ts'
import type { Endpoint, PcpSocket } from '../pcp/socket.ts'
import { isFor, readReply } from '../pcp/validate.ts'
import type { Request, Response } from '../pcp/wire/message.ts'
import { encodeRequest } from '../pcp/wire/packet.ts'

/** A response, whole: the client of the daemon hides its options. */
interface Answered {
  readonly kind: 'answered'
  readonly response: Response
}

/** ICMP said so, or the system. */
export interface Unreachable {
  readonly kind: 'unreachable'
  readonly why: string
}

/** `refused` is always UNSUPP_VERSION: the server has no version 2 (RFC 6887 §9). */
export type Heard = Answered | Unreachable | PcpRefused | PcpSilent

interface Waiting {
  readonly request: Request
  readonly exchange: Exchange<Answered | Unreachable>
}

/** Sends requests to a server by the rules of RFC 6887 §8.1.1, and gives each what answers it. */
export class Asker {
  readonly #socket: PcpSocket
  readonly #clock: Clock
  readonly #random: Random
  readonly #waiting = new Set<Waiting>()
  #spoken: number | undefined

  constructor(socket: PcpSocket, clock: Clock, random: Random) {
    this.#socket = socket
    this.#clock = clock
    this.#random = random
    socket.onMessage((packet, from) => this.#receive(packet, from))
    socket.onError((error) => {
      for (const { exchange } of this.#waiting) exchange.end(unreachable(error))
    })
  }

  /** What the server speaks in place of version 2, where it said that; 0 is NAT-PMP. */
  otherVersion(): number | undefined {
    return this.#spoken
  }

  /** Silence when nothing comes within `wait`, or when `signal` aborts. */
  async ask(request: Request, wait: Millis, signal?: AbortSignal): Promise<Heard> {
    const line = {
      clock: this.#clock,
      random: this.#random,
      send: (packet: Uint8Array) => this.#socket.send(packet),
    }
    const exchange = new Exchange<Answered | Unreachable>(encodeRequest(request), 'until-answered', line)
    const waiting = { request, exchange }
    this.#waiting.add(waiting)
    const due = after(this.#clock.now(), wait)
    const heard = await within(this.#clock, due, (until) => exchange.run(until), signal)
    this.#waiting.delete(waiting)
    return heard
  }

  #receive(packet: Uint8Array, from: Endpoint): void {
    const reply = readReply(packet, from, this.#socket.server)
    if (!reply.ok) return
    if (reply.value.kind === 'unsupported-version') this.#refused(reply.value.version)
    else this.#answered(reply.value.response)
  }

  #refused(version: number): void {
    this.#spoken = version
    for (const { exchange } of this.#waiting)
      exchange.end({ kind: 'refused', result: 'UNSUPP_VERSION', lifetime: seconds(0) })
  }

  #answered(response: Response): void {
    for (const { request, exchange } of this.#waiting)
      if (answers(response, request)) exchange.end({ kind: 'answered', response })
  }
}

function isDeleted(answer: MapAnswer): boolean {
  const { doubtful, outcome } = readDeleteAnswer(answer)
  return outcome.kind === 'deleted' && !doubtful
}

/** RFC 6887 §11.4. A late answer to the request that made a mapping is none to the one that deletes it (§15.1). */
function answers(response: Response, { body, lifetime, options }: Request): boolean {
  if (body.opcode !== 'MAP' || response.body.opcode !== 'MAP') return body.opcode === response.body.opcode
  const { nonce, protocol, internalPort } = body.map
  const { map } = response.body
  const thirdParty = options.find((option) => option.option === 'THIRD_PARTY')?.internalAddress
  const isOurs = nonce.every((octet, i) => octet === map.nonce[i])
  const isLate = lifetime === 0 && !isDeleted({ ...response, map })
  return isOurs && !isLate && isFor({ protocol, internalPort, thirdParty }, map, response)
}

/** What the system says of a packet that does not arrive, in plain words. */
const REASONS = new Map<unknown, string>([
  ['ECONNREFUSED', 'nothing listens there'],
  ['EHOSTUNREACH', 'there is no way to it'],
  ['ENETUNREACH', 'there is no route to it'],
])

export function unreachable(error: unknown): Unreachable {
  if (!(error instanceof Error)) return { kind: 'unreachable', why: String(error) }
  const code = 'code' in error ? error.code : undefined
  return { kind: 'unreachable', why: REASONS.get(code) ?? error.message }
}
