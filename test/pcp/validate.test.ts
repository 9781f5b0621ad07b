import { describe, expect, it } from 'vitest'
import { isFor, type MapMatch, readReply } from '../../src/pcp/validate.ts'
import type { Option, Response } from '../../src/pcp/wire/message.ts'
import { SERVER } from './fake-wire.ts'
import { fromHex, ip } from './literals.ts'

const MAP = '000102030405060708090a0b 06000000 c0001f90 00000000000000000000ffffcb007105'
const GOOD = `02810000 00000078 00000007 ${'0'.repeat(24)} ${MAP}`
const ANNOUNCE = `02800000 00000000 00000007 ${'0'.repeat(24)}`

describe('RFC 6887 §8.3: the order of the checks', () => {
  it.each([
    ['T6: another address', GOOD, { address: ip('100.64.0.9'), port: 5351 }, 'foreign source'],
    ['T6: another port', GOOD, { ...SERVER, port: 5352 }, 'foreign source'],
    ['the source comes before the length', '02', { ...SERVER, port: 5352 }, 'foreign source'],
    ['3 octets', '028100', SERVER, 'too short'],
    ['nothing', '', SERVER, 'too short'],
    ['the R bit is clear', GOOD.replace('0281', '0201'), SERVER, 'not a response'],
    ['the R bit comes before the length', '02010000', SERVER, 'not a response'],
    ['T9: 23 octets', ANNOUNCE.replaceAll(' ', '').slice(0, 46), SERVER, 'malformed'],
    ['T9: 61 octets', `${GOOD}00`, SERVER, 'malformed'],
    ['T9: 1104 octets', GOOD + '81000000'.repeat(261), SERVER, 'malformed'],
    ['version 3 that is no UNSUPP_VERSION', `03${GOOD.slice(2)}`, SERVER, 'malformed'],
    ['a MAP response of 56 octets', GOOD.slice(0, -8), SERVER, 'malformed'],
    ['NAT-PMP of 12 octets', '00000001 00000001 00000000', SERVER, 'not a response'],
    ['NAT-PMP with another result', '00000003 00000001', SERVER, 'not a response'],
  ])('%s', (_name, hex, from, why) => {
    expect(readReply(fromHex(hex), from, SERVER)).toEqual({ ok: false, why })
  })

  it.each([
    ['T11: NAT-PMP with OP 0', '00000001 00000e10', 0, undefined],
    ['T11: NAT-PMP with OP 128+1', '00810001 00000e10', 0, undefined],
    ['version 1, header alone', '01810001 00000e10', 1, 3600],
    ['version 3, 4 octets', '03810001', 3, undefined],
    ['version 3, a whole copy', `03810001 00000708${GOOD.slice(17)}`, 3, 1800],
  ])('§9: %s', (_name, hex, version, lifetime) => {
    const value = { kind: 'unsupported-version', version, lifetime }
    expect(readReply(fromHex(hex), SERVER, SERVER)).toEqual({ ok: true, value })
  })

  it('reads the lifetime where the datagram begins, also within a larger buffer', () => {
    const packet = fromHex('ffffffffffffffff 01810001 00000e10').subarray(8)
    expect(readReply(packet, SERVER, SERVER)).toMatchObject({ value: { lifetime: 3600 } })
  })

  it('§8.3: UNSUPP_VERSION of version 2 is a response like others', () => {
    expect(readReply(fromHex(GOOD.replace('02810000', '02810001')), SERVER, SERVER)).toMatchObject({
      ok: true,
      value: { kind: 'response', response: { result: 1, body: { opcode: 'MAP' } } },
    })
  })
})

describe('RFC 6887 §11.4: what is compared', () => {
  const lan = ip('192.168.1.23')
  const map = {
    nonce: fromHex('000102030405060708090a0b'),
    protocol: 6,
    internalPort: 49152,
    externalPort: 8080,
    externalAddress: ip('203.0.113.5'),
  }
  const own: MapMatch = { protocol: 6, internalPort: 49152, thirdParty: undefined }
  const other: MapMatch = { ...own, thirdParty: lan }
  const named = (text: string): Option => ({ option: 'THIRD_PARTY', internalAddress: ip(text) })
  const response = (options: Option[], truncated = false): Response => ({
    result: 0,
    lifetime: 120,
    epoch: 7,
    body: { opcode: 'MAP', map },
    options,
    truncated,
  })

  it.each([
    ['all as asked', own, response([]), true],
    ['another protocol', { ...own, protocol: 17 }, response([]), false],
    ['another internal port', { ...own, internalPort: 49153 }, response([]), false],
    ['the host that was named', other, response([{ option: 'PREFER_FAILURE' }, named('192.168.1.23')]), true],
    ['another host', other, response([named('192.168.1.24')]), false],
    ['no host where one was named', other, response([]), false],
    ['a host where none was named', own, response([named('192.168.1.23')]), false],
    ['T9: the name lost with a malformed option', other, response([], true), true],
  ])('%s', (_name, match, answer, expected) => {
    expect(isFor(match, map, answer)).toBe(expected)
  })

  it('C-11.4-1: external fields are not compared', () => {
    const moved = { ...map, externalPort: 9, externalAddress: ip('203.0.113.6') }
    expect(isFor(own, moved, response([]))).toBe(true)
  })
})
