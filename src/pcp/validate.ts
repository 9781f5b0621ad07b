import type { IpAddress } from '../lib/ip.ts'
import { type Decoded, decoded, malformed } from '../lib/decoded.ts'
import type { Endpoint } from './socket.ts'
import { RESULT_CODE, VERSION } from './wire/constants.ts'
import { isResponse, versionOf } from './wire/header.ts'
import type { MapPayload, Response } from './wire/message.ts'
import { decodeResponse } from './wire/packet.ts'

// RFC 6887 §8.3 and §11.4: what comes in is an answer, or dropped without a word for a reason that is counted.

export type DropReason =
  | 'foreign source'
  | 'too short'
  | 'not a response'
  | 'malformed'
  | 'nobody asked'
  | 'unknown nonce'
  | 'other mapping'
  | 'version 2 worked before'

/** What a datagram of the server says, before it is known whom it answers. */
export type Reply = { readonly kind: 'response'; readonly response: Response } | UnsupportedVersion

/** §9. */
export interface UnsupportedVersion {
  readonly kind: 'unsupported-version'
  /** The nearest the server has; 0 is NAT-PMP. */
  readonly version: number
  /** Undefined where the server sent none. */
  readonly lifetime: number | undefined
}

/** The fields by which a MAP response is matched, once its nonce has found them (§11.4). */
export interface MapMatch extends Pick<MapPayload, 'protocol' | 'internalPort'> {
  /** The address in the THIRD_PARTY option; undefined: the request had none. */
  readonly thirdParty: IpAddress | undefined
}

/** §8.3, in its order, but for NAT-PMP's answer, whose R bit may be clear (RFC 6886 §3.5). */
export function readReply(packet: Uint8Array, from: Endpoint, server: Endpoint): Decoded<Reply, DropReason> {
  if (from.address !== server.address || from.port !== server.port) return malformed('foreign source')
  const version = versionOf(packet)
  if (version === undefined || packet.length < 4) return malformed('too short')
  if (isNatPmp(packet)) return decoded({ kind: 'unsupported-version', version, lifetime: undefined })
  if (!isResponse(packet)) return malformed('not a response')
  if (version !== VERSION && packet[3] === RESULT_CODE.UNSUPP_VERSION)
    return decoded({ kind: 'unsupported-version', version, lifetime: lifetimeOf(packet) })
  const response = decodeResponse(packet)
  return response.ok ? decoded({ kind: 'response', response: response.value }) : malformed('malformed')
}

/** §11.4: the external fields are the server's and not compared. */
export function isFor(expected: MapMatch, map: MapPayload, response: Response): boolean {
  return (
    map.protocol === expected.protocol &&
    map.internalPort === expected.internalPort &&
    isThirdParty(expected.thirdParty, response)
  )
}

function isThirdParty(expected: IpAddress | undefined, { options, truncated }: Response): boolean {
  const named = options.find((option) => option.option === 'THIRD_PARTY')?.internalAddress
  // The nonce is bound to the address, so it speaks for an option that was lost with a malformed one before it.
  return named === expected || (named === undefined && truncated)
}

/** RFC 6886 §3.5: 8 octets of version 0 with result code 1. */
const isNatPmp = (packet: Uint8Array): boolean =>
  packet.length === 8 && packet[0] === 0 && packet[2] === 0 && packet[3] === RESULT_CODE.UNSUPP_VERSION

const lifetimeOf = (packet: Uint8Array): number | undefined =>
  packet.length < 8 ? undefined : new DataView(packet.buffer, packet.byteOffset).getUint32(4)
