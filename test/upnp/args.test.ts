import { describe, expect, it } from 'vitest'
import { Fault } from '../../src/core/fault.ts'
import type { Caller, IgdVersion } from '../../src/core/types.ts'
import { type ArgOptions, parseAdd, parseAddAny, parseKey, parseRange, ui2 } from '../../src/upnp/args.ts'
import { ADD, KEY, OPTIONS, PEER, RANGE } from './bench.ts'

type Changes = Readonly<Record<string, string | undefined>>

/** `base` with some arguments changed; undefined takes one away. */
const changed = (base: Changes, changes: Changes): ReadonlyMap<string, string> =>
  new Map(
    Object.entries({ ...base, ...changes }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    ),
  )

const caller = (version: IgdVersion): Caller => ({ address: PEER, version })

const add = (changes: Changes = {}, version: IgdVersion = 2, options: Partial<ArgOptions> = {}) =>
  parseAdd(changed(ADD, changes), caller(version), { ...OPTIONS, ...options })

const addAny = (changes: Changes = {}) => parseAddAny(changed(ADD, changes), caller(2), OPTIONS)

/** The code of the fault that `parse` ends in. */
const codeOf = (parse: () => unknown): number | 'none' => {
  try {
    parse()
    return 'none'
  } catch (error) {
    if (error instanceof Fault) return error.code
    throw error
  }
}

it('reads the eight arguments', () => {
  expect(add({ NewRemoteHost: '203.0.113.9' })).toEqual({
    remoteHost: '203.0.113.9',
    externalPort: 8080,
    protocol: 'TCP',
    internalPort: 8000,
    internalClient: PEER,
    description: 'web',
    lease: 3600,
  })
})

describe('G4, §4.2: ports', () => {
  it.each([
    ['8080', 8080],
    [' 8080 ', 8080],
    ['0080', 80],
    ['1', 1],
    ['65535', 65535],
  ])('%j is %d', (text, number) => {
    expect(add({ NewExternalPort: text, NewInternalPort: text })).toMatchObject({
      externalPort: number,
      internalPort: number,
    })
  })

  it.each([
    '65536',
    '70000',
    '-1',
    '+80',
    '80abc',
    '0x50',
    '1e3',
    '80.0',
    '8 0',
    '',
    ' ',
    '٨٠',
    '9'.repeat(400),
  ])('%j is no port: 402', (text) => {
    expect(codeOf(() => add({ NewExternalPort: text }))).toBe(402)
    expect(codeOf(() => add({ NewInternalPort: text }))).toBe(402)
  })

  it.each(['0', '*', ' * ', '00'])(
    'external port %j is the wildcard: 716 in Add, no wish in AddAny',
    (text) => {
      expect(codeOf(() => add({ NewExternalPort: text }))).toBe(716)
      expect(addAny({ NewExternalPort: text }).externalPort).toBe(0)
    },
  )

  it('G1: internal port 0 is 732', () => {
    expect(codeOf(() => add({ NewInternalPort: '0' }))).toBe(732)
    expect(codeOf(() => addAny({ NewInternalPort: '0' }))).toBe(732)
  })

  it('an internal port has no wildcard: 402', () => {
    expect(codeOf(() => add({ NewInternalPort: '*' }))).toBe(402)
  })
})

describe('G5: protocols', () => {
  it.each([
    ['TCP', 'TCP'],
    ['tcp', 'TCP'],
    ['Udp', 'UDP'],
    [' UDP ', 'UDP'],
  ])('%j is %s', (text, protocol) => {
    expect(add({ NewProtocol: text }).protocol).toBe(protocol)
  })

  it.each(['', 'SCTP', 'TCP,UDP', '6', 'TCP\0'])('%j: 601', (text) => {
    expect(codeOf(() => add({ NewProtocol: text }))).toBe(601)
    expect(codeOf(() => parseKey(changed(KEY, { NewProtocol: text })))).toBe(601)
    expect(codeOf(() => parseRange(changed(RANGE, { NewProtocol: text })))).toBe(601)
  })
})

describe('G2: hosts are addresses, and no name is ever looked up', () => {
  it.each([
    ['', ''],
    ['*', ''],
    [' 203.0.113.9 ', '203.0.113.9'],
  ])('RemoteHost %j is %j', (text, host) => {
    expect(add({ NewRemoteHost: text }).remoteHost).toBe(host)
  })

  it.each(['example.com', 'localhost', '1.2.3', '010.1.2.3', '1.2.3.4/32', '::1', '0.0.0.0', '$(reboot)'])(
    'RemoteHost %j: 600',
    (text) => {
      expect(codeOf(() => add({ NewRemoteHost: text }))).toBe(600)
      expect(codeOf(() => parseKey(changed(KEY, { NewRemoteHost: text })))).toBe(600)
    },
  )

  it('trims InternalClient', () => {
    expect(add({ NewInternalClient: ` ${PEER} ` }).internalClient).toBe(PEER)
  })

  it.each(['nosuch.invalid', '192.168.1', '192.168.1.10; reboot', 'fe80::1'])(
    'InternalClient %j: 600',
    (text) => {
      expect(codeOf(() => add({ NewInternalClient: text }))).toBe(600)
    },
  )

  it.each(['', '  '])('InternalClient %j: 715, or the caller where igd.emptyClient says so', (text) => {
    expect(codeOf(() => add({ NewInternalClient: text }))).toBe(715)
    expect(add({ NewInternalClient: text }, 2, { emptyClient: 'caller' }).internalClient).toBe(PEER)
  })
})

describe('G13: NewEnabled', () => {
  it.each(['1', 'true', 'yes', 'TRUE', 'Yes', ' 1 '])('%j is on', (text) => {
    expect(codeOf(() => add({ NewEnabled: text }))).toBe('none')
  })

  it.each(['0', 'false', 'no', 'False'])('%j is off: 501', (text) => {
    expect(codeOf(() => add({ NewEnabled: text }))).toBe(501)
  })

  it.each(['', '2', 'on', 'maybe'])('%j is no boolean: 402', (text) => {
    expect(codeOf(() => add({ NewEnabled: text }))).toBe(402)
  })
})

describe('G14: leases', () => {
  it.each([
    ['0', 604_800, 'infinite'],
    ['', 604_800, 'infinite'],
    ['1', 1, 1],
    ['604800', 604_800, 604_800],
    ['604801', 604_800, 604_801],
    ['4294967295', 604_800, 4_294_967_295],
  ])('%j is %s on :2 and %s on :1', (text, second, first) => {
    expect(add({ NewLeaseDuration: text }, 2).lease).toBe(second)
    expect(add({ NewLeaseDuration: text }, 1).lease).toBe(first)
  })

  it('0 is for ever on :2 where igd.zeroLease says so', () => {
    expect(add({ NewLeaseDuration: '0' }, 2, { zeroLease: 'static' }).lease).toBe('infinite')
  })

  it.each(['4294967296', '-1', 'abc', undefined])('%j: 402', (text) => {
    expect(codeOf(() => add({ NewLeaseDuration: text }))).toBe(402)
  })
})

describe('G12: descriptions', () => {
  it.each([
    ['markup is text', `<&>"' ]]>`, `<&>"' ]]>`],
    ['controls go', 'a\tb\r\nc\x7f\x85d', 'abcd'],
    ['what was no character goes', 'a\uFFFDb\uFFFE', 'ab'],
    ['256 stay', 'x'.repeat(256), 'x'.repeat(256)],
    ['the 257th goes', 'x'.repeat(257), 'x'.repeat(256)],
    ['a pair on the edge goes as a whole', 'x'.repeat(255) + '😀', 'x'.repeat(255)],
    ['a pair before the edge stays', 'x'.repeat(254) + '😀y', 'x'.repeat(254) + '😀'],
    ['controls do not count', '\x01'.repeat(300) + 'x', 'x'],
    ['absent is empty', undefined, ''],
  ])('%s', (_name, text, description) => {
    expect(add({ NewPortMappingDescription: text }).description).toBe(description)
  })
})

describe('what is missing is 402, whatever else is wrong', () => {
  const required = Object.keys(ADD).filter((name) => name !== 'NewPortMappingDescription')
  it.each(required)('AddPortMapping without %s', (name) => {
    const wrong = {
      NewExternalPort: '0',
      NewInternalPort: '0',
      NewProtocol: 'SCTP',
      NewRemoteHost: 'name',
      NewInternalClient: '',
      NewEnabled: '0',
    }
    expect(codeOf(() => add({ ...wrong, [name]: undefined }))).toBe(402)
    expect(codeOf(() => addAny({ ...wrong, [name]: undefined }))).toBe(402)
  })

  it.each(Object.keys(KEY))('an entry’s key without %s', (name) => {
    expect(codeOf(() => parseKey(changed({ ...KEY, NewProtocol: 'x' }, { [name]: undefined })))).toBe(402)
  })

  it.each(Object.keys(RANGE))('a range without %s', (name) => {
    expect(codeOf(() => parseRange(changed({ ...RANGE, NewProtocol: 'x' }, { [name]: undefined })))).toBe(402)
  })

  it('an index without NewPortMappingIndex', () => {
    expect(codeOf(() => ui2(new Map(), 'NewPortMappingIndex'))).toBe(402)
  })
})

describe('of several mistakes the first of this list is answered', () => {
  const mistakes = [
    [402, { NewLeaseDuration: 'x' }],
    [715, { NewInternalClient: '' }],
    [732, { NewInternalPort: '0' }],
    [716, { NewExternalPort: '0' }],
    [601, { NewProtocol: 'SCTP' }],
    [600, { NewRemoteHost: 'example.com' }],
    [501, { NewEnabled: '0' }],
  ] as const

  it.each(mistakes.map(([code], first) => [code, first] as const))('%d', (code, first) => {
    const changes = Object.assign({}, ...mistakes.slice(first).map(([, change]) => change)) as Changes
    expect(codeOf(() => add(changes))).toBe(code)
  })
})

describe('keys and ranges', () => {
  it('reads a key', () => {
    expect(parseKey(changed(KEY, { NewRemoteHost: '203.0.113.9', NewProtocol: 'udp' }))).toEqual({
      remoteHost: '203.0.113.9',
      externalPort: 8080,
      protocol: 'UDP',
    })
  })

  it('finds no entry for external port 0: 714', () => {
    expect(codeOf(() => parseKey(changed(KEY, { NewExternalPort: '0' })))).toBe(714)
    expect(codeOf(() => parseKey(changed(KEY, { NewExternalPort: '0', NewProtocol: '' })))).toBe(601)
  })

  it.each([
    ['0', false],
    ['1', true],
    ['yes', true],
    ['false', false],
  ])('reads a range, NewManage %j', (text, manage) => {
    expect(parseRange(changed(RANGE, { NewManage: text }))).toEqual({
      startPort: 2000,
      endPort: 3000,
      protocol: 'UDP',
      manage,
    })
  })

  it('402 for a NewManage that is no boolean', () => {
    expect(codeOf(() => parseRange(changed(RANGE, { NewManage: 'all' })))).toBe(402)
  })
})
