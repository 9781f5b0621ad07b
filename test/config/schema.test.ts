import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { KEYS } from '../../src/config/keys.ts'
import { fromText, tomlType } from '../../src/config/text-value.ts'

function keyOf(name: string) {
  const key = KEYS.find((candidate) => candidate.name === name)
  if (!key) throw new Error(`no key ${name}`)
  return key
}

describe('every key', () => {
  it.each(KEYS.map((key) => [key.name, key] as const))(
    '%s says what it means and why',
    (_name, { about }) => {
      expect(about.meaning).toMatch(/^[A-Za-z].*\.$/)
      expect(about.why).toMatch(/^[A-Z].*\.$/)
    },
  )

  it('has a variable of its own', () => {
    const variables = KEYS.map(({ variable }) => variable)
    expect(new Set(variables).size).toBe(KEYS.length)
    expect(variables).toContain('IGD_PCP_PCP_MAX_LIFETIME')
    expect(variables).toContain('IGD_PCP_IGD_UPSTREAM_BPS')
  })

  it.each([
    ['lan.interfaces', 'array'],
    ['access.rules', 'array'],
    ['igd.default', 'number'],
    ['igd.zeroLease', 'string'],
    ['pcp.maxLifetime', 'number'],
    ['access.addRate', 'number'],
    ['nat.ports', 'string'],
    ['nat.allowLanPcp', 'boolean'],
  ])('%s is a TOML %s', (name, type) => {
    expect(tomlType(keyOf(name).schema)).toBe(type)
  })
})

describe('values', () => {
  it.each([
    ['lan.interfaces', ['br-lan', 'eth0.2', 'wlan0_1']],
    ['lan.routed', ['10.9.0.0/16', '10.0.0.0/8', '192.168.7.9']],
    ['lan.leases', []],
    ['lan.leases', ['/tmp/dhcp.leases', 'leases']],
    ['wan.interface', 'pppoe-wan'],
    ['nat.ports', '1024-65535'],
    ['pcp.maxLifetime', 120],
    ['pcp.maxLifetime', 2 ** 32 - 1],
    ['igd.friendlyName', 'Пинг <&> "büro"'],
    ['igd.manufacturerUrl', 'https://example.com/a?b=c'],
    ['igd.uuid', '01234567-89AB-cdef-0123-456789abcdef'],
    ['access.total', 65535],
    ['access.addRate', 0.1],
    ['control.path', `/${'x'.repeat(106)}`],
  ])('%s may be %j', (name, value) => {
    expect(v.is(keyOf(name).schema, value)).toBe(true)
  })

  it.each([
    ['lan.interfaces', 'br-lan'],
    ['lan.interfaces', []],
    ['lan.interfaces', ['a', 'a']],
    ['lan.routed', ['0.0.0.0/0']],
    ['lan.routed', ['10.0.0.0/7']],
    ['lan.routed', ['fd00::/8']],
    ['lan.routed', ['guests']],
    ['lan.leases', '/tmp/dhcp.leases'],
    ['lan.leases', ['/tmp/a', '/tmp/a']],
    ['lan.leases', ['/tmp/a\n']],
    ['wan.interface', ''],
    ['wan.interface', 'sixteen-letters-'],
    ['wan.interface', '..'],
    ['wan.interface', 'a/b'],
    ['wan.interface', 'a"; flush ruleset'],
    ['wan.interface', 'eth0\n'],
    ['nat.ports', '1023-2000'],
    ['nat.ports', '1024-65536'],
    ['nat.ports', '2000-1999'],
    ['pcp.maxLifetime', 119],
    ['pcp.maxLifetime', 2 ** 32],
    ['igd.default', 3],
    ['igd.default', '1'],
    ['igd.friendlyName', ''],
    ['igd.friendlyName', 'x'.repeat(64)],
    ['igd.friendlyName', 'a\u0000b'],
    ['igd.friendlyName', 'a\u0085b'],
    ['igd.modelUrl', 'javascript:alert(1)'],
    ['igd.modelUrl', 'http://a b'],
    ['igd.uuid', 'uuid:01234567-89ab-cdef-0123-456789abcdef'],
    ['igd.upstreamBps', 0],
    ['access.refusedPorts', ['3389-1']],
    ['access.addRate', 0],
    ['access.perHost', 1.5],
    ['state.dir', ''],
    ['state.dir', '/tmp/a\nb'],
    ['control.path', `/${'x'.repeat(107)}`],
    ['control.path', `/${'ж'.repeat(54)}`],
    ['http.port', 0],
    ['log.level', 'trace'],
  ])('%s may not be %j', (name, value) => {
    expect(v.is(keyOf(name).schema, value)).toBe(false)
  })

  it.each([
    ['igd.uuid', '01234567-89AB-cdef-0123-456789abcdef', '01234567-89ab-cdef-0123-456789abcdef'],
    ['nat.ports', '49152-50000', { first: 49152, last: 50000 }],
    ['lan.routed', ['10.9.0.0/16'], [{ address: '10.9.0.0', length: 16 }]],
  ])('%s reads %j as %j', (name, value, expected) => {
    expect(v.parse(keyOf(name).schema, value)).toEqual(expected)
  })
})

describe('text of a flag or a variable', () => {
  it.each([
    ['http.port', '80', 80],
    ['http.port', '0x50', '0x50'],
    ['http.port', ' 80', ' 80'],
    ['http.port', '-1', '-1'],
    ['access.addRate', '2.5', 2.5],
    ['nat.allowLanPcp', 'true', true],
    ['nat.allowLanPcp', 'false', false],
    ['nat.allowLanPcp', '1', '1'],
    ['lan.interfaces', 'a,b', ['a', 'b']],
    ['lan.interfaces', ' a , b ', ['a', 'b']],
    ['lan.interfaces', 'a,,b', ['a', '', 'b']],
    ['lan.interfaces', '', []],
    ['igd.modelNumber', '007', '007'],
  ])('%s: %j is %j in TOML', (name, text, expected) => {
    expect(fromText(keyOf(name).schema, text)).toEqual(expected)
  })
})
