import { type Decoded, decoded, malformed } from '../lib/decoded.ts'
import { type IpAddress, isIpv4, parseIp } from '../lib/ip.ts'
import { isPort } from '../lib/units.ts'
import { INFINITE_LIFETIME, RESULT_CODE, SERVER_PORT } from '../pcp/wire/constants.ts'
import type { ForcedResult } from './faults.ts'
import type { Endpoint } from './mapping.ts'

// The values of the server's flags: text in, domain value or the form that is wanted out.

export type Parser<T> = (text: string) => Decoded<T>

export const integer =
  (lowest: number, highest: number): Parser<number> =>
  (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN
    return value >= lowest && value <= highest
      ? decoded(value)
      : malformed(`must be a whole number from ${lowest} to ${highest}`)
  }

export const share: Parser<number> = (text) => {
  const value = /^\d(\.\d{1,6})?$/.test(text) ? Number(text) : NaN
  return value <= 1 ? decoded(value) : malformed('must be a share from 0 to 1, such as 0.2')
}

export const address: Parser<IpAddress> = (text) => {
  const value = parseIp(text)
  return value ? decoded(value) : malformed('must be an IP address')
}

/** `ADDR`, `ADDR:PORT` or `[ADDR]:PORT`; port 0 for any, 5351 where there is none. */
export const listenAddress: Parser<Endpoint> = (text) => {
  const [, inBrackets, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? []
  const value = parseIp(inBrackets ?? plain ?? text)
  const port = digits === undefined ? SERVER_PORT : Number(digits)
  const isBracketed4 = inBrackets !== undefined && value !== undefined && isIpv4(value)
  return value && port <= 65535 && !isBracketed4
    ? decoded({ address: value, port })
    : malformed('must be ADDR, ADDR:PORT or [IPV6]:PORT')
}

export const portRange: Parser<{ readonly first: number; readonly last: number }> = (text) => {
  const [, head, tail] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? []
  const range = { first: Number(head), last: Number(tail) }
  return isPort(range.first) && isPort(range.last) && range.first <= range.last
    ? decoded(range)
    : malformed('must be ports as A-B, 1 to 65535, the lower one first')
}

/** `CODE[:LIFETIME[:TIMES]]`, the code as a number or by its name. */
export const forcedResult: Parser<ForcedResult> = (text) => {
  const [, name = '', lifetime = '0', times] = /^(\w{1,40})(?::(\d{1,10}))?(?::(\d{1,10}))?$/.exec(text) ?? []
  const code = /^\d{1,3}$/.test(name) ? Number(name) : new Map(Object.entries(RESULT_CODE)).get(name)
  return code !== undefined && code <= 255 && Number(lifetime) <= INFINITE_LIFETIME
    ? decoded({ code, lifetime: Number(lifetime), times: times === undefined ? Infinity : Number(times) })
    : malformed('must be CODE, CODE:LIFETIME or CODE:LIFETIME:TIMES, such as NO_RESOURCES:30:2')
}
