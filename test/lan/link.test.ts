import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type InterfaceName, parseInterfaceName } from '../../src/lan/interface-name.ts'
import { linkCounters, linkSpeed, linkUp } from '../../src/lan/link.ts'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'link-'))
  mkdirSync(join(root, 'eth0', 'statistics'), { recursive: true })
})

afterEach(() => rmSync(root, { recursive: true }))

function named(text: string): InterfaceName {
  const name = parseInterfaceName(text)
  if (!name) throw new Error(`not a name: ${text}`)
  return name
}

const ETH0 = named('eth0')
const has = (file: string, value: string) => writeFileSync(join(root, 'eth0', file), value)

it('counters are read as they are, beyond 2^32 too', () => {
  has('statistics/tx_bytes', '10000000000\n')
  has('statistics/rx_bytes', '42\n')
  has('statistics/tx_packets', '3\n')
  has('statistics/rx_packets', '0\n')
  expect(linkCounters(ETH0, root)).toEqual({
    bytesSent: 10_000_000_000,
    bytesReceived: 42,
    packetsSent: 3,
    packetsReceived: 0,
  })
})

it('the counters of an interface that is not there are 0', () => {
  expect(Object.values(linkCounters(named('none'), root))).toEqual([0, 0, 0, 0])
})

it.each([
  ['up', true],
  ['unknown', true],
  ['down', false],
  ['lowerlayerdown', false],
  ['dormant', false],
  ['notpresent', false],
  ['testing', false],
  ['', false],
])('RFC 2863: an interface whose state is %j is up: %s', (state, up) => {
  has('operstate', `${state}\n`)
  expect(linkUp(ETH0, root)).toBe(up)
})

it('an interface that is not there is not up', () => {
  expect(linkUp(named('none'), root)).toBe(false)
})

it.each([
  ['1000', 1_000_000_000],
  ['10', 10_000_000],
  ['-1', undefined],
  ['', undefined],
  ['fast', undefined],
  ['9'.repeat(40), undefined],
])('a speed of %j is %s bit/s', (text, expected) => {
  has('speed', `${text}\n`)
  expect(linkSpeed(ETH0, root)).toBe(expected)
})

it('an interface without a speed has none', () => {
  expect(linkSpeed(ETH0, root)).toBeUndefined()
})

it('the system tells of its loopback interface', () => {
  expect(linkUp(named('lo'))).toBe(true)
  expect(linkSpeed(named('lo'))).toBeUndefined()
})
