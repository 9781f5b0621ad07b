import { describe, expect, it } from 'vitest'
import type { Option } from '../../src/pcp/wire/message.ts'
import { encodeRequest } from '../../src/pcp/wire/packet.ts'
import { ip } from '../pcp/literals.ts'
import {
  Bench,
  CPE,
  decode,
  EXTERNAL,
  filter,
  mapRequest,
  NEIGHBOUR,
  nonce,
  PREFER_FAILURE,
  seen,
  thirdParty,
  unknownOption,
} from './bench.ts'

const DESCRIPTION: Option = { option: 'DESCRIPTION', text: new TextEncoder().encode('a NAS') }

describe('RFC 6887 §7.3: options', () => {
  it('a success response carries what was processed and nothing else', () => {
    const asked = [
      unknownOption(200),
      thirdParty('10.0.0.9'),
      DESCRIPTION,
      filter('198.51.100.7'),
      PREFER_FAILURE,
    ]
    const { options } = new Bench().ask(mapRequest({ options: asked }))
    expect(options).toEqual([thirdParty('10.0.0.9'), filter('198.51.100.7'), PREFER_FAILURE])
  })

  it('an error response carries all options', () => {
    const asked = [unknownOption(200), DESCRIPTION, unknownOption(60), PREFER_FAILURE]
    const { options } = new Bench().ask(mapRequest({ options: asked }))
    expect(options).toEqual(asked)
  })

  it.each([
    ['unknown', unknownOption(60)],
    ['reserved', unknownOption(0)],
    ['for other opcodes and unimplemented', unknownOption(13)],
  ])('answers UNSUPP_OPTION to a mandatory option that is %s, for 30 min', (_why, option) => {
    const bench = new Bench()
    expect(bench.map({ options: [option] })).toMatchObject({ result: 'UNSUPP_OPTION', lifetime: 1800 })
    expect(bench.ports).toEqual([])
  })

  it.each([
    ['THIRD_PARTY', thirdParty('10.0.0.9')],
    ['PREFER_FAILURE', PREFER_FAILURE],
    ['FILTER', filter('198.51.100.7')],
  ] as const)('answers UNSUPP_OPTION to %s where it is switched off, and only there', (name, option) => {
    const others = (['THIRD_PARTY', 'PREFER_FAILURE', 'FILTER'] as const).filter((other) => other !== name)
    expect(new Bench({ supported: new Set(others) }).map({ options: [option] }).result).toBe('UNSUPP_OPTION')
    expect(new Bench({ supported: new Set([name]) }).map({ options: [option] }).result).toBe('SUCCESS')
  })

  it.each([
    [[unknownOption(60), thirdParty('100.64.0.2')], 'UNSUPP_OPTION'],
    [[thirdParty('100.64.0.2'), unknownOption(60)], 'MALFORMED_REQUEST'],
  ])('takes options in their order: %j', (options, result) => {
    expect(new Bench().map({ options }).result).toBe(result)
  })
})

describe('RFC 6887 §13.1: THIRD_PARTY', () => {
  it('maps for the host it names, one mapping a host', () => {
    const bench = new Bench()
    bench.map({ options: [thirdParty('10.0.0.9')] })
    bench.map({ externalPort: 8081 })
    const hosts = bench.responder
      .mappings()
      .map(({ internalAddress, external }) => [internalAddress, external.port])
    expect(hosts).toEqual([
      ['10.0.0.9', 8080],
      ['100.64.0.2', 8081],
    ])
  })

  it('lets its client renew and delete what it names', () => {
    const bench = new Bench()
    const options = [thirdParty('10.0.0.9')]
    bench.map({ options })
    expect(bench.map({ options, externalPort: 0, lifetime: 500 })).toMatchObject({ lifetime: 500 })
    expect(bench.delete({ options }).result).toBe('SUCCESS')
    expect(bench.ports).toEqual([])
  })

  it('must not name the source of the packet', () => {
    expect(new Bench().map({ options: [thirdParty('100.64.0.2')] }).result).toBe('MALFORMED_REQUEST')
  })
})

describe('RFC 6887 §13.2: PREFER_FAILURE', () => {
  const options = [PREFER_FAILURE]

  it('grants the suggested pair where both are to be had', () => {
    expect(new Bench().map({ options, externalAddress: EXTERNAL }).external).toBe(`${EXTERNAL}:8080`)
  })

  it('is refused for as long as another mapping has the port', async () => {
    const bench = new Bench()
    bench.map({ client: NEIGHBOUR.address, lifetime: 1000 })
    await bench.clock.advance(400_500)
    expect(bench.map({ options })).toEqual({
      result: 'CANNOT_PROVIDE_EXTERNAL',
      lifetime: 600,
      external: '0.0.0.0:8080',
    })
    await bench.clock.advance(599_500)
    expect(bench.map({ options }).result).toBe('SUCCESS')
  })

  it.each([
    ['a reserved port', { externalPort: 5350 }],
    ['a port outside the range', { externalPort: 1023 }],
    ['another address', { externalAddress: ip('198.51.100.1') }],
    ['an address of the other family', { externalAddress: ip('2001:db8::1') }],
  ])('is refused for 30 min for %s', (_why, wish) => {
    const bench = new Bench()
    expect(bench.map({ options, ...wish })).toMatchObject({
      result: 'CANNOT_PROVIDE_EXTERNAL',
      lifetime: 1800,
    })
    expect(bench.ports).toEqual([])
  })

  it.each([
    ['another port', { externalPort: 9090 }],
    ['another address', { externalAddress: ip('198.51.100.1') }],
  ])('§11.3: is refused where the mapping exists with %s, and changes nothing', (_what, wish) => {
    const bench = new Bench()
    bench.map({ lifetime: 1000 })
    const answer = bench.map({ options, lifetime: 5000, ...wish })
    expect(answer).toMatchObject({ result: 'CANNOT_PROVIDE_EXTERNAL', lifetime: 1000 })
    expect(bench.map({ options, lifetime: 500 })).toMatchObject({ result: 'SUCCESS', lifetime: 500 })
  })

  it('comes before the quota: the port is the more specific reason', () => {
    const bench = new Bench({ quota: 0 })
    expect(bench.map({ options, externalPort: 80 }).result).toBe('CANNOT_PROVIDE_EXTERNAL')
    expect(bench.map({ options }).result).toBe('USER_EX_QUOTA')
  })

  it.each([
    ['no port (§13.2)', { externalPort: 0 }],
    ['lifetime 0 (§11.3)', { lifetime: 0 }],
  ])('makes no sense with %s', (_why, wish) => {
    expect(new Bench().map({ options, ...wish }).result).toBe('MALFORMED_OPTION')
  })
})

describe('RFC 6887 §13.3: FILTER', () => {
  const filtersOf = (bench: Bench) =>
    bench.responder
      .mappings()
      .flatMap(({ filters }) => filters)
      .map(({ remoteAddress, prefixLength, remotePort }) => `${remoteAddress}/${prefixLength}:${remotePort}`)

  it.each([
    ['none', [], []],
    ['one', [filter('198.51.100.7')], ['198.51.100.7/128:0']],
    ['one on top', [filter('198.51.100.0', 120, 53)], ['198.51.100.0/120:53']],
    ['the same twice', [filter('198.51.100.7'), filter('198.51.100.7')], ['198.51.100.7/128:0']],
    ['IPv6', [filter('2001:db8::', 32)], ['2001:db8::/32:0']],
    ['all removed', [filter('198.51.100.7'), filter('0.0.0.0', 0)], []],
    ['removed and set', [filter('0.0.0.0', 0), filter('198.51.100.7')], ['198.51.100.7/128:0']],
  ])('a new mapping: %s', (_what, options, expected) => {
    const bench = new Bench()
    expect(bench.map({ options }).result).toBe('SUCCESS')
    expect(filtersOf(bench)).toEqual(expected)
  })

  it.each([
    ['kept by a renewal without any', [], ['192.0.2.1/128:0']],
    ['kept by a renewal with the same', [filter('192.0.2.1')], ['192.0.2.1/128:0']],
    ['added to', [filter('192.0.2.2')], ['192.0.2.1/128:0', '192.0.2.2/128:0']],
    ['replaced', [filter('::', 0), filter('192.0.2.2')], ['192.0.2.2/128:0']],
    ['removed', [filter('0.0.0.0', 0)], []],
  ])('filters of a mapping are %s', (_what, options, expected) => {
    const bench = new Bench()
    bench.map({ options: [filter('192.0.2.1')] })
    bench.map({ options })
    expect(filtersOf(bench)).toEqual(expected)
  })

  it('answers EXCESSIVE_REMOTE_PEERS beyond the limit and changes nothing', () => {
    const bench = new Bench({ maxFilters: 1 })
    const [one, two] = [filter('192.0.2.1'), filter('192.0.2.2')]
    expect(bench.map({ options: [one, two] })).toMatchObject({
      result: 'EXCESSIVE_REMOTE_PEERS',
      lifetime: 1800,
    })
    expect(bench.ports).toEqual([])
    bench.map({ options: [one], lifetime: 500 })
    expect(bench.map({ options: [two], lifetime: 5000 }).result).toBe('EXCESSIVE_REMOTE_PEERS')
    expect(filtersOf(bench)).toEqual(['192.0.2.1/128:0'])
    expect(bench.map({ nonce: nonce(9) }).lifetime).toBe(500)
    expect(bench.map({ options: [filter('0.0.0.0', 0), two] }).result).toBe('SUCCESS')
  })

  it('makes no sense in a delete', () => {
    const bench = new Bench()
    bench.map({})
    expect(bench.map({ lifetime: 0, options: [filter('192.0.2.1')] }).result).toBe('MALFORMED_OPTION')
    expect(bench.ports).toEqual([8080])
  })

  it.each([95, 129, 24])('refuses the IPv4 prefix length %d', (prefixLength) => {
    const bench = new Bench()
    const request = encodeRequest(mapRequest({ options: [filter('192.0.2.1', 96)] }))
    const [answer = new Uint8Array()] = bench.hear(request.with(60 + 5, prefixLength), CPE)
    expect(seen(decode(answer.subarray(0, 60))).result).toBe('MALFORMED_OPTION')
    expect(bench.ports).toEqual([])
  })
})
