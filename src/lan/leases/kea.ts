import { parseIpv4 } from '../../lib/ip.ts'
import { parseMac } from '../../lib/mac.ts'
import { type LeaseList, lastRows, linesOf, OTHER, type Row } from './lease.ts'

// Kea's memfile: CSV to which each change appends a row, so the last row about an address counts. A comma inside a
// field is written as &#x2c. From time to time the file is cleaned up: then what it held lies in files beside it
// (KEA_SIBLINGS), the oldest first, and the file itself begins anew.

const HEADER = 'address,hwaddr,'

/** Lease states of Kea; declined, expired and released ones have others. */
const STATE_DEFAULT = '0'

/** What is appended to the name of the file. */
export const KEA_SIBLINGS = ['.2', '.1', '.completed'] as const

export const isKea = (text: string): boolean => text.startsWith(HEADER)

export function readKea(text: string): LeaseList {
  const [header = '', ...lines] = linesOf(text)
  const column = columns(header)
  return lastRows(lines.map((line) => (line.startsWith(HEADER) ? OTHER : row(line.split(','), column))))
}

interface Columns {
  readonly lifetime: number
  readonly state: number
}

/** Versions of Kea differ in the columns they have; the first two are always these. */
function columns(header: string): Columns {
  const names = header.split(',')
  return { lifetime: names.indexOf('valid_lifetime'), state: names.indexOf('state') }
}

function row(fields: readonly string[], { lifetime, state }: Columns): Row {
  const [ip = '', hardware = ''] = fields
  const address = parseIpv4(ip)
  const isReleased = fields[lifetime] === '0'
  const kept = fields[state]
  if (!address || fields[lifetime] === undefined || kept === undefined) return undefined
  return { address, mac: parseMac(hardware), live: kept === STATE_DEFAULT && !isReleased }
}
