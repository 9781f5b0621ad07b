import { describe, expect, it } from 'vitest'
import type { MapRequest } from '../../src/core/ports.ts'
import { port, seconds } from '../../src/lib/units.ts'
import { announceRequest, deleteRequest, mapRequest } from '../../src/pcp/requests.ts'
import { encodeRequest } from '../../src/pcp/wire/packet.ts'
import { fromHex, ip, ipv4, toHex } from './literals.ts'

const asker = { clientAddress: ip('100.64.0.2'), nonce: fromHex('000102030405060708090a0b') }
const asker6 = { ...asker, clientAddress: ip('2001:db8::1') }
const wanted: MapRequest = {
  protocol: 'TCP',
  internalAddress: undefined,
  internalPort: port(49152),
  generation: 0,
  suggestedPort: 0,
  suggestedAddress: undefined,
  lifetime: seconds(3600),
  preferFailure: false,
  remotePeers: undefined,
  description: '',
  sending: 'until-answered',
  renews: false,
}
const thirdParty = { ...wanted, internalAddress: ipv4('192.168.1.23') }

const HEAD = '02010000 00000e10 00000000000000000000ffff64400002 000102030405060708090a0b'
const HEAD6 = '02010000 00000e10 20010db8000000000000000000000001 000102030405060708090a0b'
const ANY4 = '00000000000000000000ffff00000000'
const ANY6 = '0'.repeat(32)
const LAN = '00000000000000000000ffffc0a80117'
const CREATE = `${HEAD} 06000000 c0000000 ${ANY4}`
const CLEAR = `03000014 00000000 ${ANY6}`
const peers = (count: number) => Array.from({ length: count }, (_, i) => ipv4(`198.51.100.${i}`))

describe('RFC 6887 §11.2: what is asked', () => {
  it.each([
    ['C-11.1-3: no preference is port 0 and the zeros of IPv4', wanted, asker, CREATE],
    ['C-5-2: and the zeros of IPv6', wanted, asker6, `${HEAD6} 06000000 c0000000 ${ANY6}`],
    [
      'C-5-2: the family is that of the internal address',
      thirdParty,
      asker6,
      `${HEAD6} 06000000 c0000000 ${ANY4} 01000010 ${LAN}`,
    ],
    ['R6970-4.1-10: UDP', { ...wanted, protocol: 'UDP' }, asker, CREATE.replace('06000000', '11000000')],
    [
      'C-11.2.1-3: suggested address and port',
      { ...wanted, suggestedPort: port(8080), suggestedAddress: ip('203.0.113.5') },
      asker,
      `${HEAD} 06000000 c0001f90 00000000000000000000ffffcb007105`,
    ],
    [
      'R6970-5.6.2-2: PREFER_FAILURE',
      { ...wanted, suggestedPort: port(8080), preferFailure: true },
      asker,
      `${HEAD} 06000000 c0001f90 ${ANY4} 02000000`,
    ],
    ['R6970-4.1-11: THIRD_PARTY', thirdParty, asker, `${CREATE} 01000010 ${LAN}`],
    [
      '§13.1: no THIRD_PARTY for the own address',
      { ...wanted, internalAddress: ipv4('100.64.0.2') },
      asker,
      CREATE,
    ],
    [
      'R6970-4.1-7, C-7.3-3: FILTER for hosts, after the one that clears',
      { ...wanted, remotePeers: [ipv4('203.0.113.5'), ipv4('203.0.113.6')] },
      asker,
      `${CREATE} ${CLEAR} 03000014 00800000 00000000000000000000ffffcb007105
       03000014 00800000 00000000000000000000ffffcb007106`,
    ],
    ['§13.3: nobody listed lifts the filter', { ...wanted, remotePeers: [] }, asker, `${CREATE} ${CLEAR}`],
    ['§13.3: more hosts than fit', { ...wanted, remotePeers: peers(36) }, asker, `${CREATE} ${CLEAR}`],
    [
      'R6970-4.1-12: DESCRIPTION (RFC 7220 §2), padded and not terminated',
      { ...wanted, description: 'he\nllo' },
      asker,
      `${CREATE} 80000005 68656c6c 6f000000`,
    ],
    [
      'R6970-4.1-12: nothing that can be read is no description',
      { ...wanted, description: '\0\t' },
      asker,
      CREATE,
    ],
    [
      'R6970-5.9-2: an infinite lifetime',
      { ...wanted, lifetime: seconds(0xffffffff) },
      asker,
      CREATE.replace('00000e10', 'ffffffff'),
    ],
  ] satisfies [string, MapRequest, typeof asker, string][])('%s', (_name, request, from, hex) => {
    expect(toHex(encodeRequest(mapRequest(request, from)))).toBe(toHex(fromHex(hex)))
  })

  it('C-7-1 C-7.3-4: the most options there can be fit in 1100 octets', () => {
    const wishes = { suggestedPort: port(1), preferFailure: true, remotePeers: peers(35) }
    const request = { ...thirdParty, ...wishes, description: 'x'.repeat(200) }
    const packet = encodeRequest(mapRequest(request, asker))
    expect(mapRequest(request, asker).options).toHaveLength(39)
    expect(packet.length).toBeLessThanOrEqual(1100)
    expect(packet.length + 24).toBeGreaterThan(1100)
  })
})

const DELETE = CREATE.replace('00000e10', '00000000')

describe('RFC 6887 §15.1: what is deleted', () => {
  const keen = { ...wanted, suggestedPort: port(8080), preferFailure: true, remotePeers: peers(1) }

  it.each([
    ['C-15.1-1 E13: zeros, and neither PREFER_FAILURE nor FILTER', keen, asker, DELETE],
    [
      'C-15.1-1: the zeros of IPv6 for an IPv6 mapping',
      wanted,
      asker6,
      `${HEAD6.replace('00000e10', '00000000')} 06000000 c0000000 ${ANY6}`,
    ],
    ['C-15.1-3: THIRD_PARTY again', thirdParty, asker, `${DELETE} 01000010 ${LAN}`],
  ])('%s', (_name, mapping, from, hex) => {
    expect(toHex(encodeRequest(deleteRequest(mapping, from)))).toBe(toHex(fromHex(hex)))
  })
})

it('C-14.1-5: ANNOUNCE is 24 octets with lifetime 0', () => {
  expect(toHex(encodeRequest(announceRequest(asker.clientAddress)))).toBe(
    toHex(fromHex('02000000 00000000 00000000000000000000ffff64400002')),
  )
})
