import { decoded, type Decoded, malformed } from '../lib/decoded.ts'
import { type IpAddress, isIpv4, isUnspecified, parseIp } from '../lib/ip.ts'
import { isPort, type Port } from '../lib/units.ts'

/** Where the metrics are offered. */
export type MetricsPlace =
  | { readonly kind: 'nowhere' }
  | { readonly kind: 'address'; readonly address: IpAddress; readonly port: Port }
  | { readonly kind: 'socket'; readonly path: string }

/** sockaddr_un: 107 octets and a NUL. */
const LONGEST_PATH = 107

const FORM = 'must be empty, an address as 127.0.0.1:9188 or [::1]:9188, or the path of a socket'

export function parseMetricsPlace(text: string): Decoded<MetricsPlace> {
  if (text === '') return decoded({ kind: 'nowhere' })
  return text.startsWith('/') ? socketAt(text) : addressOf(text)
}

const socketAt = (path: string): Decoded<MetricsPlace> =>
  /\p{Cc}/u.test(path) || Buffer.byteLength(path) > LONGEST_PATH
    ? malformed(`must be a path of at most ${LONGEST_PATH} bytes`)
    : decoded({ kind: 'socket', path })

function addressOf(text: string): Decoded<MetricsPlace> {
  const [, inBrackets, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? []
  const address = parseIp(inBrackets ?? plain ?? '')
  const port = Number(digits)
  if (!address || !isPort(port) || isIpv4(address) === (inBrackets !== undefined)) return malformed(FORM)
  return isUnspecified(address)
    ? malformed('must be one address: all of them would be those of the WAN and the LANs too')
    : decoded({ kind: 'address', address, port })
}
