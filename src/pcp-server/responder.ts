import type { Clock, Random } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { type Millis, millis } from '../lib/units.ts'
import { RESULT_CODE } from '../pcp/wire/constants.ts'
import { type BadRequest, decodeRequest, encodeErrorResponse, encodeResponse } from '../pcp/wire/packet.ts'
import {
  type Faults,
  type ForcedResult,
  befalls,
  noFaults,
  settingsUnder,
  takeForced,
  withNonceFlipped,
  withoutPreference,
  withResultCode,
} from './faults.ts'
import type { Endpoint, InternalTuple, Mapping } from './mapping.ts'
import { type Answer, PcpModel } from './model.ts'
import { answerNatPmp } from './natpmp.ts'
import { refused } from './refusal.ts'
import { describeAnswer, describeRequest, nameOfResult, type Reply, textOf } from './reply.ts'
import type { Settings } from './settings.ts'
import {
  announcement,
  copyTimes,
  MOST_ANNOUNCEMENTS,
  mappingUpdate,
  UPDATE_COPIES,
  withdrawal,
} from './unsolicited.ts'

/** A datagram that the server wants sent. */
export interface Datagram {
  readonly bytes: Uint8Array
  readonly to: Endpoint
  /** Leaves this much later. */
  readonly after: Millis
  /** Leaves from a port that the server does not listen on (Faults.otherPort). */
  readonly fromOtherPort: boolean
}

export interface World {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** The whole server but for its socket: datagrams in, datagrams out. */
export class Responder {
  /** May be turned at any time. */
  readonly faults: Faults = noFaults()
  /** May be replaced at any time; the ports count from the next restart on. */
  settings: Settings
  readonly #model: PcpModel
  readonly #random: Random
  readonly #log: Log

  constructor(settings: Settings, { clock, random, log }: World) {
    this.settings = settings
    this.#model = new PcpModel(settings, clock, random)
    this.#random = random
    this.#log = log
  }

  mappings(): readonly Mapping[] {
    return this.#model.table.all()
  }

  /** RFC 6887 §8.5, as it will be in `wait`. */
  epoch(wait: Millis = millis(0)): number {
    return this.faults.epoch ?? this.#model.epoch(wait)
  }

  /** What `source` gets for `bytes`; empty where the request is dropped. */
  handle(bytes: Uint8Array, source: Endpoint): readonly Datagram[] {
    if (befalls(this.faults.dropRequests, this.#random)) return []
    const reply = this.faults.natPmpOnly ? this.#answerNatPmp(bytes, source) : this.#answer(bytes, source)
    if (!reply) return []
    this.#log.info({}, `${textOf(source)} ${reply.asked}: ${reply.result}`)
    return this.#send(reply.bytes, source)
  }

  /** Loses all mappings and starts the epoch at 0, as a reboot does. Nothing is sent: see `announcements`. */
  restart(): void {
    this.#model.restart(this.settings)
  }

  /** RFC 6887 §14.1.3: unsolicited ANNOUNCE, up to ten copies. */
  announcements(to: Endpoint, copies: number): readonly Datagram[] {
    return copyTimes(Math.min(copies, MOST_ANNOUNCEMENTS)).flatMap((wait) =>
      this.#send(encodeResponse(announcement(this.epoch(wait))), to, wait),
    )
  }

  /**
   * RFC 6887 §14.2: gives a mapping another external pair and tells its client, who gets CANNOT_PROVIDE_EXTERNAL
   * and loses the mapping if he insisted on the old pair. Throws RangeError where the port is not free.
   */
  moveMapping(tuple: InternalTuple, external: Endpoint): readonly Datagram[] {
    const moved = this.#model.move(tuple, external)
    if (!moved) return []
    return copyTimes(UPDATE_COPIES).flatMap((wait) => {
      const epoch = this.epoch(wait)
      const { mapping } = moved
      const update = moved.kept ? mappingUpdate(mapping, moved.lifetime, epoch) : withdrawal(mapping, epoch)
      return this.#send(encodeResponse(update), mapping.client, wait)
    })
  }

  #answerNatPmp(bytes: Uint8Array, source: Endpoint): Reply | undefined {
    const settings = settingsUnder(this.faults, this.settings)
    return answerNatPmp(bytes, source, { model: this.#model, settings, epoch: this.epoch() })
  }

  #answer(bytes: Uint8Array, source: Endpoint): Reply | undefined {
    const read = decodeRequest(bytes)
    if (!read.ok) return this.#reject(bytes, read.why, source)
    const asked = describeRequest(read.value)
    const forced = takeForced(this.faults, read.value)
    if (forced) return { asked, ...this.#force(bytes, forced) }
    const request = this.faults.ignorePreferFailure ? withoutPreference(read.value) : read.value
    const answer = this.#model.answer(request, source, settingsUnder(this.faults, this.settings))
    return { asked, result: describeAnswer(answer), bytes: this.#encode(bytes, answer, true) }
  }

  /** RFC 6887 §8.2. The source address counts before the options do. */
  #reject(bytes: Uint8Array, { result, why, header }: BadRequest, source: Endpoint): Reply | undefined {
    if (!result) return undefined
    const mismatch = result === 'MALFORMED_OPTION' && header?.clientAddress !== source.address
    const answer = refused(mismatch ? 'ADDRESS_MISMATCH' : result)
    return { asked: why, result: describeAnswer(answer), bytes: this.#encode(bytes, answer, false) }
  }

  #encode(request: Uint8Array, answer: Answer, parsed: boolean): Uint8Array {
    const epoch = this.epoch()
    if (answer.kind === 'refused') return encodeErrorResponse(request, { ...answer, epoch, parsed })
    return encodeResponse({ ...answer, result: RESULT_CODE.SUCCESS, epoch, truncated: false })
  }

  #force(request: Uint8Array, { code, lifetime }: ForcedResult): Pick<Reply, 'bytes' | 'result'> {
    const fields = { result: 'NO_RESOURCES', lifetime, epoch: this.epoch(), parsed: true } as const
    const bytes = withResultCode(encodeErrorResponse(request, fields), code)
    return { bytes, result: `${nameOfResult(code)} for ${lifetime} s, as told` }
  }

  /** What the faults leave of a message that is to go out. */
  #send(message: Uint8Array, to: Endpoint, wait: Millis = millis(0)): readonly Datagram[] {
    const { dropResponses, duplicateResponses, flipNonce, otherPort, delay, jitter } = this.faults
    if (befalls(dropResponses, this.#random)) return []
    const bytes = flipNonce ? withNonceFlipped(message) : message
    const copies = befalls(duplicateResponses, this.#random) ? 2 : 1
    return Array.from({ length: copies }, () => ({
      bytes,
      to,
      after: millis(wait + delay + (jitter > 0 ? jitter * this.#random.unit() : 0)),
      fromOtherPort: otherPort,
    }))
  }
}
