import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isNatPmpEpochValid, waitAfter } from '../../../src/pcp/natpmp/timing.ts'
import {
  decodeNatPmpReply,
  encodeAddressRequest,
  encodeMapRequest,
  isVersionReply,
} from '../../../src/pcp/wire/natpmp.ts'
import { millis } from '../../../src/lib/units.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('RFC 6886 §3 requests', () => {
  it('§3.2: asks for the external address', () => {
    expect(toHex(encodeAddressRequest())).toBe('0000')
  })

  it.each([
    [
      '§3.3 UDP',
      { protocol: 'UDP', internalPort: 8080, externalPort: 80, lifetime: 7200 },
      '000100001f90005000001c20',
    ],
    [
      '§3.3 TCP',
      { protocol: 'TCP', internalPort: 1, externalPort: 0, lifetime: 1 },
      '000200000001000000000001',
    ],
    [
      '§3.4 delete one',
      { protocol: 'TCP', internalPort: 22, externalPort: 0, lifetime: 0 },
      '000200000016000000000000',
    ],
  ] as const)('%s', (_clause, map, octets) => {
    expect(toHex(encodeMapRequest(map))).toBe(octets)
  })
})

describe('RFC 6886 §3 replies', () => {
  it.each([
    [
      '§3.2 address',
      '00800000 0000012c cb007201',
      { kind: 'address', result: 0, epoch: 300, address: '203.0.114.1' },
    ],
    [
      '§3.3 UDP',
      '00810000 0000012c 1f900050 00001c20',
      {
        kind: 'map',
        result: 0,
        epoch: 300,
        map: { protocol: 'UDP', internalPort: 8080, externalPort: 80, lifetime: 7200 },
      },
    ],
    [
      '§3.5 out of resources',
      '00820004 00000001 00160000 00000000',
      {
        kind: 'map',
        result: 4,
        epoch: 1,
        map: { protocol: 'TCP', internalPort: 22, externalPort: 0, lifetime: 0 },
      },
    ],
    ['T11, R clear', '00000001 00000005', { kind: 'unsupported-version', epoch: 5 }],
    ['T11, R set', '00810001 00000005', { kind: 'unsupported-version', epoch: 5 }],
  ])('%s', (_clause, octets, reply) => {
    expect(decodeNatPmpReply(hex(octets))).toEqual({ ok: true, value: reply })
  })

  it.each([
    ['too short', '008000'],
    ['another version', '0280000000000000cb007201'],
    ['a request', '000100001f90005000001c20'],
    ['a truncated address', '0080000000000001cb00'],
    ['a truncated map', '00810000000000011f900050'],
    ['an unknown opcode', '00830000000000011f900050000001c2'],
  ])('drops %s', (_what, octets) => {
    expect(decodeNatPmpReply(hex(octets)).ok).toBe(false)
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (packet) => void decodeNatPmpReply(packet)))
  })

  it('only 8 octets with result 1 are a version reply', () => {
    expect(isVersionReply(hex('0000000100000005'))).toBe(true)
    expect(isVersionReply(hex('0000000200000005'))).toBe(false)
    expect(isVersionReply(hex('000000010000000500'))).toBe(false)
  })
})

describe('RFC 6886 timing', () => {
  it('§3.1: 250 ms, doubling', () => {
    expect([0, 1, 2, 8].map(waitAfter)).toEqual([250, 500, 1000, 64_000])
  })

  it.each([
    [100, 800, 800, true],
    [100, 800, 798, true],
    [100, 800, 797, false],
    [0, 0, 0, true],
  ])('§3.6: epoch %i, then 800 s pass: %#', (before, elapsed, after, valid) => {
    const previous = { server: before, client: millis(0) }
    expect(isNatPmpEpochValid(previous, { server: after, client: millis(elapsed * 1000) })).toBe(valid)
  })
})
