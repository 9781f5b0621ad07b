import { isIpv4, parseIp } from '../../lib/ip.ts'
import { parseMac } from '../../lib/mac.ts'
import { type LeaseList, lastRows, linesOf, OTHER, type Row } from './lease.ts'

// dnsmasq: `EXPIRY MAC ADDRESS HOST CLIENT-ID` a line, and after a line `duid HEX` the same for IPv6. Written anew
// at each change; what ended is not in it any more.

export const isDnsmasq = (text: string): boolean => /^(?:\d+ \S+ [\d.]+ \S+ \S+|duid [\da-f:]+)$/im.test(text)

export const readDnsmasq = (text: string): LeaseList => lastRows(linesOf(text).map(row))

function row(line: string): Row {
  const [expiry = '', hardware = '', ip = '', ...rest] = line.split(' ')
  if (expiry === 'duid') return OTHER
  const address = parseIp(ip)
  if (!address || rest.length < 2) return undefined
  return isIpv4(address) ? { address, mac: parseMac(hardware), live: true } : OTHER
}
