import * as v from 'valibot'
import type { Decoded } from '../lib/decoded.ts'
import { port, seconds } from '../lib/units.ts'
import { parseAccessRule } from './access-rule.ts'
import { parseMetricsPlace } from './metrics-place.ts'
import { parsePcpServer } from './pcp-server-address.ts'
import { parseLanNetwork } from './lan-network.ts'
import { parsePortSpan } from './port-span.ts'

// The kinds of values the keys have. Each message says what a value must be: it is all a problem shows beside
// the place and the value.

const LARGEST_UI4 = 2 ** 32 - 1

/** A text that a total parser turns into a domain value. */
const parsed = <T>(parse: (text: string) => Decoded<T>) =>
  v.pipe(
    v.string('must be a text in quotes'),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const result = parse(dataset.value)
      if (result.ok) return result.value
      addIssue({ message: result.why })
      return NEVER
    }),
  )

export const oneOf = <const T extends readonly (string | number)[]>(options: T) =>
  v.picklist(options, `must be one of ${options.map((option) => JSON.stringify(option)).join(', ')}`)

export const onOff = () => v.boolean('must be true or false')

export function wholeNumber(least: number, most: number) {
  const must = `must be a whole number from ${least} to ${most}`
  return v.pipe(v.number(must), v.integer(must), v.minValue(least, must), v.maxValue(most, must))
}

/** Bits per second as ui4, the type of Layer1UpstreamMaxBitRate. */
export const bitRate = () => wholeNumber(1, LARGEST_UI4)

export const lifetime = (least: number) => v.pipe(wholeNumber(least, LARGEST_UI4), v.transform(seconds))

export const portNumber = () => v.pipe(wholeNumber(1, 65535), v.transform(port))

export function rate(most: number) {
  const must = `must be a number above 0, up to ${most}`
  return v.pipe(v.number(must), v.gtValue(0, must), v.maxValue(most, must))
}

/** A block of unprivileged ports, written N-M. */
export const portBlock = () =>
  v.pipe(
    parsed(parsePortSpan),
    v.check(({ first }) => first >= 1024, 'must begin at port 1024 or above'),
    v.transform(({ first, last }) => ({ first: port(first), last: port(last) })),
  )

/** A name as the kernel allows (IFNAMSIZ), less the characters that other programs give a meaning. */
export function interfaceName() {
  const must = 'must be the name of an interface: 1 to 15 letters, digits, "_", "-" or "."'
  return v.pipe(v.string(must), v.regex(/^(?!\.{1,2}$)[\w.-]{1,15}$/, must))
}

export function interfaceNames() {
  const must = 'must be a list with at least one interface, none twice'
  return v.pipe(
    v.array(interfaceName(), must),
    v.minLength(1, must),
    v.check((names) => new Set(names).size === names.length, must),
  )
}

export const pcpServers = () => v.array(parsed(parsePcpServer), 'must be a list of addresses')

export const lanNetworks = () => v.array(parsed(parseLanNetwork), 'must be a list of networks')

export const portSpans = () => v.array(parsed(parsePortSpan), 'must be a list of ports')

export const accessRules = () => v.array(parsed(parseAccessRule), 'must be a list of rules')

/** A text of a device description, as long as UDA 1.1 §2.3 recommends at most. */
export function label(longest: number) {
  const must = `must be a text of 1 to ${longest} characters, none of them a control character`
  return v.pipe(v.string(must), v.maxLength(longest, must), v.regex(/^\P{Cc}+$/u, must))
}

export function httpUrl() {
  const must = 'must be an http:// or https:// URL'
  return v.pipe(v.string(must), v.maxLength(256, must), v.url(must), v.regex(/^https?:\/\/[!-~]+$/, must))
}

export function uuid() {
  const must = 'must be a UUID, as 01234567-89ab-cdef-0123-456789abcdef'
  return v.pipe(v.string(must), v.regex(/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i, must), v.toLowerCase())
}

export function filePath() {
  const must = 'must be a path'
  return v.pipe(v.string(must), v.regex(/^\P{Cc}+$/u, must))
}

export function filePaths() {
  const must = 'must be a list of paths, none twice'
  return v.pipe(
    v.array(filePath(), must),
    v.check((paths) => new Set(paths).size === paths.length, must),
  )
}

export const metricsPlace = () => parsed(parseMetricsPlace)

/** A path that fits sockaddr_un: 107 octets and a NUL. */
export function socketPath() {
  return v.pipe(filePath(), v.maxBytes(107, 'must be a path of at most 107 bytes, for it names a socket'))
}
