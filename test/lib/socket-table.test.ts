import { endianness } from 'node:os'
import { expect, it } from 'vitest'
import { readSocketTable } from '../../src/lib/socket-table.ts'

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'

/** A row of the kernel: the address and port, the state, the inode. */
const row = (local: string, state: string, inode: string) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100`

it.runIf(endianness() === 'LE').each([
  ['every address', row('00000000:0016', '0A', '7'), [['0.0.0.0', 22, '0A', '7']]],
  ['one address', row('0101A8C0:076C', '07', '8'), [['192.168.1.1', 1900, '07', '8']]],
  ['every address of IPv6', row(`${'0'.repeat(32)}:C350`, '0A', '9'), [['::', 50_000, '0A', '9']]],
  [
    'an address of IPv6',
    row('B80D0120000000000000000001000000:01BB', '0A', '9'),
    [['2001:db8::1', 443, '0A', '9']],
  ],
  ['IPv4 in IPv6', row('0000000000000000FFFF00000100007F:1F90', '01', '9'), [['127.0.0.1', 8080, '01', '9']]],
  ['no port', row('0100007F:0000', '07', '9'), []],
  ['no address', row('0100:1F90', '07', '9'), []],
  ['a line that is cut off', '   0: 0100007F:1F9', []],
])('%s', (_what, line, expected) => {
  const found = readSocketTable(`${HEAD}\n${line}\n`)
  expect(found.map(({ address, inode, port, state }) => [address, port, state, inode])).toEqual(expected)
})
