import { bracketed, type IpAddress, type Ipv4Address } from '../lib/ip.ts'
import type { Port } from '../lib/units.ts'
import type { LanPort, Mapping } from './mapping.ts'

// How the log calls a mapping: where it can be reached, and where that leads, as
// 203.0.114.1:8080->192.168.1.10:80/TCP. A star stands for what is not known, or may be any.

/** What every line about a mapping has: which one, and whose. */
export interface MappingFields {
  readonly mapping: string
  /** The LAN host that it leads to. */
  readonly host: Ipv4Address
}

export const nameOf = (
  { client, internalPort, protocol }: LanPort,
  externalPort: Port | 0 = 0,
  externalAddress?: IpAddress,
): string => {
  const outside = externalAddress === undefined ? '*' : bracketed(externalAddress)
  return `${outside}:${externalPort || '*'}->${client}:${internalPort}/${protocol}`
}

export const aboutMapping = ({ claim, externalPort, grant }: Mapping): MappingFields => ({
  mapping: nameOf(claim, externalPort, grant.external.address),
  host: claim.client,
})

/** Where no mapping came of it, or none is left. */
export const aboutLanPort = (lan: LanPort, externalPort: Port | 0 = 0): MappingFields => ({
  mapping: nameOf(lan, externalPort),
  host: lan.client,
})
