import type { Random } from '../lib/clock.ts'
import { type Millis, millis, type Seconds } from '../lib/units.ts'
import { HEADER_SIZE, NONCE_SIZE, OPCODE } from '../pcp/wire/constants.ts'
import type { Request } from '../pcp/wire/message.ts'
import type { Settings, Switchable } from './settings.ts'

// What a server can do wrong, to see whether a client copes. Every switch may be turned while the server runs.

/** An answer that is given whatever the request asks for. Nothing is changed by the request. */
export interface ForcedResult {
  /** Result code as on the wire, 0..255. */
  readonly code: number
  readonly lifetime: number
  /** How many requests are still answered so; Infinity for all. Counted down. */
  times: number
  /** Only requests of this kind; all where it is left out. */
  readonly when?: (request: Request) => boolean
}

export interface Faults {
  /** Loses this share of the requests, 0..1; at 1 it never answers. */
  dropRequests: number
  /** Does what is asked and loses this share of the answers, 0..1. */
  dropResponses: number
  /** Sends this share of the answers twice, 0..1. */
  duplicateResponses: number
  /** Sends every answer this much later. */
  delay: Millis
  /** Sends every answer up to this much later still, so that answers overtake each other. */
  jitter: Millis
  /** Gives this answer and does nothing. */
  result: ForcedResult | undefined
  /** Grants another port than the one that PREFER_FAILURE insists on. */
  ignorePreferFailure: boolean
  /** Answers from a UDP port that is not the one it listens on. */
  otherPort: boolean
  /** Flips one bit of the nonce in every MAP answer. */
  flipNonce: boolean
  /** Answers UNSUPP_OPTION to these. */
  refuseOptions: readonly Switchable[]
  /** Grants this lifetime, whatever is asked and whatever the limits say. */
  lifetime: Seconds | undefined
  /** Gives this epoch in every message. */
  epoch: number | undefined
  /** Speaks RFC 6886 and nothing else. */
  natPmpOnly: boolean
}

export const noFaults = (): Faults => ({
  dropRequests: 0,
  dropResponses: 0,
  duplicateResponses: 0,
  delay: millis(0),
  jitter: millis(0),
  result: undefined,
  ignorePreferFailure: false,
  otherPort: false,
  flipNonce: false,
  refuseOptions: [],
  lifetime: undefined,
  epoch: undefined,
  natPmpOnly: false,
})

/** Does it happen, when it happens in `share` of all cases? Draws no dice for a fault that is off. */
export const befalls = (share: number, random: Random): boolean => share > 0 && random.unit() < share

/** The settings as the faults leave them. */
export function settingsUnder(faults: Faults, settings: Settings): Settings {
  const { lifetime, refuseOptions } = faults
  const limits = lifetime === undefined ? {} : { minLifetime: lifetime, maxLifetime: lifetime }
  const supported = new Set([...settings.supported].filter((option) => !refuseOptions.includes(option)))
  return { ...settings, ...limits, supported }
}

/** The forced result for `request`, if there is one left; it counts as given. */
export function takeForced(faults: Faults, request: Request): ForcedResult | undefined {
  const { result } = faults
  if (!result || result.times <= 0 || result.when?.(request) === false) return undefined
  result.times -= 1
  return result
}

/** The request as a server reads it that knows no PREFER_FAILURE and gives the port next to the wanted one. */
export function withoutPreference(request: Request): Request {
  const { body, options } = request
  if (body.opcode !== 'MAP' || !options.some(({ option }) => option === 'PREFER_FAILURE')) return request
  return {
    ...request,
    body: { ...body, map: { ...body.map, externalPort: body.map.externalPort ^ 1 } },
    options: options.filter(({ option }) => option !== 'PREFER_FAILURE'),
  }
}

/** A MAP message with one bit of its nonce flipped; any other message as it is. */
export function withNonceFlipped(message: Uint8Array): Uint8Array {
  if (message.length < HEADER_SIZE + NONCE_SIZE || ((message[1] ?? 0) & 0x7f) !== OPCODE.MAP) return message
  return message.with(HEADER_SIZE, (message[HEADER_SIZE] ?? 0) ^ 1)
}

/** A response with this result code, which need not be in the registry. */
export const withResultCode = (response: Uint8Array, code: number): Uint8Array => response.with(3, code)
