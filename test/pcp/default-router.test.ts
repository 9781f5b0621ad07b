import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultRouterOf } from '../../src/pcp/default-router.ts'

const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT'
const route = (
  name: string,
  destination: string,
  gateway: string,
  flags = '0003',
  metric = 0,
  mask = '00000000',
) => [name, destination, gateway, flags, 0, 0, metric, mask, 0, 0, 0].join('\t')
const table = (...routes: string[]) => [HEAD, ...routes, ''].join('\n')

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

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void defaultRouterOf(text, 'eth0')))
  })
})
