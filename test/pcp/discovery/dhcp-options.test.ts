import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  parseHookFile,
  parseHookValue,
  readOption158,
  readOption86,
} from '../../../src/pcp/discovery/dhcp-options.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

describe('RFC 7291 §4, option 158', () => {
  it.each([
    ['two servers', '04 c0000201 04 c6336401', [['192.0.2.1'], ['198.51.100.1']]],
    ['one server with two addresses', '08 c0000201 c0000202', [['192.0.2.1', '192.0.2.2']]],
    ['nothing', '', []],
    ['a list of length 0', '00', []],
    ['a list of length 5, and what follows', '04 c0000201 05 c000020101 04 c6336401', [['192.0.2.1']]],
    ['a list that overruns', '04 c0000201 08 c6336401', [['192.0.2.1']]],
    ['D7291-3: multicast and loopback', '08 e0000001 7f000001 04 c0000201', [['192.0.2.1']]],
    ['D7291-3: broadcast and this network', '08 ffffffff 00000000', []],
  ])('D7291-v4: %s', (_what, option, servers) => {
    expect(readOption158(hex(option))).toEqual(servers)
  })

  it('never throws and never makes up an address', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 255 }), (option) => {
        for (const server of readOption158(option)) expect(server.length).toBeGreaterThan(0)
        readOption86(option)
      }),
    )
  })
})

describe('RFC 7291 §3, option 86', () => {
  it.each([
    ['one server', '20010db8000000000000000000000001', ['2001:db8::1']],
    ['an IPv4-mapped one (DS-Lite)', '00000000000000000000ffffc0000201', ['192.0.2.1']],
    ['a length that is no multiple of 16', '20010db80000000000000000000000', []],
    [
      'D7291-3: multicast and loopback',
      'ff020000000000000000000000000001 00000000000000000000000000000001',
      [],
    ],
  ])('D7291-v6: %s', (_what, option, server) => {
    expect(readOption86(hex(option))).toEqual(server)
  })
})

describe('D7291-4: what DHCP clients hand on', () => {
  it.each([
    [4, 'udhcpc', '08c0000201c000020204c0000209', [['192.0.2.1', '192.0.2.2'], ['192.0.2.9']]],
    [4, 'dhclient', '8:c0:0:2:1:c0:0:2:2:4:c0:0:2:9', [['192.0.2.1', '192.0.2.2'], ['192.0.2.9']]],
    [6, 'odhcp6c', '20010db8000000000000000000000001', [['2001:db8::1']]],
    [6, 'dhclient -6', '2001:db8::1 2001:db8::2', [['2001:db8::1', '2001:db8::2']]],
    [4, 'a list of addresses', '192.0.2.1,192.0.2.2', [['192.0.2.1', '192.0.2.2']]],
    [4, 'an empty option', '', []],
  ] as const)('option of family %i as %s spells it', (family, _client, text, servers) => {
    expect(parseHookValue(family, text)).toEqual({ ok: true, value: servers })
  })

  it.each(['zz', '0', '8:c0:zz', '$(reboot)', '192.0.2', 'x'.repeat(5000)])('refuses %s', (text) => {
    expect(parseHookValue(4, text).ok).toBe(false)
  })
})

describe('the file of a hook', () => {
  const A = '20010db8000000000000000000000001'
  const B = '20010db8000000000000000000000002'

  it.each<[string, 4 | 6, string, string[][]]>([
    ['a value of udhcpc', 4, '04c0000201\n', [['192.0.2.1']]],
    ['a value of odhcp6c', 6, `${A}\n`, [['2001:db8::1']]],
    [
      'every instance in PASSTHRU',
      6,
      `${B}\npassthru 00560010${A}00560010${B}\n`,
      [['2001:db8::1'], ['2001:db8::2']],
    ],
    ['only option 86 of PASSTHRU', 6, `${B}\npassthru 00170010${B}00560010${A}\n`, [['2001:db8::1']]],
    [
      'a PASSTHRU that is cut off, as far as it goes',
      6,
      `\npassthru 00560010${A}00560010${B.slice(2)}\n`,
      [['2001:db8::1']],
    ],
    ['the value, where PASSTHRU has no option 86', 6, `${B}\npassthru 0017000100\n`, [['2001:db8::2']]],
    ['nothing', 4, '\n', []],
  ])('D7291-v6 D7291-4: %s', (_what, family, text, servers) => {
    expect(parseHookFile(family, text)).toEqual({ ok: true, value: servers })
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseHookFile(6, `\npassthru ${text}`)))
  })
})
