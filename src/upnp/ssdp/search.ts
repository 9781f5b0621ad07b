import { type Decoded, decoded, malformed } from '../../lib/decoded.ts'
import { type Seconds, seconds } from '../../lib/units.ts'

// Reading an M-SEARCH (UDA 1.1 §1.3.2), as tolerant as control points in the field are sloppy. node-ssdp's parser
// stands between the two functions: it wants the text of the first and gives the headers of the second.

export interface Search {
  /** ST as it was written. */
  readonly target: string
  /** Within how many seconds to answer, 0..5; 0 for a unicast search, which has no MX. */
  readonly mx: Seconds
}

/** A search is about 100 bytes long; this leaves room for a talkative USER-AGENT. */
const LONGEST_DATAGRAM = 2048

/** UDA 1.1 §1.3.3: an MX above 5 is taken for 5. */
const LONGEST_MX = 5

/**
 * The text of `datagram` as the parser takes it: lines end in CR LF, no blanks around names and values, nothing
 * behind the first empty line.
 */
export function tidied(datagram: Uint8Array): Decoded<string> {
  if (datagram.length > LONGEST_DATAGRAM) return malformed(`longer than ${LONGEST_DATAGRAM} bytes`)
  const lines = Buffer.from(datagram).toString('latin1').trim().split('\n').map(tidiedLine)
  const end = lines.indexOf('')
  return decoded((end < 0 ? lines : lines.slice(0, end)).join('\r\n'))
}

function tidiedLine(line: string): string {
  const colon = line.indexOf(':')
  return colon < 0 ? line.trim() : `${line.slice(0, colon).trim()}: ${line.slice(colon + 1).trim()}`
}

/** `headers` have their names in capitals; `multicast` says whether the search came to the group. */
export function parseSearch(
  headers: Readonly<Record<string, string | undefined>>,
  multicast: boolean,
): Decoded<Search> {
  const { MAN: man, ST: target, MX: mx } = headers
  if (man === undefined || unquoted(man).toLowerCase() !== 'ssdp:discover') {
    return malformed('MAN is not "ssdp:discover"')
  }
  if (target === undefined || target === '') return malformed('no ST')
  if (!multicast) return decoded({ target, mx: seconds(0) })
  // UDA 1.1 §1.3.2: a multicast search without MX is not answered, for it would be answered by all at once.
  if (mx === undefined || !/^\d{1,9}$/.test(mx)) return malformed('multicast without MX')
  return decoded({ target, mx: seconds(Math.min(Number(mx), LONGEST_MX)) })
}

const unquoted = (text: string): string =>
  text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
