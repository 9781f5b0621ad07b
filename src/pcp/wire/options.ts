import { fromBytes, isIpv4, toBytes } from '../../lib/ip.ts'
import { OPTION_CODE } from './constants.ts'
import type { Option } from './message.ts'
import { ADDRESS_SIZE, copyOf, padded, viewOf } from './octets.ts'

/** Offsets in an option (RFC 6887 §7.3); the octet at 1 is reserved. */
const AT = { code: 0, length: 2, data: 4 } as const

/** Offsets in the data of FILTER (RFC 6887 §13.3); the octet at 0 is reserved. */
const FILTER_AT = { prefixLength: 1, remotePort: 2, remoteAddress: 4 } as const
const FILTER_SIZE = FILTER_AT.remoteAddress + ADDRESS_SIZE

/** RFC 7220 §2. */
const MAX_DESCRIPTION = 1016

/** Options read from a message, in their order. */
export interface OptionList {
  readonly options: readonly Option[]
  /** What is wrong with the option that follows these; undefined where the message ends after them. */
  readonly malformed: string | undefined
}

const codeOf = (option: Option): number =>
  option.option === 'UNKNOWN' ? option.code : OPTION_CODE[option.option]

/** RFC 6887 §7.3: must a server process it, or refuse the request? */
export const isMandatory = (option: Option): boolean => codeOf(option) < 128

export function encodeOption(option: Option): Uint8Array {
  const data = encodeData(option)
  const bytes = new Uint8Array(AT.data + padded(data.length))
  bytes[AT.code] = codeOf(option)
  viewOf(bytes).setUint16(AT.length, data.length) // padding is not counted
  bytes.set(data, AT.data)
  return bytes
}

/** Reads up to the first option that is malformed. `packet` holds a multiple of four octets, and so does `from`. */
export function readOptions(packet: Uint8Array, from: number): OptionList {
  const view = viewOf(packet)
  const options: Option[] = []
  let at = from
  while (at < packet.length) {
    const code = view.getUint8(at + AT.code)
    const start = at + AT.data
    const end = start + view.getUint16(at + AT.length)
    if (end > packet.length) return { options, malformed: `option ${code} runs past the message` }
    const option = readOption(code, packet.subarray(start, end))
    if (!option) return { options, malformed: `option ${code} is malformed` }
    options.push(option)
    at = padded(end)
  }
  return { options, malformed: undefined }
}

function encodeData(option: Option): Uint8Array {
  switch (option.option) {
    case 'THIRD_PARTY':
      return toBytes(option.internalAddress)
    case 'PREFER_FAILURE':
      return new Uint8Array(0)
    case 'FILTER':
      return encodeFilter(option)
    case 'DESCRIPTION':
      return option.text
    case 'UNKNOWN':
      return option.data
  }
}

function readOption(code: number, data: Uint8Array): Option | undefined {
  switch (code) {
    case OPTION_CODE.THIRD_PARTY:
      if (data.length !== ADDRESS_SIZE) return undefined
      return { option: 'THIRD_PARTY', internalAddress: fromBytes(data) }
    case OPTION_CODE.PREFER_FAILURE:
      return data.length === 0 ? { option: 'PREFER_FAILURE' } : undefined
    case OPTION_CODE.FILTER:
      return data.length === FILTER_SIZE ? readFilter(data) : undefined
    case OPTION_CODE.DESCRIPTION:
      // An optional option may be ignored, so an overlong one stays as it came and breaks nothing.
      if (data.length <= MAX_DESCRIPTION) return { option: 'DESCRIPTION', text: copyOf(data, 0) }
  }
  return { option: 'UNKNOWN', code, data: copyOf(data, 0) }
}

type Filter = Extract<Option, { option: 'FILTER' }>

function encodeFilter(filter: Filter): Uint8Array {
  const data = new Uint8Array(FILTER_SIZE)
  data[FILTER_AT.prefixLength] = filter.prefixLength
  viewOf(data).setUint16(FILTER_AT.remotePort, filter.remotePort)
  data.set(toBytes(filter.remoteAddress), FILTER_AT.remoteAddress)
  return data
}

function readFilter(data: Uint8Array): Filter | undefined {
  const view = viewOf(data)
  const filter: Filter = {
    option: 'FILTER',
    prefixLength: view.getUint8(FILTER_AT.prefixLength),
    remotePort: view.getUint16(FILTER_AT.remotePort),
    remoteAddress: fromBytes(data.subarray(FILTER_AT.remoteAddress)),
  }
  return isPrefixLength(filter) ? filter : undefined
}

/** RFC 6887 §13.3: 96 more than the IPv4 prefix, 0..128 for IPv6, and 0 clears all filters in either family. */
function isPrefixLength({ prefixLength, remoteAddress }: Filter): boolean {
  if (prefixLength === 0) return true
  return prefixLength <= 128 && (!isIpv4(remoteAddress) || prefixLength >= 96)
}
