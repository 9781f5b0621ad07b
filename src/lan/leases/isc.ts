import { type Ipv4Address, parseIpv4 } from '../../lib/ip.ts'
import { parseMac } from '../../lib/mac.ts'
import { type LeaseList, lastRows, type LeaseRow, linesOf, type Row } from './lease.ts'

// ISC dhcpd: blocks `lease ADDRESS { ... }` of one statement a line, appended at each change, so the last block about
// an address counts. Texts that come from clients stand in quotes, with line ends escaped.

const OPENING = /^lease (\S+) \{$/

export const isIsc = (text: string): boolean =>
  /^(?:authoring-byte-order |server-duid |lease [\d.]+ \{)/m.test(text)

export const readIsc = (text: string): LeaseList => lastRows(blocks(linesOf(text)))

/** A block without its end is still being written, and left out. */
function* blocks(lines: readonly string[]): Iterable<Row> {
  let block: LeaseRow | undefined
  for (const line of lines) {
    const opening = OPENING.exec(line)?.[1]
    if (opening !== undefined) {
      const address = parseIpv4(opening)
      block = address && opened(address)
      if (!address) yield undefined
    } else if (line === '}' && block) {
      yield block
      block = undefined
    } else if (block) block = withStatement(block, line.trim())
  }
}

/** A block that says nothing of its state is a lease in use. */
const opened = (address: Ipv4Address): LeaseRow => ({ address, mac: undefined, live: true })

function withStatement(block: LeaseRow, statement: string): LeaseRow {
  const state = /^binding state (\w+);$/.exec(statement)?.[1]
  if (state !== undefined) return { ...block, live: state === 'active' }
  const hardware = /^hardware ethernet ([\da-f:]+);$/i.exec(statement)?.[1]
  return hardware === undefined ? block : { ...block, mac: parseMac(hardware) }
}
