import type { NetworkInterfaceInfo } from 'node:os'
import { expect, it } from 'vitest'
import { type Interfaces, ipv4Interface, lansOf, readInterfaces } from '../../src/lan/interfaces.ts'
import { ip } from '../support/fake-carrier.ts'

const MAC = '02:00:00:00:00:01'
const v4 = (address: string, length: number): NetworkInterfaceInfo => ({
  address,
  netmask: '',
  family: 'IPv4',
  mac: MAC,
  internal: false,
  cidr: `${address}/${length}`,
})
const v6: NetworkInterfaceInfo = {
  address: 'fe80::1',
  netmask: 'ffff:ffff:ffff:ffff::',
  family: 'IPv6',
  mac: MAC,
  internal: false,
  cidr: 'fe80::1/64',
  scopeid: 2,
}

const INTERFACES: Interfaces = {
  br0: [v6, v4('192.168.1.1', 24), v4('10.9.9.1', 8)],
  br1: [v4('192.168.2.1', 23)],
  six: [v6],
  odd: [{ ...v4('192.168.3.1', 24), cidr: null }],
}

it.each([
  ['br0', { name: 'br0', address: '192.168.1.1', prefix: { address: '192.168.1.1', length: 24 } }],
  ['br1', { name: 'br1', address: '192.168.2.1', prefix: { address: '192.168.2.1', length: 23 } }],
  ['six', undefined],
  ['odd', undefined],
  ['none', undefined],
])('the first IPv4 address of %s', (name, expected) => {
  expect(ipv4Interface(INTERFACES, name)).toEqual(expected)
})

it('the LANs come in the order of the names, without those that have no address', () => {
  const interfaces = ['none', 'br1', 'six', 'br0']
  expect(lansOf(INTERFACES, { interfaces, routed: [] }).map(({ name }) => name)).toEqual(['br1', 'br0'])
})

it('every LAN has the networks behind the LANs', () => {
  const routed = [{ address: ip('10.9.0.0'), length: 16 }]
  const found = lansOf(INTERFACES, { interfaces: ['br0', 'br1'], routed })
  expect(found.map((lan) => lan.routed)).toEqual([routed, routed])
})

it('the system has a loopback interface', () => {
  expect(ipv4Interface(readInterfaces(), 'lo')).toEqual({
    name: 'lo',
    address: '127.0.0.1',
    prefix: { address: '127.0.0.1', length: 8 },
  })
})
