import type { MapRequest, OptionName, PcpDeleted, PcpGranted, PcpRefused } from '../core/ports.ts'
import { isUnspecified } from '../lib/ip.ts'
import { isPort, type Millis, seconds } from '../lib/units.ts'
import { RESULT_CODE, type ResultName, resultName } from './wire/constants.ts'
import type { MapPayload, Option } from './wire/message.ts'

/** The part of a MAP response that has a meaning once it is known what it answers. */
export interface MapAnswer {
  readonly result: number
  readonly lifetime: number
  readonly map: MapPayload
  readonly options: readonly Option[]
}

/** What an answer comes to. */
export interface Verdict<O> {
  readonly outcome: O
  /**
   * May it be no answer to this request, but a Mapping Update or the late answer to an older request with the same
   * nonce (RFC 6887 §13.2)? Then it counts only when it comes again after the question was repeated.
   */
  readonly doubtful: boolean
}

/** How soon a server that grants nothing useful is asked again (§11.2.1 has the same distance for renewals). */
const UNFIT_HOLD = seconds(4)

/** A result code by name, 'UNKNOWN' for those no registry has (RFC 6970 §4.3). */
export type Result = ResultName | 'UNKNOWN'

export const resultOf = (code: number): Result => resultName(code) ?? 'UNKNOWN'

const refused = (result: number, lifetime: number): PcpRefused => ({
  kind: 'refused',
  result: resultOf(result),
  lifetime: seconds(lifetime),
})

/** A MAP response by itself. SUCCESS without a lifetime, a port or an address forwards nothing, so it is no grant. */
export function readGrant(answer: MapAnswer, sentAt: Millis): PcpGranted | PcpRefused {
  const { result, lifetime, map } = answer
  if (result !== RESULT_CODE.SUCCESS) return refused(result, lifetime)
  const { externalPort: port, externalAddress: address } = map
  if (lifetime === 0 || !isPort(port) || isUnspecified(address))
    return { kind: 'refused', result: 'UNKNOWN', lifetime: UNFIT_HOLD }
  const processed = processedOf(answer)
  const granted = {
    kind: 'granted',
    external: { address, port },
    lifetime: seconds(lifetime),
    sentAt,
  } as const
  return processed.length === 0 ? granted : { ...granted, processed }
}

const OPTIONAL: readonly OptionName[] = ['PREFER_FAILURE', 'FILTER']

/** §7.3: a success repeats every option that was processed. */
const processedOf = ({ options }: MapAnswer): readonly OptionName[] =>
  OPTIONAL.filter((name) => options.some(({ option }) => option === name))

/** A request that creates or renews, and how things are when its answer comes. */
export interface Asked {
  readonly request: MapRequest
  readonly sentAt: Millis
  /** Does a mapping with this nonce stand already? Only then can a Mapping Update look like the answer. */
  readonly standing: boolean
}

/**
 * The answer to a request that creates or renews. §13.2: what PREFER_FAILURE asked for is compared, but a server
 * may lack the option; so another port is a real grant where no older mapping can be meant.
 */
export function readMapAnswer(asked: Asked, answer: MapAnswer): Verdict<PcpGranted | PcpRefused> {
  const outcome = readGrant(answer, asked.sentAt)
  if (outcome.kind === 'refused') return { outcome, doubtful: answer.result === RESULT_CODE.SUCCESS }
  return { outcome, doubtful: asked.standing && !isAsPreferred(asked.request, answer.map) }
}

/** The answer to a delete (§15.1). */
export function readDeleteAnswer(answer: MapAnswer): Verdict<PcpDeleted | PcpRefused> {
  const { result, lifetime, map } = answer
  if (isAbsent(answer)) return { outcome: { kind: 'deleted', lifetime: seconds(0) }, doubtful: false }
  if (result !== RESULT_CODE.SUCCESS) return { outcome: refused(result, lifetime), doubtful: false }
  return {
    outcome: { kind: 'deleted', lifetime: seconds(lifetime) },
    doubtful: lifetime > 0 && map.externalPort !== 0, // the zero that was sent must come back
  }
}

function isAsPreferred(request: MapRequest, map: MapPayload): boolean {
  if (!request.preferFailure) return true
  const { suggestedAddress: address } = request
  return (
    map.externalPort === request.suggestedPort && (address === undefined || map.externalAddress === address)
  )
}

/**
 * miniupnpd refuses to delete what it does not have with NO_RESOURCES, where §15.1 has SUCCESS. It is known by the
 * external address: it fills in its own where a conforming server copies the zeros of the request.
 */
const isAbsent = ({ result, map }: MapAnswer): boolean =>
  result === RESULT_CODE.NO_RESOURCES && !isUnspecified(map.externalAddress)
