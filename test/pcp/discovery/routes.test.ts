import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultIpv6RouterOf, defaultRouterOf } from '../../../src/pcp/discovery/routes.ts'
import { route, route6, table } from './tables.ts'

describe('RFC 6887 §8.1: the default router', () => {
  it.each([
    ['the one of the WAN', table(route('eth0', '00000000', '01406440')), '64.100.64.1'],
    ['not of another interface', table(route('eth1', '00000000', '0101A8C0')), undefined],
    [
      'not one that is a network',
      table(route('eth0', '0001A8C0', '0101A8C0', '0003', 0, '00FFFFFF')),
      undefined,
    ],
    ['not one without a gateway', table(route('eth0', '00000000', '00000000', '0001')), undefined],
    [
      'the one with the least metric',
      table(
        route('eth0', '00000000', '0101A8C0', '0003', 200),
        route('eth0', '00000000', '0201A8C0', '0003', 100),
      ),
      '192.168.1.2',
    ],
    ['none in an empty table', '', undefined],
  ])('C-8.1-1: %s', (_what, routes, router) => {
    expect(defaultRouterOf(routes, 'eth0')).toBe(router)
  })

  const ROUTER = 'fe800000000000000000000000000001'
  it.each([
    ['the one of the WAN', route6('eth0', ROUTER), 'fe80::1'],
    ['not of another interface', route6('eth1', ROUTER), undefined],
    [
      'not the kernel’s own unreachable route',
      route6('lo', '0'.repeat(32), '00200200', 'ffffffff'),
      undefined,
    ],
    ['not one without a gateway', route6('eth0', '0'.repeat(32), '00000001'), undefined],
    ['not one that is a network', route6('eth0', ROUTER, '00000003', '00000400', '40'), undefined],
    [
      'the one with the least metric',
      [
        route6('eth0', ROUTER, '00450003', '00000400'),
        route6('eth0', '20010db8000000000000000000000001', '00000003', '00000100'),
      ].join('\n'),
      '2001:db8::1',
    ],
  ])('C-8.1-1: by IPv6 %s', (_what, routes, router) => {
    expect(defaultIpv6RouterOf(routes, 'eth0')).toBe(router)
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        defaultRouterOf(text, 'eth0')
        defaultIpv6RouterOf(text, 'eth0')
      }),
    )
  })
})
