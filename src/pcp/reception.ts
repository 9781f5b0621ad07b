import type { Clock } from '../lib/clock.ts'
import { type Millis, seconds } from '../lib/units.ts'
import { type MapAnswer, readGrant, resultOf } from './answers.ts'
import type { GrantedMappings } from './granted.ts'
import type { PcpListener, ResponseSeen } from './listener.ts'
import type { Outstanding } from './outstanding.ts'
import type { Endpoint } from './socket.ts'
import { type DropReason, isFor, readReply, type UnsupportedVersion } from './validate.ts'
import type { MapPayload, Nonce, Response } from './wire/message.ts'

/** RFC 6887 §7.4: how long a long error lasts, for servers that do not say. */
const LONG_ERROR = seconds(1800)

/** A nonce as the key of a Map. */
export const keyOf = (nonce: Nonce): string => Buffer.from(nonce).toString('hex')

interface Receiving {
  readonly server: Endpoint
  readonly clock: Clock
  readonly outstanding: Outstanding
  readonly granted: GrantedMappings
  readonly listener: PcpListener
}

/** Gives what comes in to those whom it answers, and to the listener; the rest is dropped and counted. */
export class Reception {
  readonly #to: Receiving
  readonly #dropped = new Map<DropReason, number>()
  #spokeVersion2 = false

  constructor(to: Receiving) {
    this.#to = to
  }

  get dropped(): ReadonlyMap<DropReason, number> {
    return this.#dropped
  }

  receive(packet: Uint8Array, from: Endpoint): void {
    const reply = readReply(packet, from, this.#to.server)
    if (!reply.ok) this.#drop(reply.why)
    else if (reply.value.kind === 'response') this.#receiveResponse(reply.value.response)
    else this.#receiveVersion(reply.value)
  }

  /** §9. It carries no nonce, so it counts only from a server that never spoke version 2. */
  #receiveVersion({ version, lifetime }: UnsupportedVersion): void {
    if (this.#spokeVersion2) this.#drop('version 2 worked before')
    else if (this.#to.outstanding.size === 0) this.#drop('nobody asked')
    else {
      const hold = lifetime === undefined ? LONG_ERROR : seconds(lifetime)
      this.#to.outstanding.endAll({ kind: 'refused', result: 'UNSUPP_VERSION', lifetime: hold })
      this.#to.listener.onUnsupportedVersion(version)
    }
  }

  #receiveResponse(response: Response): void {
    if (response.body.opcode === 'MAP') this.#receiveMap(response, response.body.map)
    else if (response.body.opcode === 'ANNOUNCE') this.#receiveAnnounce(response)
    else this.#drop('nobody asked')
  }

  #receiveAnnounce(response: Response): void {
    const result = resultOf(response.result)
    const sentAt = this.#to.outstanding.answerProbes({
      kind: 'alive',
      epoch: seconds(response.epoch),
      result,
    })
    this.#heard('ANNOUNCE', response, sentAt)
  }

  #receiveMap(response: Response, map: MapPayload): void {
    const { granted, outstanding } = this.#to
    const nonce = keyOf(map.nonce)
    const match = outstanding.match(nonce) ?? granted.find(nonce)?.match
    if (!match) this.#drop('unknown nonce')
    else if (!isFor(match, map, response)) this.#drop('other mapping')
    else {
      const sentAt = outstanding.answer(nonce, { ...response, map })
      this.#heard('MAP', response, sentAt)
      if (sentAt === undefined) this.#receiveUpdate(nonce, { ...response, map })
    }
  }

  /** §8.3: a response that nobody waits for may change what stands. */
  #receiveUpdate(nonce: string, answer: MapAnswer): void {
    const { granted, listener, clock } = this.#to
    const mapping = granted.find(nonce)?.mapping
    const said = readGrant(answer, clock.now())
    if (mapping && granted.isNews(nonce, said)) listener.onMappingUpdate(mapping, said)
  }

  #heard(opcode: ResponseSeen['opcode'], { epoch }: Response, sentAt: Millis | undefined): void {
    this.#spokeVersion2 = true
    const { clock, listener } = this.#to
    listener.onResponse({ opcode, epoch: seconds(epoch), receivedAt: clock.now(), sentAt })
  }

  #drop(why: DropReason): void {
    this.#dropped.set(why, (this.#dropped.get(why) ?? 0) + 1)
  }
}
