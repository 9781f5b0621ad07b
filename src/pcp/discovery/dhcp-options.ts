import { type Decoded, decoded, malformed } from '../../lib/decoded.ts'
import { fromBytes, type IpAddress, isIpv4, parseIp, parseIpv4, toBytes } from '../../lib/ip.ts'

// RFC 7291: the PCP servers that DHCP names, from the raw octets of option 158 (IPv4) or 86 (IPv6), in any of the
// spellings in which DHCP clients hand them on.

/** One PCP server by all its addresses, the preferred first. */
export type ServerAddresses = readonly IpAddress[]

/** Longer than any option can be; what is longer is not an option. */
const MAX_TEXT = 4096
/** RFC 7291 §3. */
const OPTION_PCP_SERVER = 86

/** §3, §4: multicast and loopback addresses are silently discarded, and what names no host at all. */
function isUsable(address: IpAddress): boolean {
  const bytes = toBytes(address)
  const [first = 0] = isIpv4(address) ? bytes.slice(12) : bytes
  return isIpv4(address)
    ? first !== 0 && first !== 127 && first < 224
    : first !== 0xff && address !== '::' && address !== '::1'
}

/**
 * §4: lists of { length, IPv4 addresses }, each list one server. A list whose length is wrong ends the option: it
 * and what follows are dropped, what stands before it is good.
 */
export function readOption158(option: Uint8Array): readonly ServerAddresses[] {
  const servers: IpAddress[][] = []
  for (let at = 0; at < option.length; ) {
    const length = option[at] ?? 0
    const list = option.subarray(at + 1, at + 1 + length)
    if (length === 0 || length % 4 !== 0 || list.length < length) break
    servers.push(chunks(list, 4).map(ipv4))
    at += 1 + length
  }
  return servers.map((addresses) => addresses.filter(isUsable)).filter((addresses) => addresses.length > 0)
}

/** §3: 16 octets an address; one option is one server. IPv4-mapped addresses are IPv4 servers. */
export function readOption86(option: Uint8Array): ServerAddresses {
  if (option.length % 16 !== 0) return []
  return chunks(option, 16)
    .map((bytes) => fromBytes(bytes))
    .filter(isUsable)
}

/**
 * The file that a hook wrote: one value, and below it what odhcp6c calls PASSTHRU, which holds every instance of
 * option 86 where the value holds but one.
 */
export function parseHookFile(family: 4 | 6, text: string): Decoded<readonly ServerAddresses[]> {
  const [value = '', passthru = ''] = text.slice(0, MAX_TEXT).split('\n')
  const [, hex = ''] = /^passthru ([0-9a-f]*)$/i.exec(passthru.trim()) ?? []
  const all = nonEmpty(optionsOf(Buffer.from(hex, 'hex')).map((option) => readOption86(option)))
  return all.length > 0 ? decoded(all) : parseHookValue(family, value)
}

/** RFC 8415 §21.1: { code, length, octets }, as long as they are whole. */
function optionsOf(bytes: Buffer): readonly Uint8Array[] {
  const options: Uint8Array[] = []
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt16BE(at + 2)
    if (end > bytes.length) break
    if (bytes.readUInt16BE(at) === OPTION_PCP_SERVER) options.push(bytes.subarray(at + 4, end))
    at = end
  }
  return options
}

/**
 * What a hook wrote: plain hex (udhcpc, odhcp6c), hex octets with colons and without leading zeros (dhclient), or
 * addresses with blanks between them (dhclient -6), which are one server.
 */
export function parseHookValue(family: 4 | 6, text: string): Decoded<readonly ServerAddresses[]> {
  const value = text.trim()
  if (value.length > MAX_TEXT) return malformed('longer than a DHCP option can be')
  const addresses = value.split(/[\s,]+/).map((word) => parseIp(word))
  if (value !== '' && addresses.every((address) => address !== undefined))
    return decoded(nonEmpty([addresses.filter(isUsable)]))
  const octets = parseHex(value)
  if (!octets) return malformed('neither hexadecimal octets nor addresses')
  return decoded(family === 4 ? readOption158(octets) : nonEmpty([readOption86(octets)]))
}

function parseHex(value: string): Uint8Array | undefined {
  const pairs = value.includes(':') ? value.split(':') : (value.match(/../gs) ?? [])
  const complete = value.includes(':') || value.length % 2 === 0
  if (!complete || !pairs.every((pair) => /^[0-9a-fA-F]{1,2}$/.test(pair))) return undefined
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16))
}

const nonEmpty = (servers: readonly ServerAddresses[]): readonly ServerAddresses[] =>
  servers.filter((addresses) => addresses.length > 0)

const chunks = (bytes: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size))

function ipv4(bytes: Uint8Array): IpAddress {
  const address = parseIpv4(bytes.join('.'))
  if (!address) throw new RangeError('an IPv4 address has four octets')
  return address
}
