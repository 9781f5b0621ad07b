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

/** So many refusals of version 2 in a row are believed of a server that spoke it before. */
const REFUSALS = 3
/** A refusal that comes sooner answers no later request than the one before (RFC 6887 §8.1.1: RT is 2.7 s at least). */
const REFUSAL_GAP = 2_500

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
  /** Refusals of version 2 since the server last spoke it, and when the last of them came. */
  readonly #refusals: { count: number; last: Millis | undefined } = { count: 0, last: undefined }

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

  /** §9. It carries no nonce, so one counts only from a server that never spoke version 2. */
  #receiveVersion({ version, lifetime }: UnsupportedVersion): void {
    if (this.#to.outstanding.size === 0) this.#drop('nobody asked')
    else if (this.#spokeVersion2 && !this.#isRepeated()) this.#drop('version 2 worked before')
    else {
      const hold = lifetime === undefined ? LONG_ERROR : seconds(lifetime)
      this.#to.outstanding.endAll({ kind: 'refused', result: 'UNSUPP_VERSION', lifetime: hold })
      this.#to.listener.onUnsupportedVersion(version)
    }
  }

  /** Does the server answer one request after the other so, as after another firmware? Copies are one answer. */
  #isRepeated(): boolean {
    const now = this.#to.clock.now()
    if (this.#refusals.last === undefined || now - this.#refusals.last >= REFUSAL_GAP) {
      this.#refusals.count += 1
      this.#refusals.last = now
    }
    return this.#refusals.count >= REFUSALS
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
    this.#refusals.count = 0
    const { clock, listener } = this.#to
    listener.onResponse({ opcode, epoch: seconds(epoch), receivedAt: clock.now(), sentAt })
  }

  #drop(why: DropReason): void {
    this.#dropped.set(why, (this.#dropped.get(why) ?? 0) + 1)
  }
}
