import { expect, it } from 'vitest'
import { parseInterfaceName } from '../../src/lan/interface-name.ts'

it.each(['eth0', 'br-lan', 'eth0.2', 'pppoe-wan', 'wlan0-1', '...', 'a', 'x'.repeat(15), 'ü'.repeat(7)])(
  '%s is a name of an interface',
  (name) => {
    expect(parseInterfaceName(name)).toBe(name)
  },
)

it.each([
  '',
  '.',
  '..',
  'a/b',
  '../x',
  '/',
  'a:1',
  'a b',
  'a\tb',
  'a\n',
  'a\0',
  'x'.repeat(16),
  'ü'.repeat(8),
])('%j is none', (name) => {
  expect(parseInterfaceName(name)).toBeUndefined()
})
