import { type Decoded, decoded, malformed } from '../../lib/decoded.ts'
import { encodeBody, opcodeOf, readBody } from './body.ts'
import { HEADER_SIZE, MAX_MESSAGE, RESULT_CODE, type ResultName, VERSION } from './constants.ts'
import {
  encodeRequestHeader,
  encodeResponseHeader,
  isResponse,
  type RequestHeader,
  readRequestHeader,
  readResponseHeader,
  versionOf,
  writeResponseHeader,
} from './header.ts'
import type { Option, Request, Response } from './message.ts'
import { joined, padded } from './octets.ts'
import { encodeOption, readOptions } from './options.ts'

/** Why the octets are no request that a server could process (RFC 6887 §8.2). */
export interface BadRequest {
  /** What the server has to answer with; undefined where it drops the message silently. */
  readonly result:
    | Extract<ResultName, 'UNSUPP_VERSION' | 'MALFORMED_REQUEST' | 'MALFORMED_OPTION'>
    | undefined
  readonly why: string
  /** Undefined where the message is too short for one, or of a version whose header this program cannot read. */
  readonly header: RequestHeader | undefined
}

/** What a server puts into the header of an error response (RFC 6887 §7.2). */
export interface ErrorFields {
  readonly result: ResultName
  readonly lifetime: number
  readonly epoch: number
  /** Could the request be parsed? If not, its client address stays where the reserved bits are. */
  readonly parsed: boolean
}

export function encodeRequest(request: Request): Uint8Array {
  const { body, options, ...header } = request
  return joined([
    encodeRequestHeader({ ...header, opcode: opcodeOf(body) }),
    encodeBody(body),
    ...options.map(encodeOption),
  ])
}

/**
 * Checks in the order of RFC 6887 §8.2. What depends on the server is left to it: the source address, opcodes and
 * options it does not support (those come as UNKNOWN), and whether the options make sense together.
 */
export function decodeRequest(packet: Uint8Array): Decoded<Request, BadRequest> {
  if (packet.length < 2) return unusable(undefined, 'shorter than 2 octets')
  if (isResponse(packet)) return unusable(undefined, 'the R bit is set')
  if (versionOf(packet) !== VERSION) return unusable('UNSUPP_VERSION', 'not version 2')
  if (packet.length < HEADER_SIZE) return unusable(undefined, 'shorter than a header')
  const header = readRequestHeader(packet)
  const { opcode, ...fields } = header
  const refuse = (result: BadRequest['result'], why: string) => malformed({ result, why, header })
  if (hasBadLength(packet)) return refuse('MALFORMED_REQUEST', `${packet.length} octets`)
  const payload = readBody(opcode, packet.subarray(HEADER_SIZE))
  if (!payload) return refuse('MALFORMED_REQUEST', `too short for opcode ${opcode}`)
  const { options, malformed: fault } = readOptions(packet, HEADER_SIZE + payload.size)
  if (fault !== undefined) return refuse('MALFORMED_OPTION', fault)
  const repeated = findRepeated(options)
  if (repeated) return refuse('MALFORMED_OPTION', `${repeated.option} appears twice`)
  return decoded({ ...fields, body: payload.body, options })
}

export function encodeResponse(response: Response): Uint8Array {
  const { result, lifetime, epoch, body, options } = response
  return joined([
    encodeResponseHeader({ opcode: opcodeOf(body), result, lifetime, epoch }),
    encodeBody(body),
    ...options.map(encodeOption),
  ])
}

/**
 * The error response to `request`, whatever it holds: a complete copy of it, cut at 1100 octets and padded, with
 * the header set (RFC 6887 §7.3, §8.2). `request` holds 2 octets at least.
 */
export function encodeErrorResponse(request: Uint8Array, fields: ErrorFields): Uint8Array {
  const copied = request.subarray(0, MAX_MESSAGE)
  const bytes = new Uint8Array(Math.max(HEADER_SIZE, padded(copied.length)))
  bytes.set(copied)
  const { opcode } = readRequestHeader(bytes)
  if (fields.parsed) bytes.fill(0, 0, HEADER_SIZE)
  writeResponseHeader(bytes, { ...fields, opcode, result: RESULT_CODE[fields.result] })
  return bytes
}

/** Checks in the order of RFC 6887 §8.3. Options that are malformed cost only themselves and what follows them. */
export function decodeResponse(packet: Uint8Array): Decoded<Response> {
  if (packet.length < HEADER_SIZE) return malformed('shorter than a header')
  if (!isResponse(packet)) return malformed('the R bit is clear')
  if (hasBadLength(packet)) return malformed(`${packet.length} octets`)
  if (versionOf(packet) !== VERSION) return malformed('not version 2')
  const { opcode, ...fields } = readResponseHeader(packet)
  const payload = readBody(opcode, packet.subarray(HEADER_SIZE))
  if (!payload) return malformed(`too short for opcode ${opcode}`)
  const { options, malformed: fault } = readOptions(packet, HEADER_SIZE + payload.size)
  return decoded({ ...fields, body: payload.body, options, truncated: fault !== undefined })
}

const unusable = (result: BadRequest['result'], why: string): Decoded<never, BadRequest> =>
  malformed({ result, why, header: undefined })

const hasBadLength = (packet: Uint8Array): boolean => packet.length > MAX_MESSAGE || packet.length % 4 !== 0

/** RFC 6887 §7.3: FILTER may come as often as it fits, the other options that we know only once. */
const findRepeated = (options: readonly Option[]): Option | undefined =>
  options.find(
    ({ option }, i) =>
      option !== 'FILTER' && option !== 'UNKNOWN' && options.findIndex((o) => o.option === option) !== i,
  )
