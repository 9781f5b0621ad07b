import { describe, expect, it } from 'vitest'
import { parseAccessRule } from '../../src/config/access-rule.ts'

const rule = (
  allow: boolean,
  external: [number, number],
  client: [string, number],
  internal: [number, number],
) => ({
  allow,
  externalPorts: { first: external[0], last: external[1] },
  clients: { address: client[0], length: client[1] },
  internalPorts: { first: internal[0], last: internal[1] },
  callers: undefined,
})

describe('access.rules, the permission lines of miniupnpd', () => {
  it.each([
    [
      'allow 1024-65535 192.168.3.0/24 1024-65535',
      rule(true, [1024, 65535], ['192.168.3.0', 24], [1024, 65535]),
    ],
    ['allow 22 192.168.4.33/32 22', rule(true, [22, 22], ['192.168.4.33', 32], [22, 22])],
    ['deny 0-65535 0.0.0.0/0 0-65535', rule(false, [0, 65535], ['0.0.0.0', 0], [0, 65535])],
    ['allow 80 192.168.1.5 8080', rule(true, [80, 80], ['192.168.1.5', 32], [8080, 8080])],
    ['deny 1-2 192.168.1.1/255.255.255.0 3-4', rule(false, [1, 2], ['192.168.1.1', 24], [3, 4])],
    ['deny 1-2 10.0.0.0/255.128.0.0 3-4', rule(false, [1, 2], ['10.0.0.0', 9], [3, 4])],
    ['deny 1-2 10.0.0.0/255.255.255.255 3-4', rule(false, [1, 2], ['10.0.0.0', 32], [3, 4])],
    [' \tallow\t1  10.0.0.1   2 ', rule(true, [1, 1], ['10.0.0.1', 32], [2, 2])],
  ])('reads %j', (line, expected) => {
    expect(parseAccessRule(line)).toEqual({ ok: true, value: expected })
  })

  it.each([
    ['192.168.1.5', { address: '192.168.1.5', length: 32 }],
    ['192.168.1.5/255.255.255.0', { address: '192.168.1.5', length: 24 }],
  ])('reads who asks: by %s', (hosts, callers) => {
    expect(parseAccessRule(`allow 1 10.0.0.1 2 by ${hosts}`)).toEqual({
      ok: true,
      value: { ...rule(true, [1, 1], ['10.0.0.1', 32], [2, 2]), callers },
    })
  })

  it.each([
    ['allow 1 10.0.0.1 1 by', 'must read'],
    ['allow 1 10.0.0.1 1 by 10.0.0.1 10.0.0.2', 'must read'],
    ['allow 1 10.0.0.1 1 BY 10.0.0.1', 'must read'],
    ['allow 1 10.0.0.1 1 by nas.example', '"nas.example" must be an IPv4 address'],
    ['', 'must read'],
    ['allow', 'must read'],
    ['allow 1 10.0.0.1', 'must read'],
    ['allow 1 10.0.0.1 1 ^game', 'description pattern is not supported'],
    ['permit 1 10.0.0.1 1', 'begin with "allow" or "deny"'],
    ['ALLOW 1 10.0.0.1 1', 'begin with "allow" or "deny"'],
    ['allow 2-1 10.0.0.1 1', 'external ports "2-1"'],
    ['allow 65536 10.0.0.1 1', 'external ports "65536"'],
    ['allow 1- 10.0.0.1 1', 'external ports "1-"'],
    ['allow -1 10.0.0.1 1', 'external ports "-1"'],
    ['allow 1 10.0.0.1 1-99999', 'internal ports "1-99999"'],
    ['allow 1 10.0.0.1 0x10', 'internal ports "0x10"'],
    ['allow 1 10.0.0/24 1', '"10.0.0/24" must be an IPv4 address'],
    ['allow 1 10.0.0.0/33 1', '"10.0.0.0/33"'],
    ['allow 1 10.0.0.0/ 1', '"10.0.0.0/"'],
    ['allow 1 10.0.0.0/24/8 1', '"10.0.0.0/24/8"'],
    ['allow 1 10.0.0.0/255.0.255.0 1', '"10.0.0.0/255.0.255.0"'],
    ['allow 1 2001:db8::/32 1', '"2001:db8::/32"'],
    ['allow 1 ::ffff:10.0.0.1 1', '"::ffff:10.0.0.1"'],
    ['allow 1 nas.example 1', '"nas.example"'],
  ])('refuses %j and says why', (line, why) => {
    const result = parseAccessRule(line)
    expect(result.ok ? '' : result.why).toContain(why)
  })
})
