import type { HostsPort } from '../../src/core/ports.ts'
import type { Ipv4Address } from '../../src/lib/ip.ts'
import { type MacAddress, parseMac } from '../../src/lib/mac.ts'

export function mac(text: string): MacAddress {
  const parsed = parseMac(text)
  if (!parsed) throw new RangeError(text)
  return parsed
}

/** The LAN's hosts as a test says they are; of the others nothing is known. */
export class FakeHosts implements HostsPort {
  readonly macs = new Map<Ipv4Address, MacAddress>()

  macOf(address: Ipv4Address): MacAddress | undefined {
    return this.macs.get(address)
  }
}
