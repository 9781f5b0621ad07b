import type {
  MapRequest,
  PcpDeleted,
  PcpMapping,
  PcpOutcome,
  PcpLink,
  PcpRefused,
  PcpSilent,
} from '../core/ports.ts'
import type { Clock, Random } from '../lib/clock.ts'
import type { IpAddress, Ipv4Address } from '../lib/ip.ts'
import type { Millis } from '../lib/units.ts'
import { type MapAnswer, readDeleteAnswer, readMapAnswer, type Verdict } from './answers.ts'
import { Exchange, type Line, type Sending, SILENT } from './exchange.ts'
import { GrantedMappings } from './granted.ts'
import { Lives } from './lives.ts'
import type { PcpListener } from './listener.ts'
import { mappingNonce } from './nonce.ts'
import { Outstanding, type PcpAlive } from './outstanding.ts'
import { keyOf, Reception } from './reception.ts'
import {
  announceRequest,
  type Asker,
  deleteRequest,
  internalAddressOf,
  mapRequest,
  thirdPartyOf,
} from './requests.ts'
import type { PcpSocket } from './socket.ts'
import type { DropReason, MapMatch } from './validate.ts'
import { PROTOCOL_NUMBER } from './wire/constants.ts'
import type { Request } from './wire/message.ts'
import { encodeRequest } from './wire/packet.ts'

export interface PcpClientOptions {
  /** Connected to one address of the server; the client closes it. */
  readonly socket: PcpSocket
  /** The address that stands for the server in nonces, whichever of its addresses the socket is connected to. */
  readonly server: IpAddress
  /** What the router's own mappings lead to, where that is not what the socket sends from (RFC 7488 §5). */
  readonly self?: Ipv4Address | undefined
  /** The installation's secret, 32 octets. */
  readonly secret: Uint8Array
  readonly clock: Clock
  readonly random: Random
  readonly listener: PcpListener
}

/** A mapping as this client and this server know it. */
interface About {
  readonly mapping: PcpMapping
  readonly asker: Asker
  /** The nonce, as a key. */
  readonly key: string
  readonly match: MapMatch
}

interface MapExchange<O> extends Pick<About, 'key' | 'match'> {
  readonly request: Request
  readonly sending: Sending
  readonly read: (answer: MapAnswer, sentAt: Millis) => Verdict<O>
}

/** The PCP client for one address of one server. */
export class PcpClient implements PcpLink {
  readonly #options: PcpClientOptions
  readonly #line: Line
  readonly #outstanding = new Outstanding()
  readonly #granted: GrantedMappings
  readonly #reception: Reception
  readonly #lives = new Lives()
  #closed = false

  constructor(options: PcpClientOptions) {
    const { clock, random, socket, listener } = options
    this.#options = options
    this.#line = { clock, random, send: (packet) => socket.send(packet) }
    this.#granted = new GrantedMappings(clock)
    const { server } = socket
    this.#reception = new Reception({
      server,
      clock,
      listener,
      outstanding: this.#outstanding,
      granted: this.#granted,
    })
    socket.onMessage((packet, from) => this.#reception.receive(packet, from))
    socket.onError((error) => listener.onUnreachable(error))
  }

  /** How many datagrams were dropped, and why. */
  get dropped(): ReadonlyMap<DropReason, number> {
    return this.#reception.dropped
  }

  /** Creates or renews (RFC 6887 §11.2). */
  async map(request: MapRequest, signal: AbortSignal): Promise<PcpOutcome> {
    const ask = (life: number) => this.#mapAs(request, life, signal)
    return await this.#asAnyLife(request, ask, () => this.#lives.other(request))
  }

  /** Deletes (§15.1). */
  async unmap(mapping: PcpMapping, signal: AbortSignal): Promise<PcpDeleted | PcpRefused | PcpSilent> {
    const ask = (life: number) => this.#unmapAs(mapping, life, signal)
    return await this.#asAnyLife(mapping, ask, () => this.#lives.earlier(mapping))
  }

  /** Asks whether the server is there, and for its epoch; this changes nothing (§14.1.2). */
  async announce(signal: AbortSignal): Promise<PcpAlive | PcpRefused | PcpSilent> {
    const request = announceRequest(this.#clientAddress)
    const exchange = new Exchange<PcpAlive>(encodeRequest(request), 'until-answered', this.#line)
    const entry = this.#outstanding.addProbe(exchange)
    const outcome = await this.#run(exchange, signal)
    entry[Symbol.dispose]()
    return outcome
  }

  /** Ends every wait with silence. */
  close(): void {
    this.#closed = true
    this.#outstanding.endAll(SILENT)
    this.#granted.clear()
    this.#options.socket.close()
  }

  get #clientAddress(): IpAddress {
    return this.#options.socket.local.address
  }

  /** §11.3: NOT_AUTHORIZED may only mean that the server knows the port by the nonce of another life of it. */
  async #asAnyLife<O extends PcpOutcome | PcpDeleted>(
    mapping: PcpMapping,
    ask: (life: number) => Promise<O>,
    another: () => number | undefined,
  ): Promise<O> {
    const life = this.#lives.of(mapping)
    const outcome = await ask(life)
    if (isTaken(outcome)) this.#lives.took(mapping, life)
    const other = isUnauthorized(outcome) ? another() : undefined
    if (other === undefined) return outcome
    const second = await ask(other)
    if (!isTaken(second)) return outcome
    this.#lives.took(mapping, other)
    return second
  }

  async #mapAs(request: MapRequest, life: number, signal: AbortSignal): Promise<PcpOutcome> {
    const { asker, ...about } = this.#about(request, life)
    const question = {
      ...about,
      request: mapRequest(this.#named(request), asker),
      sending: request.sending,
      read: (answer: MapAnswer, sentAt: Millis) => {
        const standing = this.#granted.find(about.key) !== undefined
        return readMapAnswer({ request, sentAt, standing }, answer)
      },
    }
    const outcome = await this.#ask(question, signal)
    if (outcome.kind !== 'granted') return outcome
    this.#granted.set(about.key, about, outcome)
    return life === request.generation ? outcome : { ...outcome, knownAs: life }
  }

  async #unmapAs(
    mapping: PcpMapping,
    life: number,
    signal: AbortSignal,
  ): Promise<PcpDeleted | PcpRefused | PcpSilent> {
    const { asker, key, match } = this.#about(mapping, life)
    const request = deleteRequest(this.#named(mapping), asker)
    const question = { key, match, request, sending: 'until-answered', read: readDeleteAnswer } as const
    const outcome = await this.#ask(question, signal)
    if (outcome.kind === 'deleted') this.#granted.delete(key)
    return outcome
  }

  /** An IPv4 mapping cannot be meant by our IPv6 address, so it is asked for as for a third party (§13.1). */
  #named<M extends PcpMapping>(mapping: M): M {
    const { self } = this.#options
    return mapping.internalAddress === undefined && self ? { ...mapping, internalAddress: self } : mapping
  }

  #about(mapping: PcpMapping, generation: number): About {
    const { server, secret } = this.#options
    const { internalPort } = mapping
    const clientAddress = this.#clientAddress
    const protocol = PROTOCOL_NUMBER[mapping.protocol]
    const named = this.#named(mapping)
    const internalAddress = internalAddressOf(named, clientAddress)
    const nonce = mappingNonce(secret, { server, protocol, internalAddress, internalPort, generation })
    const thirdParty = thirdPartyOf(named, clientAddress)
    const match = { protocol, internalPort, thirdParty }
    return { mapping, match, asker: { clientAddress, nonce }, key: keyOf(nonce) }
  }

  async #ask<O>(question: MapExchange<O>, signal: AbortSignal): Promise<O | PcpRefused | PcpSilent> {
    const { key, match, request, sending, read } = question
    const exchange = new Exchange<O>(encodeRequest(request), sending, this.#line)
    const entry = this.#outstanding.addQuestion(key, exchange, {
      match,
      offer: (answer) => (exchange.offer(read(answer, exchange.sentAt)) ? exchange.sentAt : undefined),
    })
    const outcome = await this.#run(exchange, signal)
    entry[Symbol.dispose]()
    return outcome
  }

  #run<O>(exchange: Exchange<O>, signal: AbortSignal): Promise<O | PcpRefused | PcpSilent> {
    return this.#closed ? Promise.resolve(SILENT) : exchange.run(signal)
  }
}

const isTaken = ({ kind }: PcpOutcome | PcpDeleted): boolean => kind === 'granted' || kind === 'deleted'

const isUnauthorized = (outcome: PcpOutcome | PcpDeleted): boolean =>
  outcome.kind === 'refused' && outcome.result === 'NOT_AUTHORIZED'
