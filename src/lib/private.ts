import { type IpAddress, inPrefix, parsePrefix } from './ip.ts'

// Addresses that lead to nobody on the Internet.

const prefixes = (...texts: readonly string[]) => texts.flatMap((text) => parsePrefix(text) ?? [])

/** RFC 1918. */
const HOME = prefixes('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16')
/** RFC 6598, RFC 3927, RFC 6333. */
const SHARED = prefixes('100.64.0.0/10', '169.254.0.0/16', '192.0.0.0/29')

const isIn = (address: IpAddress, some: typeof HOME): boolean =>
  some.some((prefix) => inPrefix(address, prefix))

/** Of a home network? */
export const isOfHome = (address: IpAddress): boolean => isIn(address, HOME)

/** Is there another NAT behind this one, so that the Internet does not reach the address? */
export const isBehindNat = (address: IpAddress): boolean => isIn(address, [...HOME, ...SHARED])
