import { type IpAddress, type Ipv4Address, isIpv4, parseIpv4 } from '../lib/ip.ts'
import { isOfHome } from '../lib/private.ts'

/**
 * A third party to ask for: the next address where ours is of a home network, else one of a home network, as the
 * address next to ours would be another subscriber's.
 */
export function neighbourOf(own: IpAddress): Ipv4Address | undefined {
  if (!isIpv4(own) || !isOfHome(own)) return parseIpv4('192.168.1.2')
  const [a = '', b = '', c = '', d = ''] = own.split('.')
  const last = Number(d)
  return parseIpv4([a, b, c, last < 254 ? last + 1 : last - 1].join('.'))
}
