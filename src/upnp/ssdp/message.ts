import type { Ipv4Address } from '../../lib/ip.ts'
import { type Port, seconds } from '../../lib/units.ts'
import type { Tree } from './tree.ts'

// What NOTIFY and search answers have in common (UDA 1.1 §1.2, §1.3).

export const SSDP_GROUP = '239.255.255.250'
export const SSDP_PORT = 1900

/** How long an advertisement holds. UDA 1.1 §1.2.2: at least 1800 s. */
export const MAX_AGE = seconds(1800)

export interface SsdpMessage {
  readonly method: 'NOTIFY' | '200 OK'
  /** In the order they are written. */
  readonly headers: Readonly<Record<string, string>>
}

/** Messages that are sent one right after the other, in this order. */
export type MessageSet = readonly SsdpMessage[]

/** What the messages on one LAN say besides the tree. */
export interface Facts {
  /** The router's address on this LAN. */
  readonly address: Ipv4Address
  readonly httpPort: Port
  /** Three tokens: `OS/version UPnP/1.1 product/version`. */
  readonly serverHeader: string
  /** BOOTID.UPNP.ORG, 0..2^31-1: the same on all LANs at any moment. */
  readonly bootId: number
  /** CONFIGID.UPNP.ORG, 0..2^24-1: another one whenever the descriptions change. */
  readonly configId: number
}

/** The port is always written: some control points read none as an error and not as 80. */
export const locationOf = (tree: Tree, { address, httpPort }: Facts): string =>
  `http://${address}:${httpPort}${tree.path}`

export const bootAndConfig = ({ bootId, configId }: Facts): Record<string, string> => ({
  'BOOTID.UPNP.ORG': String(bootId),
  'CONFIGID.UPNP.ORG': String(configId),
})

/** The older way to say BOOTID, which UDA 1.0 control points know. */
export const networkLocationSignature = ({ bootId }: Facts): Record<string, string> => ({
  OPT: '"http://schemas.upnp.org/upnp/1/0/"; ns=01',
  '01-NLS': String(bootId),
})
