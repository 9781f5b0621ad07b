import { describe, expect, it } from 'vitest'
import { parsePcpServer } from '../../src/config/pcp-server-address.ts'

describe('pcp.servers', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1', 5351],
    ['192.0.2.1:1024', '192.0.2.1', 1024],
    ['192.0.2.1:65535', '192.0.2.1', 65535],
    ['2001:DB8::1', '2001:db8::1', 5351],
    ['[2001:db8::1]', '2001:db8::1', 5351],
    ['[2001:db8::1]:5352', '2001:db8::1', 5352],
    ['2001:db8::5351', '2001:db8::5351', 5351],
  ])('reads %s (RFC 6887 §19.2: port 5351)', (text, address, port) => {
    expect(parsePcpServer(text)).toEqual({ ok: true, value: { address, port } })
  })

  it.each([
    '',
    'pcp.example',
    'pcp.example:5351',
    '192.0.2.1:',
    '192.0.2.1:0',
    '192.0.2.1:65536',
    '192.0.2.1:5351 ',
    '[192.0.2.1]:5351',
    '[2001:db8::1',
    '[2001:db8::1]5351',
    '[fe80::1%eth0]:5351',
    '[]:5351',
    '0.0.0.0',
    '224.0.0.1',
    '239.255.255.250:5351',
    '255.255.255.255',
    'ff02::1',
    '[ff02::1]:5351',
    '[::]:5351',
  ])('refuses %j', (text) => {
    expect(parsePcpServer(text).ok).toBe(false)
  })
})
