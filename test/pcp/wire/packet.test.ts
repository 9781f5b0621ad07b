import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANY_IPV4, ANY_IPV6 } from '../../../src/lib/ip.ts'
import type { Option, Request, Response } from '../../../src/pcp/wire/message.ts'
import { isMandatory } from '../../../src/pcp/wire/options.ts'
import {
  decodeRequest,
  decodeResponse,
  encodeErrorResponse,
  encodeRequest,
  encodeResponse,
} from '../../../src/pcp/wire/packet.ts'
import { fromHex, ip, toHex } from '../literals.ts'
import { request, response } from './arbitraries.ts'

const CLIENT = '00000000000000000000ffff64400002'
const NONCE = '000102030405060708090a0b'
const ANY4 = '00000000000000000000ffff00000000'
const ANY6 = '0'.repeat(32)
const PEER4 = '00000000000000000000ffffcb007105'
const LAN4 = '00000000000000000000ffffc0a80117'
const DOC6 = '20010db8000000000000000000000001'

const nonce = fromHex(NONCE)
const map = {
  nonce,
  protocol: 6,
  internalPort: 49152,
  externalPort: 8080,
  externalAddress: ANY_IPV4,
} as const
const create: Request = {
  lifetime: 3600,
  clientAddress: ip('100.64.0.2'),
  body: { opcode: 'MAP', map },
  options: [],
}
const withOptions = (...options: Option[]): Request => ({ ...create, options })
const CREATE = `02010000 00000e10 ${CLIENT} ${NONCE} 06000000 c0001f90 ${ANY4}`

const GOLDEN_REQUESTS: [string, Request, string][] = [
  ['§11.1 Figure 9: MAP', create, CREATE],
  [
    'R6970-5.6.2-2, §13.2 Figure 14: MAP with PREFER_FAILURE',
    withOptions({ option: 'PREFER_FAILURE' }),
    `${CREATE} 02000000`,
  ],
  [
    'C-15.1-1: a delete asks for lifetime 0, port 0 and the zeros of its family',
    { ...create, lifetime: 0, body: { opcode: 'MAP', map: { ...map, externalPort: 0 } } },
    `02010000 00000000 ${CLIENT} ${NONCE} 06000000 c0000000 ${ANY4}`,
  ],
  [
    'C-5-2: the all-zeros address of IPv6, R6970-5.9-2: infinite lifetime',
    {
      ...create,
      lifetime: 0xffffffff,
      clientAddress: ip('2001:db8::1'),
      body: { opcode: 'MAP', map: { ...map, protocol: 17, externalPort: 0, externalAddress: ANY_IPV6 } },
    },
    `02010000 ffffffff ${DOC6} ${NONCE} 11000000 c0000000 ${ANY6}`,
  ],
  [
    '§13.1 Figure 13: THIRD_PARTY',
    withOptions({ option: 'THIRD_PARTY', internalAddress: ip('192.168.1.23') }),
    `${CREATE} 01000010 ${LAN4}`,
  ],
  [
    'C-7.3-3, §13.3 Figure 15: FILTER that clears, then one host',
    withOptions(
      { option: 'FILTER', prefixLength: 0, remotePort: 0, remoteAddress: ANY_IPV6 },
      { option: 'FILTER', prefixLength: 128, remotePort: 0, remoteAddress: ip('203.0.113.5') },
    ),
    `${CREATE} 03000014 00000000 ${ANY6} 03000014 00800000 ${PEER4}`,
  ],
  [
    '§13.3: FILTER with a port and a prefix of IPv6',
    withOptions({
      option: 'FILTER',
      prefixLength: 64,
      remotePort: 6881,
      remoteAddress: ip('2001:db8::1'),
    }),
    `${CREATE} 03000014 00401ae1 ${DOC6}`,
  ],
  [
    'C-7.3-1, RFC 7220 §2: DESCRIPTION "hello" counts no padding',
    withOptions({ option: 'DESCRIPTION', text: new TextEncoder().encode('hello') }),
    `${CREATE} 80000005 68656c6c 6f000000`,
  ],
  [
    '§7.3: options of other codes as they are',
    withOptions({ option: 'UNKNOWN', code: 130, data: fromHex('0010c00000') }),
    `${CREATE} 82000005 0010c000 00000000`,
  ],
  [
    '§14.1: ANNOUNCE',
    { lifetime: 0, clientAddress: ip('100.64.0.2'), body: { opcode: 'ANNOUNCE' }, options: [] },
    `02000000 00000000 ${CLIENT}`,
  ],
  [
    '§12.1 Figure 11: PEER',
    {
      ...create,
      body: { opcode: 'PEER', peer: { ...map, remotePort: 443, remoteAddress: ip('203.0.113.5') } },
    },
    `02020000 00000e10 ${CLIENT} ${NONCE} 06000000 c0001f90 ${ANY4} 01bb0000 ${PEER4}`,
  ],
  [
    'opcodes that are unknown here keep what they carry',
    { ...create, body: { opcode: 'UNKNOWN', code: 3, data: fromHex('0102030405060708') } },
    `02030000 00000e10 ${CLIENT} 01020304 05060708`,
  ],
]

const granted: Response = {
  result: 0,
  lifetime: 120,
  epoch: 0x01020304,
  body: { opcode: 'MAP', map: { ...map, externalAddress: ip('203.0.113.5') } },
  options: [],
  truncated: false,
}
const GRANTED = `02810000 00000078 01020304 ${'0'.repeat(24)} ${NONCE} 06000000 c0001f90 ${PEER4}`

const GOLDEN_RESPONSES: [string, Response, string][] = [
  ['§11.1 Figure 10: MAP', granted, GRANTED],
  [
    '§7.4: an error, and a result code no registry has',
    { ...granted, result: 200, options: [{ option: 'PREFER_FAILURE' }] },
    `028100c8${GRANTED.slice(8)} 02000000`,
  ],
  [
    'C-14.1-5: ANNOUNCE is a header alone',
    { result: 0, lifetime: 0, epoch: 7, body: { opcode: 'ANNOUNCE' }, options: [], truncated: false },
    `02800000 00000000 00000007 ${'0'.repeat(24)}`,
  ],
  [
    '§12.1 Figure 12: PEER',
    {
      ...granted,
      body: { opcode: 'PEER', peer: { ...map, remotePort: 443, remoteAddress: ip('203.0.113.5') } },
    },
    `02820000 00000078 01020304 ${'0'.repeat(24)} ${NONCE} 06000000 c0001f90 ${ANY4} 01bb0000 ${PEER4}`,
  ],
]

describe('golden packets', () => {
  it.each(GOLDEN_REQUESTS)('request, %s', (_name, value, hex) => {
    expect(toHex(encodeRequest(value))).toBe(toHex(fromHex(hex)))
    expect(decodeRequest(fromHex(hex))).toEqual({ ok: true, value })
  })

  it.each(GOLDEN_RESPONSES)('response, %s', (_name, value, hex) => {
    expect(toHex(encodeResponse(value))).toBe(toHex(fromHex(hex)))
    expect(decodeResponse(fromHex(hex))).toEqual({ ok: true, value })
  })
})

describe('round trips', () => {
  it('every request', () => {
    fc.assert(
      fc.property(request, (value) => {
        expect(decodeRequest(encodeRequest(value))).toEqual({ ok: true, value })
      }),
    )
  })

  it('every response', () => {
    fc.assert(
      fc.property(response, (value) => {
        expect(decodeResponse(encodeResponse(value))).toEqual({ ok: true, value })
      }),
    )
  })
})

describe('reserved bits and padding are ignored on reception (§7.1, §7.2, §7.3, §11.1, §12.1, §13.3)', () => {
  const filter: Option = {
    option: 'FILTER',
    prefixLength: 128,
    remotePort: 0,
    remoteAddress: ip('203.0.113.5'),
  }
  const description: Option = { option: 'DESCRIPTION', text: fromHex('68656c6c6f') }

  it('in a request', () => {
    const packet = fromHex(
      `0201ffff 00000e10 ${CLIENT} ${NONCE} 06ffffff c0001f90 ${ANY4}
       03ff0014 ff800000 ${PEER4} 80ff0005 68656c6c 6fffffff`,
    )
    expect(decodeRequest(packet)).toEqual({ ok: true, value: withOptions(filter, description) })
  })

  it('in a response', () => {
    const packet = fromHex(
      `0281ff00 00000078 01020304 ${'f'.repeat(24)} ${NONCE} 06ffffff c0001f90 ${PEER4}
       03ff0014 ff800000 ${PEER4}`,
    )
    expect(decodeResponse(packet)).toEqual({ ok: true, value: { ...granted, options: [filter] } })
  })

  it('between the ports of PEER', () => {
    const packet = fromHex(`0202ffff 00000e10 ${CLIENT} ${NONCE} 06ffffff c0001f90 ${ANY4} 01bbffff ${PEER4}`)
    const peer = { ...map, remotePort: 443, remoteAddress: ip('203.0.113.5') }
    expect(decodeRequest(packet)).toEqual({ ok: true, value: { ...create, body: { opcode: 'PEER', peer } } })
  })
})

describe('C-5-1: an address is IPv4 only if all of its first 96 bits say so', () => {
  it.each([
    ['bit 0 set', '80000000000000000000ffff64400002', '8000::ffff:6440:2'],
    ['bit 79 set', '00000000000000000001ffff64400002', '::1:ffff:6440:2'],
    ['bit 95 clear', '00000000000000000000fffe64400002', '::fffe:6440:2'],
  ])('%s', (_name, address, text) => {
    const packet = fromHex(CREATE.replace(CLIENT, address))
    expect(decodeRequest(packet)).toMatchObject({ ok: true, value: { clientAddress: text } })
  })
})

describe('§8.2: why a request cannot be processed', () => {
  const header = { opcode: 1, lifetime: 3600, clientAddress: '100.64.0.2' }

  it.each([
    ['shorter than 2 octets: dropped', '02', undefined, undefined],
    ['the R bit is set: dropped', GRANTED, undefined, undefined],
    ['the R bit before the version', '0081', undefined, undefined],
    ['version 1', `01${CREATE.slice(2)}`, 'UNSUPP_VERSION', undefined],
    ['a NAT-PMP request of 2 octets', '0000', 'UNSUPP_VERSION', undefined],
    [
      'version 2 but shorter than a header: dropped',
      CREATE.replaceAll(' ', '').slice(0, 46),
      undefined,
      undefined,
    ],
    ['longer than 1100 octets', CREATE + '81000000'.repeat(261), 'MALFORMED_REQUEST', header],
    ['no multiple of 4', `${CREATE}00`, 'MALFORMED_REQUEST', header],
    ['too short for MAP', CREATE.slice(0, -8), 'MALFORMED_REQUEST', header],
    ['too short for PEER', CREATE.replace('0201', '0202'), 'MALFORMED_REQUEST', { ...header, opcode: 2 }],
    ['§7.3: an option runs past the message', `${CREATE} 01000040 ${LAN4}`, 'MALFORMED_OPTION', header],
    ['an optional one too', `${CREATE} 80000001`, 'MALFORMED_OPTION', header],
    ['THIRD_PARTY of 12 octets', `${CREATE} 0100000c ${LAN4.slice(8)}`, 'MALFORMED_OPTION', header],
    ['THIRD_PARTY of 20 octets', `${CREATE} 01000014 ${LAN4}00000000`, 'MALFORMED_OPTION', header],
    ['PREFER_FAILURE with data', `${CREATE} 02000004 00000000`, 'MALFORMED_OPTION', header],
    ['FILTER of 16 octets', `${CREATE} 03000010 ${PEER4}`, 'MALFORMED_OPTION', header],
    ['§13.3: IPv4 prefix below 96', `${CREATE} 03000014 005f0000 ${PEER4}`, 'MALFORMED_OPTION', header],
    ['§13.3: IPv4 prefix above 128', `${CREATE} 03000014 00810000 ${PEER4}`, 'MALFORMED_OPTION', header],
    ['§13.3: IPv6 prefix above 128', `${CREATE} 03000014 00810000 ${DOC6}`, 'MALFORMED_OPTION', header],
    ['§7.3: PREFER_FAILURE twice', `${CREATE} 02000000 02000000`, 'MALFORMED_OPTION', header],
    [
      '§7.3: THIRD_PARTY twice',
      `${CREATE} 01000010 ${LAN4} 02000000 01000010 ${LAN4}`,
      'MALFORMED_OPTION',
      header,
    ],
  ])('%s', (_name, hex, result, usable) => {
    expect(decodeRequest(fromHex(hex))).toMatchObject({ ok: false, why: { result, header: usable } })
  })

  it.each([
    ['1100 octets', CREATE + '81000000'.repeat(260), 260],
    ['FILTER may repeat', `${CREATE} ${`03000014 00600000 ${PEER4} `.repeat(43)}`, 43],
    ['unknown options may repeat', `${CREATE} 3c000000 3c000000`, 2],
    ['IPv4 prefix 96', `${CREATE} 03000014 00600000 ${PEER4}`, 1],
    ['IPv4 prefix 0 clears', `${CREATE} 03000014 00000000 ${ANY4}`, 1],
    ['IPv6 prefix 1', `${CREATE} 03000014 00010000 ${DOC6}`, 1],
  ])('good: %s', (_name, hex, count) => {
    const result = decodeRequest(fromHex(hex))
    expect(result.ok && result.value.options).toHaveLength(count)
  })

  it('RFC 7220 §2: a description above 1016 octets is kept as raw data', () => {
    const data = `800003f9${'61'.repeat(1017)}000000`
    const result = decodeRequest(fromHex(CREATE + data))
    expect(result.ok && result.value.options).toMatchObject([{ option: 'UNKNOWN', code: 128 }])
    expect(result.ok && toHex(encodeRequest(result.value))).toBe(toHex(fromHex(CREATE + data)))
  })
})

describe('§8.3: responses', () => {
  it.each([
    ['T9: 23 octets', GRANTED.replaceAll(' ', '').slice(0, 46)],
    ['T9: 61 octets', `${GRANTED}00`],
    ['T9: 1104 octets', GRANTED + '81000000'.repeat(261)],
    ['C-11.1-1: MAP of 56 octets', GRANTED.slice(0, -8)],
    ['PEER of 60 octets', GRANTED.replace('0281', '0282')],
    ['the R bit is clear', CREATE],
    ['version 3', `03${GRANTED.slice(2)}`],
    ['nothing', ''],
  ])('%s is dropped', (_name, hex) => {
    expect(decodeResponse(fromHex(hex))).toMatchObject({ ok: false })
  })

  it('T10, C-7.3-2: an unknown option in the mandatory range is accepted', () => {
    const options: Option[] = [
      { option: 'UNKNOWN', code: 60, data: fromHex('ab') },
      { option: 'PREFER_FAILURE' },
    ]
    const packet = fromHex(`${GRANTED} 3c000001 ab000000 02000000`)
    expect(decodeResponse(packet)).toEqual({ ok: true, value: { ...granted, options } })
  })

  it.each([
    ['T9: length 64 in 4 octets', '01000040 00000000'],
    ['a length that ends past the message by one', '80000009 00000000'],
    ['a THIRD_PARTY that holds no address', '01000004 00000000'],
  ])('%s: the fixed part and the options before it are kept', (_name, option) => {
    expect(decodeResponse(fromHex(`${GRANTED} 02000000 ${option} 02000000`))).toEqual({
      ok: true,
      value: { ...granted, options: [{ option: 'PREFER_FAILURE' }], truncated: true },
    })
  })

  it('keeps no view of the datagram', () => {
    const packet = Buffer.from(fromHex(`${GRANTED} 80000004 61626364`))
    const result = decodeResponse(packet)
    packet.fill(0xee)
    expect(result).toEqual({
      ok: true,
      value: { ...granted, options: [{ option: 'DESCRIPTION', text: fromHex('61626364') }] },
    })
  })
})

describe('decoders are total', () => {
  const mutated = fc
    .tuple(fc.constantFrom(...GOLDEN_REQUESTS, ...GOLDEN_RESPONSES), fc.infiniteStream(fc.nat()), fc.nat(6))
    .map(([[, , hex], dice, changes]) => {
      const bytes = fromHex(hex)
      for (const value of dice.take(changes)) bytes[value % bytes.length] = (value >> 8) & 0xff
      return bytes
    })
  const cut = fc.tuple(mutated, fc.nat(100)).map(([bytes, length]) => bytes.subarray(0, length))
  const anything = fc.oneof(fc.uint8Array({ maxLength: 1200, size: 'max' }), mutated, cut)

  it('whatever comes in', () => {
    fc.assert(
      fc.property(anything, (bytes) => {
        const asRequest = decodeRequest(bytes)
        if (asRequest.ok) expect(encodeRequest(asRequest.value)).toHaveLength(bytes.length)
        const asResponse = decodeResponse(bytes)
        if (asResponse.ok && !asResponse.value.truncated) {
          expect(encodeResponse(asResponse.value)).toHaveLength(bytes.length)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('§8.2: error responses', () => {
  const fields = { result: 'MALFORMED_OPTION', lifetime: 1800, epoch: 9, parsed: false } as const

  it('copies all of the request but what the server sets; 96 bits of the client address stay', () => {
    const bad = `${CREATE} 01000040 ${LAN4}`
    expect(toHex(encodeErrorResponse(fromHex(bad), fields))).toBe(
      toHex(fromHex(`02810006 00000708 00000009 ${CLIENT.slice(8)} ${bad.replaceAll(' ', '').slice(48)}`)),
    )
  })

  it('§7.2: clears the reserved bits where the request could be parsed', () => {
    const packet = encodeErrorResponse(fromHex(CREATE), { ...fields, result: 'NO_RESOURCES', parsed: true })
    expect(decodeResponse(packet)).toEqual({
      ok: true,
      value: { ...granted, result: 8, lifetime: 1800, epoch: 9, body: create.body },
    })
    expect(toHex(packet.subarray(12, 24))).toBe('0'.repeat(24))
  })

  it.each([
    ['pads to a multiple of 4', `${CREATE}ff`, 64, 'ff000000'],
    ['is cut at 1100 octets', CREATE + '81000000'.repeat(300), 1100, '81000000'],
    ['holds a header at least', '0102', 24, '00000000'],
  ])('%s', (_name, hex, length, end) => {
    const packet = encodeErrorResponse(fromHex(hex), { ...fields, result: 'UNSUPP_VERSION' })
    expect(packet).toHaveLength(length)
    expect(toHex(packet.subarray(-4))).toBe(end)
    expect(packet[0]).toBe(2)
    expect(packet[3]).toBe(1)
  })

  it('leaves the request alone', () => {
    const packet = fromHex(CREATE)
    encodeErrorResponse(packet, { ...fields, parsed: true })
    expect(toHex(packet)).toBe(toHex(fromHex(CREATE)))
  })
})

it.each([
  [{ option: 'THIRD_PARTY', internalAddress: ANY_IPV4 }, true],
  [{ option: 'UNKNOWN', code: 127, data: nonce }, true],
  [{ option: 'UNKNOWN', code: 128, data: nonce }, false],
  [{ option: 'DESCRIPTION', text: nonce }, false],
] satisfies [Option, boolean][])('§7.3: %j is mandatory to process: %j', (option, mandatory) => {
  expect(isMandatory(option)).toBe(mandatory)
})
