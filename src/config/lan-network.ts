import { decoded, type Decoded, malformed } from '../lib/decoded.ts'
import { type Ipv4Address, isIpv4, parsePrefix, type Prefix } from '../lib/ip.ts'

/** A network of fewer bits takes in more than a site has, in the end the whole Internet. */
const FEWEST_BITS = 8

/** `ADDRESS/LENGTH` of a network behind a LAN; an address alone is a single host. */
export function parseLanNetwork(text: string): Decoded<Prefix<Ipv4Address>> {
  const { address, length } = parsePrefix(text.trim()) ?? {}
  return address !== undefined && isIpv4(address) && length !== undefined && length >= FEWEST_BITS
    ? decoded({ address, length })
    : malformed('must be an IPv4 network as ADDRESS/LENGTH, of length 8 to 32')
}
