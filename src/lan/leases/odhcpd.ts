import { parseIpv4 } from '../../lib/ip.ts'
import { parseMac } from '../../lib/mac.ts'
import { type LeaseList, lastRows, linesOf, OTHER, type Row } from './lease.ts'

// odhcpd: `# INTERFACE MAC ipv4 HOST EXPIRY ID 32 ADDRESS/32` a lease, with the IAID in the place of `ipv4` for
// IPv6, between lines as in /etc/hosts. Put in its place by rename; what ended is not in it any more.

/** Its words up to the address. Old versions write the MAC address without colons. */
const LEASE = /^# \S+ (?<mac>[\da-f:]+) (?<iaid>\S+) \S+ -?\d+ [\da-f]+ \d+(?: (?<address>[\da-f.:]+)\/\d+)?/i

export const isOdhcpd = (text: string): boolean => new RegExp(LEASE.source, 'im').test(text)

export const readOdhcpd = (text: string): LeaseList => lastRows(linesOf(text).map(row))

function row(line: string): Row {
  if (!line.startsWith('# ')) return OTHER
  const { address: ip, iaid, mac = '' } = LEASE.exec(line)?.groups ?? {}
  if (iaid === undefined) return undefined
  // A lease that is offered and not taken yet has no address.
  if (iaid !== 'ipv4' || ip === undefined) return OTHER
  const address = parseIpv4(ip)
  return address && { address, mac: parseMac(withColons(mac)), live: true }
}

const withColons = (mac: string): string => (mac.includes(':') ? mac : (mac.match(/../g)?.join(':') ?? ''))
