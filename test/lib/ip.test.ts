import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBytes, inPrefix, parseIp, parseIpv4, parsePrefix, toBytes } from '../../src/lib/ip.ts'

describe('addresses', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['fe80::', 'fe80::'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['::ffff:0:192.0.2.1', '::ffff:0:c000:201'],
  ])('reads %s as %s (RFC 5952 §4, RFC 6887 §5)', (text, canonical) => {
    expect(parseIp(text)).toBe(canonical)
  })

  it.each([
    '',
    '127.1',
    '0x7f.1',
    '010.0.0.1',
    ' 10.0.0.1',
    '10.0.0.1 ',
    'fe80::1%eth0',
    '::g',
    '1.2.3.4.5',
    'a.example',
  ])('refuses %j', (text) => {
    expect(parseIp(text)).toBeUndefined()
    expect(parseIpv4(text)).toBeUndefined()
  })

  it('C-5-1: all first 96 bits decide the family', () => {
    const odd = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1)
    expect(fromBytes(odd)).toBe('100::ffff:c000:201')
  })

  it('round-trips any 16 octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const address = fromBytes(bytes)
        expect(toBytes(address)).toEqual(bytes)
        expect(parseIp(address)).toBe(address)
      }),
    )
  })

  it.each([
    ['192.168.1.200', '192.168.1.0/24', true],
    ['192.168.2.1', '192.168.1.0/24', false],
    ['192.168.1.129', '192.168.1.128/25', true],
    ['192.168.1.127', '192.168.1.128/25', false],
    ['10.1.2.3', '0.0.0.0/0', true],
    ['10.1.2.3', '::/0', false],
    ['2001:db8::1', '2001:db8::/32', true],
    ['10.0.0.1', '10.0.0.1', true],
  ])('%s in %s: %s', (address, prefix, expected) => {
    const [a, p] = [parseIp(address), parsePrefix(prefix)]
    expect(a && p && inPrefix(a, p)).toBe(expected)
  })

  it.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/8/8', '::/129', 'x/8'])(
    'refuses prefix %s',
    (text) => {
      expect(parsePrefix(text)).toBeUndefined()
    },
  )
})
