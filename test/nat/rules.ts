import type { NatRule } from '../../src/core/ports.ts'
import { type IpAddress, type Ipv4Address, isIpv4, parseIp } from '../../src/lib/ip.ts'
import { port } from '../../src/lib/units.ts'
import type { RulesetOptions } from '../../src/nat/ruleset.ts'

export function ip(text: string): IpAddress {
  const address = parseIp(text)
  if (!address) throw new RangeError(`${text} is no address`)
  return address
}

export function ipv4(text: string): Ipv4Address {
  const address = ip(text)
  if (!isIpv4(address)) throw new RangeError(`${text} is no IPv4 address`)
  return address
}

export const OPTIONS: RulesetOptions = {
  wan: 'eth1',
  lans: [
    {
      name: 'br-lan',
      address: ipv4('192.168.1.1'),
      prefix: { address: ipv4('192.168.1.0'), length: 24 },
    },
  ],
  block: { first: 49152, last: 57343 },
  masquerade: 'confined',
  allowLanPcp: false,
  httpPort: 5000,
  servers: [],
}

/** UDP: WAN port 50000 is 192.168.1.10:4000, and 203.0.113.7:6000 to the world. */
export const rule = (change: Partial<NatRule> = {}): NatRule => ({
  protocol: 'UDP',
  wanPort: port(50000),
  client: ipv4('192.168.1.10'),
  clientPort: port(4000),
  remoteHosts: [],
  external: { address: ipv4('203.0.113.7'), port: port(6000) },
  ...change,
})
