import type { IpAddress } from '../lib/ip.ts'
import type { Option } from '../pcp/wire/message.ts'
import type { Filter } from './mapping.ts'
import { type Refusal, refused } from './refusal.ts'
import type { Switchable } from './settings.ts'

/** Codes from here on are optional to process (RFC 6887 §7.3). */
const FIRST_OPTIONAL = 128

/** What the options of a MAP request ask for. */
export interface MapOptions {
  readonly kind: 'options'
  /** From THIRD_PARTY. */
  readonly internalAddress: IpAddress | undefined
  readonly preferFailure: boolean
  readonly filters: readonly FilterOption[]
  /** These go into a success response: every one that was processed (RFC 6887 §7.3). */
  readonly processed: readonly Option[]
}

export type FilterOption = Extract<Option, { option: 'FILTER' }>

type Mandatory = Exclude<Option, { option: 'DESCRIPTION' }>

/** RFC 6887 §7.3: does the server have to process this option or refuse the request? */
export const isMandatory = (option: Option): option is Mandatory =>
  option.option === 'UNKNOWN' ? option.code < FIRST_OPTIONAL : option.option !== 'DESCRIPTION'

/** Takes the options in their order (RFC 6887 §7.3); the first that cannot be processed decides. */
export function readMapOptions(
  options: readonly Option[],
  source: IpAddress,
  supported: ReadonlySet<Switchable>,
): MapOptions | Refusal {
  const mandatory = options.filter(isMandatory)
  for (const option of mandatory) {
    if (option.option === 'UNKNOWN' || !supported.has(option.option)) return refused('UNSUPP_OPTION')
    // RFC 6887 §13.1: nobody is a third party to himself.
    if (option.option === 'THIRD_PARTY' && option.internalAddress === source)
      return refused('MALFORMED_REQUEST')
  }
  return {
    kind: 'options',
    internalAddress: mandatory.find((option) => option.option === 'THIRD_PARTY')?.internalAddress,
    preferFailure: mandatory.some(({ option }) => option === 'PREFER_FAILURE'),
    filters: mandatory.filter((option) => option.option === 'FILTER'),
    processed: mandatory,
  }
}

/** RFC 6887 §13.3: filters add up, in their order, and a prefix of length 0 removes all there are so far. */
export function mergeFilters(existing: readonly Filter[], asked: readonly FilterOption[]): readonly Filter[] {
  return asked.reduce<readonly Filter[]>((filters, { prefixLength, remotePort, remoteAddress }) => {
    if (prefixLength === 0) return []
    const filter = { prefixLength, remotePort, remoteAddress }
    return filters.some((other) => isSame(other, filter)) ? filters : [...filters, filter]
  }, existing)
}

const isSame = (a: Filter, b: Filter): boolean =>
  a.prefixLength === b.prefixLength && a.remotePort === b.remotePort && a.remoteAddress === b.remoteAddress
