import { describe, expect, it } from 'vitest'
import { nameOf, serverNamed } from '../../src/pcp/server-name.ts'
import { ip } from './literals.ts'

describe('the name of a server', () => {
  it.each([
    ['100.64.0.1:5351', { address: ip('100.64.0.1'), port: 5351 }],
    ['[2001:db8::1]:5351', { address: ip('2001:db8::1'), port: 5351 }],
    ['[fe80::1]:1', { address: ip('fe80::1'), port: 1 }],
  ])('%s is read as it is written', (name, server) => {
    expect(serverNamed(name)).toEqual(server)
    expect(nameOf(server)).toBe(name)
  })

  it.each([
    '',
    '100.64.0.1',
    '100.64.0.1:0',
    '100.64.0.1:65536',
    '2001:db8::1:5351',
    '[fe80::1%wan]:5351',
    'a:1',
  ])('"%s" is none', (name) => {
    expect(serverNamed(name)).toBeUndefined()
  })
})
