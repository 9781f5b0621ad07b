import { describe, expect, it } from 'vitest'
import { belongsTo, isLanHost, type Lan } from '../../src/lib/lan.ts'
import { ip } from '../support/fake-carrier.ts'

const LAN: Lan = {
  name: 'br0',
  address: ip('192.168.1.1'),
  prefix: { address: ip('192.168.1.1'), length: 24 },
  routed: [{ address: ip('10.9.0.0'), length: 16 }],
}

describe('who belongs to a LAN, and which addresses a host of it can have', () => {
  it.each([
    ['192.168.1.50', true, true],
    ['192.168.1.1', true, false],
    ['192.168.1.0', true, false],
    ['192.168.1.255', true, false],
    ['10.9.8.7', true, true],
    ['10.9.255.255', true, false],
    ['10.10.0.1', false, false],
    ['192.168.2.50', false, false],
    ['8.8.8.8', false, false],
  ])('%s: %s, %s', (address, belongs, host) => {
    expect(belongsTo(LAN, ip(address))).toBe(belongs)
    expect(isLanHost(LAN, ip(address))).toBe(host)
  })

  it('RFC 3021: a link of two addresses has two hosts', () => {
    const link = { ...LAN, prefix: { address: ip('10.0.0.0'), length: 31 } }
    expect(isLanHost(link, ip('10.0.0.1'))).toBe(true)
  })
})
