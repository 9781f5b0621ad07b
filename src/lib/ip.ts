import { isIPv4, isIPv6 } from 'node:net'

// Addresses are canonical text with a brand: only this file makes them, so equality is `===` and nothing that
// came from the network reaches a firewall script or a packet without having been parsed here.

declare const family: unique symbol

/** Dotted quad without leading zeros. */
export type Ipv4Address = string & { readonly [family]: 4 }
/** RFC 5952 text, lower case, no zone. Never an IPv4-mapped address: those are Ipv4Address. */
export type Ipv6Address = string & { readonly [family]: 6 }
export type IpAddress = Ipv4Address | Ipv6Address

export interface Prefix<A extends IpAddress = IpAddress> {
  readonly address: A
  /** 0..32 or 0..128. */
  readonly length: number
}

/** ::ffff:0:0/96, how PCP writes IPv4 addresses (RFC 6887 §5). */
const MAPPED = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)

export const ANY_IPV4 = '0.0.0.0' as Ipv4Address
export const ANY_IPV6 = '::' as Ipv6Address

const BROADCAST = '255.255.255.255'
const MULTICAST = { address: '224.0.0.0' as Ipv4Address, length: 4 }

export const isIpv4 = (address: IpAddress): address is Ipv4Address => !address.includes(':')

/** Strict: no short forms, no octal, no blanks. */
export const parseIpv4 = (text: string): Ipv4Address | undefined =>
  isIPv4(text) ? (text as Ipv4Address) : undefined

/** Either family; `::ffff:a.b.c.d` is read as IPv4. A zone (`%eth0`) is refused. */
export function parseIp(text: string): IpAddress | undefined {
  if (isIPv4(text)) return text as Ipv4Address
  return isIPv6(text) && !text.includes('%') ? fromBytes(parseGroups(text)) : undefined
}

/** `a.b.c.d/n` or `x::/n`; an address alone is a prefix of full length. */
export function parsePrefix(text: string): Prefix | undefined {
  const [head = '', tail, ...rest] = text.split('/')
  const address = parseIp(head)
  if (!address || rest.length > 0) return undefined
  const longest = isIpv4(address) ? 32 : 128
  if (tail === undefined) return { address, length: longest }
  const length = /^\d{1,3}$/.test(tail) ? Number(tail) : Infinity
  return length <= longest ? { address, length } : undefined
}

/** The 16 octets of RFC 6887 §5: IPv4 as ::ffff:a.b.c.d. */
export function toBytes(address: IpAddress): Uint8Array {
  if (!isIpv4(address)) return parseGroups(address)
  return Uint8Array.of(...MAPPED, ...address.split('.').map(Number))
}

/** The reverse of `toBytes`. All first 96 bits decide the family. `bytes` holds 16 octets. */
export function fromBytes(bytes: Uint8Array): IpAddress {
  return MAPPED.every((byte, i) => bytes[i] === byte)
    ? (bytes.slice(12, 16).join('.') as Ipv4Address)
    : (formatGroups(bytes) as Ipv6Address)
}

/** Does `address` lie in `prefix`? Families never match each other. */
export function inPrefix(address: IpAddress, prefix: Prefix): boolean {
  if (isIpv4(address) && isIpv4(prefix.address)) {
    const size = 2 ** (32 - prefix.length)
    return Math.floor(toNumber(address) / size) === Math.floor(toNumber(prefix.address) / size)
  }
  if (isIpv4(address) || isIpv4(prefix.address)) return false
  const bits = prefix.length
  const [a, b] = [toBytes(address), toBytes(prefix.address)]
  const whole = bits >> 3
  if (!a.subarray(0, whole).every((byte, i) => byte === b[i])) return false
  const mask = (0xff00 >> (bits & 7)) & 0xff
  return mask === 0 || ((a[whole] ?? 0) & mask) === ((b[whole] ?? 0) & mask)
}

/** Lies in `prefix` and is neither its first address, the network's, nor its last, the broadcast's (RFC 3021). */
export function isHostAddress(address: Ipv4Address, prefix: Prefix<Ipv4Address>): boolean {
  if (!inPrefix(address, prefix)) return false
  if (prefix.length > 30) return true
  const hostBits = toNumber(address) % 2 ** (32 - prefix.length)
  return hostBits !== 0 && hostBits !== 2 ** (32 - prefix.length) - 1
}

/** As the 32 bits that it is, unsigned. */
export const toNumber = (address: Ipv4Address): number =>
  address.split('.').reduce((number, octet) => number * 256 + Number(octet), 0)

export const isUnspecified = (address: IpAddress): boolean => address === ANY_IPV4 || address === ANY_IPV6

/** Of many, or of all: RFC 1112 §4, RFC 919 §7, RFC 4291 §2.7. */
export const isMulticast = (address: IpAddress): boolean =>
  isIpv4(address) ? address === BROADCAST || inPrefix(address, MULTICAST) : address.startsWith('ff')

/** Host part of a URL or of `host:port`. */
export const bracketed = (address: IpAddress): string => (isIpv4(address) ? address : `[${address}]`)

function parseGroups(text: string): Uint8Array {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text)
  const plain = dotted
    ? `${String(dotted[1])}${pair(dotted[2], dotted[3])}:${pair(dotted[4], dotted[5])}`
    : text
  const [head = '', tail] = plain.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array<string>(8 - left.length - right.length).fill('0')
  const groups = [...left, ...zeros, ...right].map((group) => parseInt(group, 16))
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

const pair = (high = '0', low = '0'): string => (Number(high) * 256 + Number(low)).toString(16)

/** RFC 5952 §4: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function formatGroups(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  )
  const runs = groups.map((_, at) => {
    const end = groups.findIndex((group, i) => i >= at && group !== '0')
    return { at, length: (end < 0 ? 8 : end) - at }
  })
  const run = runs.reduce((best, next) => (next.length > best.length ? next : best))
  if (run.length < 2) return groups.join(':')
  return `${groups.slice(0, run.at).join(':')}::${groups.slice(run.at + run.length).join(':')}`
}
