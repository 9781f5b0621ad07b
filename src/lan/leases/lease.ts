import type { Ipv4Address } from '../../lib/ip.ts'
import type { MacAddress } from '../../lib/mac.ts'

// What is read of the files in which DHCP servers keep their leases. Whether a lease lives is the server's word
// alone: the times in these files are wall clock times, and a clock that jumps must not end what lives.

/** The addresses that are leased, and to whom; undefined where the server names no Ethernet address. */
export type Leases = ReadonlyMap<Ipv4Address, MacAddress | undefined>

/** What one row of a file says of an IPv4 address. */
export interface LeaseRow {
  readonly address: Ipv4Address
  readonly mac: MacAddress | undefined
  readonly live: boolean
}

/** A row about something else: IPv6, a header, a comment. */
export const OTHER = 'other'

/** Undefined for a row that cannot be read. */
export type Row = LeaseRow | typeof OTHER | undefined

export interface LeaseList {
  readonly leases: Leases
  /** How many rows could not be read. */
  readonly unreadable: number
}

/** Of several rows about one address the last one counts. */
export function lastRows(rows: Iterable<Row>): LeaseList {
  const leases = new Map<Ipv4Address, MacAddress | undefined>()
  let unreadable = 0
  for (const row of rows) {
    if (row === undefined) unreadable += 1
    else if (row !== OTHER && row.live) leases.set(row.address, row.mac)
    else if (row !== OTHER) leases.delete(row.address)
  }
  return { leases, unreadable }
}

/** The lines that are not empty. A last line without its end is still being written, and left out. */
export const linesOf = (text: string): readonly string[] =>
  text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line.trim() !== '')
