import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Body, Request } from '../../src/pcp/wire/message.ts'
import { encodeRequest } from '../../src/pcp/wire/packet.ts'
import { fromHex, ip, toHex } from '../pcp/literals.ts'
import {
  at,
  Bench,
  CPE,
  mapRequest,
  NEIGHBOUR,
  nonce,
  seen,
  TCP,
  thirdParty,
  unknownOption,
} from './bench.ts'

const octets = encodeRequest(mapRequest({}))
const announce = (part: Partial<Request> = {}): Request => ({
  lifetime: 0,
  clientAddress: CPE.address,
  body: { opcode: 'ANNOUNCE' },
  options: [],
  ...part,
})
const PEER: Body = {
  opcode: 'PEER',
  peer: {
    nonce: nonce(1),
    protocol: TCP,
    internalPort: 1,
    externalPort: 1,
    externalAddress: ip('0.0.0.0'),
    remotePort: 1,
    remoteAddress: ip('192.0.2.1'),
  },
}

describe('RFC 6887 §8.2: processing a request', () => {
  it('answers a MAP octet for octet (§7.2, §11.1)', async () => {
    const bench = new Bench()
    await bench.clock.advance(5999)
    const request = fromHex(`
      0201 0000 00000e10 00000000000000000000ffff64400002
      000102030405060708090a0b 06000000 c0001f90 00000000000000000000ffff00000000 02000000`)
    expect(bench.hear(request).map(toHex)).toEqual([
      `
      0281 0000 00000e10 00000005 000000000000000000000000
      000102030405060708090a0b 06000000 c0001f90 00000000000000000000ffffcb007101 02000000`.replaceAll(
        /\s/g,
        '',
      ),
    ])
  })

  it.each([
    ['no octet', new Uint8Array(0)],
    ['one octet', octets.subarray(0, 1)],
    ['less than a header', octets.subarray(0, 23)],
    ['the R bit set', octets.with(1, 0x81)],
    ['the R bit set, in another version', octets.with(1, 0x81).with(0, 0)],
  ])('drops a message silently: %s', (_what, bytes) => {
    const bench = new Bench()
    expect(bench.hear(bytes)).toEqual([])
    expect(bench.lines).toEqual([])
  })

  it.each([
    ['version 0 of 2 octets (Appendix A)', '0000', '02800001 00000708 00000000' + '00'.repeat(12)],
    [
      'version 0 of 12 octets (Appendix A)',
      '0002 0000 1f901f90 00000e10',
      '02820001 00000708 00000000' + '00'.repeat(12),
    ],
    ['version 1', '0101', '02810001 00000708 00000000' + '00'.repeat(12)],
    ['version 3', '0301', '02810001 00000708 00000000' + '00'.repeat(12)],
  ])('answers UNSUPP_VERSION with version 2 to %s', (_what, request, expected) => {
    expect(new Bench().hear(fromHex(request)).map(toHex)).toEqual([expected.replaceAll(' ', '')])
  })

  it.each([
    ['not a multiple of 4 octets', octets.subarray(0, 59), 60],
    ['too short for MAP', octets.subarray(0, 56), 56],
    ['longer than 1100 octets', Uint8Array.from({ length: 1104 }, (_, i) => octets[i] ?? 0), 1100],
  ])('answers MALFORMED_REQUEST and a copy to a message that is %s', (_what, request, length) => {
    const [answer = new Uint8Array()] = new Bench().hear(request)
    expect(answer[3]).toBe(3)
    expect(answer.length).toBe(length)
    expect(toHex(answer.subarray(12, 56))).toBe(toHex(request.subarray(12, 56)))
  })

  it.each([
    ['MAP', mapRequest({}), NEIGHBOUR],
    ['ANNOUNCE (§14.1.1)', announce(), NEIGHBOUR],
    ['PEER', announce({ body: PEER }), NEIGHBOUR],
    ['MAP over the other family', mapRequest({}), at('2001:db8::1', 1)],
  ])('answers ADDRESS_MISMATCH for 30 min: %s', (_what, request, from) => {
    const bench = new Bench()
    expect(seen(bench.ask(request, from))).toMatchObject({ result: 'ADDRESS_MISMATCH', lifetime: 1800 })
    expect(bench.ports).toEqual([])
  })

  it('looks at the source address before the options', () => {
    const truncated = encodeRequest(mapRequest({ options: [thirdParty('10.0.0.9')] })).subarray(0, 72)
    const results = [CPE, NEIGHBOUR].map((from) => new Bench().hear(truncated, from)[0]?.[3])
    expect(results).toEqual([6, 12])
  })

  it('does not look at the source port', () => {
    expect(seen(new Bench().ask(mapRequest({}), { ...CPE, port: 1 })).result).toBe('SUCCESS')
  })

  it.each([
    ['PEER', PEER],
    ['opcode 3', { opcode: 'UNKNOWN', code: 3, data: Uint8Array.of(1, 2, 3, 4) }],
    ['opcode 127', { opcode: 'UNKNOWN', code: 127, data: new Uint8Array(0) }],
  ] as const)('answers UNSUPP_OPCODE to %s and copies it', (_what, body) => {
    const answer = new Bench().ask(announce({ body, lifetime: 5 }))
    expect(seen(answer)).toMatchObject({ result: 'UNSUPP_OPCODE', lifetime: 1800 })
    expect(answer.body).toEqual(body)
  })

  it('never throws and never answers at length, whatever comes', () => {
    const bench = new Bench()
    const start = fc.constantFrom([], [2, 1], [2, 1, 0, 0, 0, 0, 1, 0, ...octets.subarray(8, 24)])
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 1200 }), (head, tail) => {
        for (const answer of bench.hear(Uint8Array.from([...head, ...tail]))) {
          expect(answer.length).toBeLessThanOrEqual(1100)
          expect(answer.length % 4).toBe(0)
        }
      }),
    )
  })
})

describe('RFC 6887 §14.1.2: ANNOUNCE', () => {
  it('is answered with lifetime 0 and the epoch', async () => {
    const bench = new Bench()
    await bench.clock.advance(77_000)
    expect(bench.ask(announce())).toMatchObject({
      result: 0,
      lifetime: 0,
      epoch: 77,
      body: { opcode: 'ANNOUNCE' },
    })
  })

  it.each([
    ['an optional option', unknownOption(128 + 60), 'SUCCESS'],
    ['an unknown mandatory option', unknownOption(60), 'UNSUPP_OPTION'],
    ['an option of other opcodes', thirdParty('10.0.0.9'), 'UNSUPP_OPTION'],
  ])('with %s: %s', (_what, option, result) => {
    const answer = new Bench().ask(announce({ options: [option] }))
    expect(seen(answer).result).toBe(result)
  })
})

describe('RFC 6887 §8.5: the epoch', () => {
  it('counts seconds from the start, in every response', async () => {
    const bench = new Bench()
    await bench.clock.advance(999)
    expect(bench.ask(announce()).epoch).toBe(0)
    await bench.clock.advance(1)
    expect(bench.ask(announce()).epoch).toBe(1)
    await bench.clock.advance(59_000)
    expect(bench.ask(mapRequest({ protocol: 132 })).epoch).toBe(60)
  })

  it('starts anew at a restart, when the table is empty', async () => {
    const bench = new Bench()
    bench.map({})
    await bench.clock.advance(60_000)
    bench.responder.restart()
    await bench.clock.advance(2000)
    expect(bench.ports).toEqual([])
    expect(bench.ask(announce()).epoch).toBe(2)
  })

  it('a restart brings the settings that were changed meanwhile', () => {
    const bench = new Bench()
    bench.responder.settings = { ...bench.responder.settings, ports: { first: 3000, last: 3000 } }
    bench.responder.restart()
    expect(bench.map({}).external).toBe('203.0.113.1:3000')
  })
})

describe('the log', () => {
  it('has one line a request: who, what, result', () => {
    const bench = new Bench()
    bench.map({ options: [thirdParty('10.0.0.9')] })
    bench.map({ protocol: 132, client: ip('2001:db8::1') })
    bench.ask(announce())
    bench.ask(announce({ body: PEER }))
    bench.hear(octets.with(0, 1))
    expect(bench.lines).toEqual([
      '100.64.0.2:45000 MAP TCP 49152 for 3600 s THIRD_PARTY: SUCCESS 203.0.113.1:8080 for 3600 s',
      '[2001:db8::1]:45000 MAP protocol 132 49152 for 3600 s: UNSUPP_PROTOCOL for 1800 s',
      '100.64.0.2:45000 ANNOUNCE: SUCCESS',
      '100.64.0.2:45000 PEER: UNSUPP_OPCODE for 1800 s',
      '100.64.0.2:45000 not version 2: UNSUPP_VERSION for 1800 s',
    ])
  })
})
