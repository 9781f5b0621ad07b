import type {
  MapRequest,
  PcpDeleted,
  PcpLink,
  PcpMapping,
  PcpOutcome,
  PcpRefused,
  PcpSilent,
} from '../../core/ports.ts'
import { aborted, either, sharedAbort } from '../../lib/abort.ts'
import type { Clock } from '../../lib/clock.ts'
import { type Ipv4Address, isUnspecified } from '../../lib/ip.ts'
import { SerialQueues } from '../../lib/serial.ts'
import { type Millis, after, isPort, seconds } from '../../lib/units.ts'
import type { EpochReading } from '../epoch.ts'
import type { Endpoint, PcpSocket } from '../socket.ts'
import type { ResultName } from '../wire/constants.ts'
import { ATTEMPTS, isNatPmpEpochValid, waitAfter } from './timing.ts'
import {
  type NatPmpMap,
  type NatPmpReply,
  decodeNatPmpReply,
  encodeAddressRequest,
  encodeMapRequest,
  isOtherVersionReply,
} from '../wire/natpmp.ts'

export interface NatPmpOptions {
  /** Connected to the gateway. The client closes it. */
  readonly socket: PcpSocket
  readonly clock: Clock
  /** What the gateway said last, before this run or before it was left. */
  readonly known: EpochReading | undefined
  /** Told of each reading of its age. */
  readonly read: (reading: EpochReading) => void
  /** Told of every reply that stood its checks. */
  readonly heard: () => void
  /** RFC 6886 §3.6: the gateway lost its mappings. */
  readonly lostState: () => void
  /** Something that anybody could have sent says so. */
  readonly doubtful: () => void
  readonly unreachable: (why: string) => void
  /** The gateway knows no NAT-PMP any more (RFC 6887 Appendix A). What was asked is refused with UNSUPP_VERSION. */
  readonly outgrown: () => void
}

export interface NatPmpAnnouncement {
  readonly epoch: number
  readonly address: Ipv4Address
}

type Kind = NatPmpReply['kind']
type Reply<K extends Kind> = Extract<NatPmpReply, { kind: K }>

/** In place of a reply: the gateway speaks another version. */
const OTHER_VERSION = 'other version'
type Heard<K extends Kind> = Reply<K> | typeof OTHER_VERSION

const SILENT: PcpSilent = { kind: 'silent' }
const SUCCESS = 0

/** RFC 6886 §3.5 in the words of PCP. */
const RESULT: Readonly<Record<number, ResultName>> = {
  1: 'UNSUPP_VERSION',
  2: 'NOT_AUTHORIZED',
  3: 'NETWORK_FAILURE',
  4: 'NO_RESOURCES',
  5: 'UNSUPP_OPCODE',
}

/** Nobody says for how long; the core knows the usual time of each error. */
const refused = (result: ResultName | 'UNKNOWN'): PcpRefused => ({
  kind: 'refused',
  result,
  lifetime: seconds(0),
})

/** A day is what any gateway grants at most, and what the core believes. */
const LONGEST = 86_400

/**
 * The client of a gateway that speaks NAT-PMP alone (RFC 6886). It knows no PREFER_FAILURE: the core compares the
 * port. It has no transaction ids, so one request is out at a time.
 */
export class NatPmpClient implements PcpLink {
  readonly #options: NatPmpOptions
  readonly #turns = new SerialQueues<'gateway'>()
  readonly #closing = sharedAbort()
  #waiting: ((reply: Heard<Kind>) => void) | undefined
  #last: EpochReading | undefined
  #address: Ipv4Address | undefined

  constructor(options: NatPmpOptions) {
    this.#options = options
    options.socket.onMessage((packet, from) => this.#receive(packet, from))
    options.socket.onError((error) => options.unreachable(error.message))
  }

  /** What the gateway last said of its age. */
  get epoch(): EpochReading | undefined {
    return this.#last
  }

  async map(request: MapRequest, signal: AbortSignal): Promise<PcpOutcome> {
    if (this.#isForAnother(request) || (request.remotePeers?.length ?? 0) > 0) return refused('UNSUPP_OPTION')
    const { internalPort, protocol, suggestedPort } = request
    const lifetime = Math.min(request.lifetime, LONGEST)
    const wanted = { protocol, internalPort, externalPort: suggestedPort, lifetime }
    const address = await this.#externalAddress(signal)
    if (typeof address !== 'string') return address
    const answer = await this.#mapped(wanted, signal)
    if (answer.kind !== 'answered') return answer
    const { externalPort, lifetime: granted } = answer.map
    if (!isPort(externalPort)) return refused('UNKNOWN')
    const external = { address, port: externalPort }
    return { kind: 'granted', external, lifetime: seconds(granted), sentAt: answer.sentAt }
  }

  /** RFC 6886 §3.4: one mapping by its own port; port 0 would delete all of them. */
  async unmap(mapping: PcpMapping, signal: AbortSignal): Promise<PcpDeleted | PcpRefused | PcpSilent> {
    const { internalPort, protocol } = mapping
    const answer = await this.#mapped({ protocol, internalPort, externalPort: 0, lifetime: 0 }, signal)
    return answer.kind === 'answered' ? { kind: 'deleted', lifetime: seconds(0) } : answer
  }

  async alive(signal: AbortSignal): Promise<boolean> {
    this.#address = undefined
    return (await this.#ask('address', encodeAddressRequest(), { signal })) !== undefined
  }

  /** §3.2.1. A hint only: what is asked next shows whether it is true. */
  announced({ address, epoch }: NatPmpAnnouncement): void {
    const reading = { server: epoch, client: this.#options.clock.now() }
    const moved = this.#address !== undefined && this.#address !== address
    if (!moved && isNatPmpEpochValid(this.#last, reading)) return
    this.#address = undefined
    this.#options.doubtful()
  }

  /** Ends every wait with silence. */
  close(): void {
    this.#closing.abort()
    this.#options.socket.close()
  }

  /** NAT-PMP maps to the asker alone. */
  #isForAnother({ internalAddress }: PcpMapping): boolean {
    return internalAddress !== undefined && internalAddress !== this.#options.socket.local.address
  }

  /** §3.2. Asked once, and again when the gateway lost its state. */
  async #externalAddress(signal: AbortSignal): Promise<Ipv4Address | PcpRefused | PcpSilent> {
    if (this.#address !== undefined) return this.#address
    const reply = await this.#ask('address', encodeAddressRequest(), { signal })
    if (!reply) return SILENT
    if (reply === OTHER_VERSION) return refused('UNSUPP_VERSION')
    if (reply.result !== SUCCESS) return refused(RESULT[reply.result] ?? 'UNKNOWN')
    if (isUnspecified(reply.address)) return refused('NETWORK_FAILURE') // it has none itself
    this.#address = reply.address
    return reply.address
  }

  async #mapped(
    map: NatPmpMap,
    signal: AbortSignal,
  ): Promise<{ kind: 'answered'; map: NatPmpMap; sentAt: Millis } | PcpRefused | PcpSilent> {
    const sent = { at: this.#options.clock.now() }
    const isOurs = (reply: Reply<'map'>) => answers(reply, map)
    const reply = await this.#ask('map', encodeMapRequest(map), { signal, isOurs, sent })
    if (!reply) return SILENT
    if (reply === OTHER_VERSION) return refused('UNSUPP_VERSION')
    if (reply.result !== SUCCESS) return refused(RESULT[reply.result] ?? 'UNKNOWN')
    return { kind: 'answered', map: reply.map, sentAt: sent.at }
  }

  /**
   * §3.1: one request at a time, sent until answered, at most nine times. Undefined when nobody answers before
   * `signal` aborts, be it ours or another's turn.
   */
  async #ask<K extends Kind>(kind: K, packet: Uint8Array, how: How<K>): Promise<Heard<K> | undefined> {
    const wait = either(how.signal, this.#closing.signal)
    const { signal } = wait
    const answer = this.#turns.run('gateway', () => this.#exchange(kind, packet, { ...how, signal }))
    const reply = await Promise.race([answer, aborted(signal).then(() => undefined)])
    wait[Symbol.dispose]()
    return reply
  }

  async #exchange<K extends Kind>(kind: K, packet: Uint8Array, how: How<K>): Promise<Heard<K> | undefined> {
    const { clock, socket } = this.#options
    const { isOurs, sent, signal } = how
    if (signal.aborted) return undefined
    return await new Promise((resolve) => {
      let timer: Disposable | undefined
      const end = (reply: Heard<K> | undefined) => {
        timer?.[Symbol.dispose]()
        signal.removeEventListener('abort', abort)
        this.#waiting = undefined
        resolve(reply)
      }
      const abort = () => end(undefined)
      const send = (n: number) => {
        if (n === ATTEMPTS) {
          abort()
          return
        }
        if (sent) sent.at = clock.now()
        socket.send(packet)
        timer = clock.at(after(clock.now(), waitAfter(n)), () => send(n + 1))
      }
      this.#waiting = (reply) => {
        if (reply === OTHER_VERSION || (isOfKind(reply, kind) && (isOurs?.(reply) ?? true))) end(reply)
      }
      signal.addEventListener('abort', abort)
      send(0)
    })
  }

  /** §3.2: what is not from the gateway is dropped. */
  #receive(packet: Uint8Array, from: Endpoint): void {
    const { server } = this.#options.socket
    if (from.address !== server.address || from.port !== server.port) return
    if (isOtherVersionReply(packet)) this.#outgrown()
    const reply = decodeNatPmpReply(packet)
    if (!reply.ok) return
    this.#options.heard()
    this.#follow(reply.value.epoch)
    this.#waiting?.(reply.value)
  }

  #outgrown(): void {
    if (!this.#waiting) return
    this.#options.heard()
    this.#options.outgrown()
    this.#waiting(OTHER_VERSION)
  }

  /** §3.6, from every packet of the gateway. */
  #follow(epoch: number): void {
    const reading = { server: epoch, client: this.#options.clock.now() }
    const valid = isNatPmpEpochValid(this.#last ?? this.#options.known, reading)
    this.#last = reading
    this.#options.read(reading)
    if (valid) return
    this.#address = undefined
    this.#options.lostState()
  }
}

interface How<K extends Kind> {
  readonly signal: AbortSignal
  readonly isOurs?: (reply: Reply<K>) => boolean
  /** Takes the time of the last send. */
  readonly sent?: { at: Millis }
}

const isOfKind = <K extends Kind>(reply: NatPmpReply, kind: K): reply is Reply<K> => reply.kind === kind

/**
 * Without transaction ids a late reply to an older request looks like this one's. Only the lifetime tells a mapping
 * made from one deleted (§3.3, §3.4).
 */
const answers = ({ map, result }: Reply<'map'>, asked: NatPmpMap): boolean =>
  map.protocol === asked.protocol &&
  map.internalPort === asked.internalPort &&
  (result !== SUCCESS || (map.lifetime === 0) === (asked.lifetime === 0))
