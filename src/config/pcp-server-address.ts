import { decoded, type Decoded, malformed } from '../lib/decoded.ts'
import { type IpAddress, isIpv4, isMulticast, isUnspecified, parseIp } from '../lib/ip.ts'
import { isPort, type Port, port } from '../lib/units.ts'

/** Where a PCP server listens. */
export interface PcpServerAddress {
  readonly address: IpAddress
  readonly port: Port
}

/** RFC 6887 §19.2. */
const PCP_SERVER_PORT = port(5351)

const FORM = 'must be an address as ADDR or ADDR:PORT, an IPv6 one with a port as [ADDR]:PORT; never a name'

/** `ADDR[:PORT]`, an IPv6 address in brackets where a port follows. */
export function parsePcpServer(text: string): Decoded<PcpServerAddress> {
  const [, inBrackets, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? []
  const address = parseIp(inBrackets ?? plain ?? text)
  const number = digits === undefined ? PCP_SERVER_PORT : Number(digits)
  if (!address || !isPort(number)) return malformed(FORM)
  if (inBrackets !== undefined && isIpv4(address)) return malformed(FORM)
  return isUnspecified(address) || isMulticast(address)
    ? malformed('must be the address of one server')
    : decoded({ address, port: number })
}
