import { expect, it } from 'vitest'
import { macOfNeighbour, neighbours } from '../../src/lan/neighbours.ts'
import { ipv4 as ip } from '../pcp/literals.ts'

const LANS = new Set(['lan', 'guest'])

const TABLE = `IP address       HW type     Flags       HW address            Mask     Device
192.168.77.10    0x1         0x2         02:00:00:00:00:0a     *        lan
192.168.77.1     0x1         0x2         02:00:00:00:00:01     *        lan
192.168.77.20    0x1         0x0         00:00:00:00:00:00     *        lan
192.168.77.30    0x1         0x6         02:00:00:00:00:1e     *        lan
192.168.78.10    0x1         0x2         02:00:00:00:00:0c     *        guest
192.168.78.10    0x1         0x2         02:00:00:00:00:0d     *        wan
100.64.7.1       0x1         0x2         02:00:00:00:00:0e     *        wan
`

it('those of the LANs that have answered', () => {
  expect([...neighbours(TABLE, LANS)]).toEqual([
    ['192.168.77.10', '02:00:00:00:00:0a'],
    ['192.168.77.1', '02:00:00:00:00:01'],
    ['192.168.77.30', '02:00:00:00:00:1e'],
    ['192.168.78.10', '02:00:00:00:00:0c'],
  ])
})

it.each([
  ['192.168.77.10', '02:00:00:00:00:0a'],
  ['192.168.77.1', '02:00:00:00:00:01'],
  ['192.168.77.20', undefined],
  ['192.168.78.10', '02:00:00:00:00:0c'],
  ['100.64.7.1', undefined],
  ['192.168.77.3', undefined],
])('%s is %s', (address, expected) => {
  expect(macOfNeighbour(TABLE, LANS, ip(address))).toBe(expected)
})

it.each(['', '\n\n', 'IP address\n', '192.168.77.10\n', 'x'.repeat(10_000)])('nothing in %j', (table) => {
  expect([...neighbours(table, LANS)]).toEqual([])
  expect(macOfNeighbour(table, LANS, ip('192.168.77.10'))).toBeUndefined()
})
