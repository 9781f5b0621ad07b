import { type IpAddress, type Ipv4Address, parseIp, parseIpv4 } from '../../src/lib/ip.ts'

/** Octets from hex text; blanks are for the reader. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, '')
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new Error(`not hex: ${text}`)
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16))
}

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

export function ip(text: string): IpAddress {
  const address = parseIp(text)
  if (!address) throw new Error(`not an address: ${text}`)
  return address
}

export function ipv4(text: string): Ipv4Address {
  const address = parseIpv4(text)
  if (!address) throw new Error(`not an IPv4 address: ${text}`)
  return address
}
