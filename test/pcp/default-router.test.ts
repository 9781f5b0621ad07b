import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Announcements } from '../../src/pcp/announcements.ts'
import { DefaultRouter, defaultRouterOf } from '../../src/pcp/default-router.ts'
import { seeded } from '../support/dice.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { FakeSocket } from './fake-wire.ts'

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

/** A router whose routes a test changes. */
function following(first: string | Error) {
  const clock = new VirtualClock()
  const lines: string[] = []
  const asked: string[] = []
  const line = (_fields: object, message: string) => void lines.push(message)
  const kernel = { routes: first }
  const changes: number[] = []
  const router = new DefaultRouter({
    clock,
    random: seeded(1),
    wan: 'eth0',
    routes: () =>
      kernel.routes instanceof Error ? Promise.reject(kernel.routes) : Promise.resolve(kernel.routes),
    natPmp: 'auto',
    log: { debug: line, info: line, warn: line, error: line },
    secret: new Uint8Array(32),
    announcements: new Announcements(),
    connect: ({ address, port }) => {
      asked.push(`${address}:${port}`)
      return Promise.resolve(new FakeSocket(clock))
    },
    events: {
      switched: () => undefined,
      lost: () => undefined,
      lostState: () => undefined,
      returned: () => undefined,
      doubtful: () => undefined,
      mappingUpdate: () => undefined,
    },
  })
  const open = () => router.open({ heard: () => undefined, unreachable: () => undefined })
  router.follow(() => {
    changes.push(clock.now())
    void open()
  })
  return { asked, changes, clock, kernel, lines, open, router }
}

const VIA_1 = table(route('eth0', '00000000', '0101A8C0'))
const VIA_2 = table(route('eth0', '00000000', '0201A8C0'))
const NONE = table()

describe('the default router as the PCP server', () => {
  it('C-8.1-1: is asked at port 5351', async () => {
    const { asked, lines, open } = following(VIA_1)
    expect(await open()).toBeDefined()
    expect(asked).toEqual(['192.168.1.1:5351'])
    expect(lines).toEqual(['the default router is the PCP server'])
  })

  it('another one is told of within 30 s, once', async () => {
    const { asked, changes, clock, kernel, open } = following(VIA_1)
    await open()
    await clock.advance(60_000)
    expect(changes).toEqual([])
    kernel.routes = VIA_2
    await clock.advance(30_000)
    expect(asked).toEqual(['192.168.1.1:5351', '192.168.1.2:5351'])
    await clock.advance(300_000)
    expect(changes).toHaveLength(1)
  })

  it('one that is gone is no change until another is there', async () => {
    const { asked, changes, clock, kernel, lines, open } = following(VIA_1)
    await open()
    kernel.routes = NONE
    await clock.advance(120_000)
    expect(changes).toEqual([])
    expect(lines.filter((said) => said.startsWith('no PCP server'))).toHaveLength(1)
    kernel.routes = VIA_1
    await clock.advance(60_000)
    expect(changes).toEqual([])
    kernel.routes = VIA_2
    await clock.advance(30_000)
    expect(asked).toEqual(['192.168.1.1:5351', '192.168.1.2:5351'])
  })

  it.each([
    ['there is none', NONE, 'no PCP server: the WAN has no default router; give a server with --pcp-server'],
    [
      'there is no table',
      new Error('ENOENT'),
      'no PCP server: the routes cannot be read; give one with --pcp-server',
    ],
  ])('where %s one line says so, and the next time it may be there', async (_what, routes, said) => {
    const { asked, clock, kernel, lines, open } = following(routes)
    expect(await open()).toBeUndefined()
    await clock.advance(300_000)
    expect(await open()).toBeUndefined()
    expect(lines).toEqual([said])
    kernel.routes = VIA_1
    expect(await open()).toBeDefined()
    expect(asked).toEqual(['192.168.1.1:5351'])
  })

  it('is not looked for after stop', async () => {
    const { changes, clock, kernel, open, router } = following(VIA_1)
    await open()
    router.stop()
    kernel.routes = VIA_2
    await clock.advance(300_000)
    expect(changes).toEqual([])
  })
})
