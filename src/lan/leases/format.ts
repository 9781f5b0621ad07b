import { isDnsmasq, readDnsmasq } from './dnsmasq.ts'
import { isIsc, readIsc } from './isc.ts'
import { isKea, KEA_SIBLINGS, readKea } from './kea.ts'
import { type LeaseList, linesOf } from './lease.ts'
import { isOdhcpd, readOdhcpd } from './odhcpd.ts'

/** One kind of lease file. */
export interface LeaseFormat {
  /** The server that writes it. */
  readonly server: string
  readonly isLike: (text: string) => boolean
  readonly read: (text: string) => LeaseList
  /** Endings of files beside it that are to be read before it. */
  readonly siblings: readonly string[]
}

const FORMATS: readonly LeaseFormat[] = [
  { server: 'Kea', isLike: isKea, read: readKea, siblings: KEA_SIBLINGS },
  { server: 'ISC dhcpd', isLike: isIsc, read: readIsc, siblings: [] },
  { server: 'odhcpd', isLike: isOdhcpd, read: readOdhcpd, siblings: [] },
  { server: 'dnsmasq', isLike: isDnsmasq, read: readDnsmasq, siblings: [] },
]

/** A file without a line: a server that has nothing leased, whichever it is. */
const EMPTY: LeaseFormat = {
  server: 'none yet',
  isLike: () => true,
  read: () => ({ leases: new Map(), unreadable: 0 }),
  siblings: [],
}

/** Which kind of lease file this is, by its content; undefined when it is none that we know. */
export const formatOf = (text: string): LeaseFormat | undefined =>
  linesOf(text).length === 0 ? EMPTY : FORMATS.find(({ isLike }) => isLike(text))
