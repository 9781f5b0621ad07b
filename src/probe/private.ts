import { type IpAddress, inPrefix, type Ipv4Address, isIpv4, parseIpv4, parsePrefix } from '../lib/ip.ts'

// Addresses that lead to nobody on the Internet.

const prefixes = (...texts: readonly string[]) => texts.flatMap((text) => parsePrefix(text) ?? [])

/** RFC 1918. */
const HOME = prefixes('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16')
/** RFC 6598, RFC 3927, RFC 6333. */
const SHARED = prefixes('100.64.0.0/10', '169.254.0.0/16', '192.0.0.0/29')

const isIn = (address: IpAddress, some: typeof HOME): boolean =>
  some.some((prefix) => inPrefix(address, prefix))

/** Is there another NAT behind this one, so that the Internet does not reach the address? */
export const isBehindNat = (address: IpAddress): boolean => isIn(address, [...HOME, ...SHARED])

/**
 * A third party to ask for: the next address where ours is of a home network, else one of a home network, as the
 * address next to ours would be another subscriber's.
 */
export function neighbourOf(own: IpAddress): Ipv4Address | undefined {
  if (!isIpv4(own) || !isIn(own, HOME)) return parseIpv4('192.168.1.2')
  const [a = '', b = '', c = '', d = ''] = own.split('.')
  const last = Number(d)
  return parseIpv4([a, b, c, last < 254 ? last + 1 : last - 1].join('.'))
}
