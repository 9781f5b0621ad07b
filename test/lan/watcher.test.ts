import { beforeEach, expect, it } from 'vitest'
import type { Interfaces } from '../../src/lan/interfaces.ts'
import { InterfaceWatcher, type Network } from '../../src/lan/watcher.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const on = (cidr: string) => [
  { address: '', netmask: '', family: 'IPv4' as const, mac: '', internal: false, cidr },
]

const BR0 = on('192.168.1.1/24')
const WAN = on('100.64.0.7/10')

let clock: VirtualClock
let interfaces: Interfaces | Error
let warned: number
let changes: [now: Network, before: Network][]
let watcher: InterfaceWatcher

beforeEach(() => {
  clock = new VirtualClock()
  interfaces = { br0: BR0, wan0: WAN, other: on('10.0.0.1/8') }
  warned = 0
  changes = []
  const read = () => {
    if (interfaces instanceof Error) throw interfaces
    return interfaces
  }
  const log = { debug: () => undefined, info: () => undefined, warn: () => warned++, error: () => undefined }
  watcher = new InterfaceWatcher(
    { clock, log, read },
    { lans: { interfaces: ['br0', 'br1'], routed: [] }, wan: 'wan0' },
    (now, before) => changes.push([now, before]),
  )
})

/** `br0 192.168.1.1/24 wan 100.64.0.7` */
const shown = ({ lans, wan }: Network) =>
  [
    ...lans.map(({ name, address, prefix }) => `${name} ${address}/${prefix.length}`),
    `wan ${wan ?? '-'}`,
  ].join(' ')

it('tells at the start what there is', () => {
  expect(shown(watcher.start())).toBe('br0 192.168.1.1/24 wan 100.64.0.7')
})

it.each<[string, Interfaces, string]>([
  [
    'a LAN appears',
    { br0: BR0, br1: on('10.1.0.1/16'), wan0: WAN },
    'br0 192.168.1.1/24 br1 10.1.0.1/16 wan 100.64.0.7',
  ],
  ['a LAN vanishes', { wan0: WAN }, 'wan 100.64.0.7'],
  ['a LAN loses its address', { br0: [], wan0: WAN }, 'wan 100.64.0.7'],
  [
    'a LAN has another address',
    { br0: on('192.168.9.1/24'), wan0: WAN },
    'br0 192.168.9.1/24 wan 100.64.0.7',
  ],
  ['a LAN has another prefix', { br0: on('192.168.1.1/25'), wan0: WAN }, 'br0 192.168.1.1/25 wan 100.64.0.7'],
  [
    'the WAN has another address',
    { br0: BR0, wan0: on('100.64.0.8/10') },
    'br0 192.168.1.1/24 wan 100.64.0.8',
  ],
  ['the WAN vanishes', { br0: BR0 }, 'br0 192.168.1.1/24 wan -'],
])('%s: told within half a second, once, with what was before', async (_name, next, expected) => {
  watcher.start()
  await clock.advance(10_000)
  interfaces = next
  await clock.advance(500)
  expect(changes.map(([now, before]) => [shown(now), shown(before)])).toEqual([
    [expected, 'br0 192.168.1.1/24 wan 100.64.0.7'],
  ])
  await clock.advance(10_000)
  expect(changes).toHaveLength(1)
})

it('interfaces that are not ours may do what they like', async () => {
  watcher.start()
  interfaces = { br0: BR0, wan0: WAN }
  await clock.advance(10_000)
  expect(changes).toEqual([])
})

it('a look that fails is reported, changes nothing, and the next one counts again', async () => {
  watcher.start()
  interfaces = new Error('EPERM')
  await clock.advance(500)
  expect([warned, changes.length]).toEqual([1, 0])
  interfaces = { br0: BR0 }
  await clock.advance(500)
  expect(changes).toHaveLength(1)
})

it('the first look fails loudly', () => {
  interfaces = new Error('EPERM')
  expect(() => watcher.start()).toThrow('EPERM')
})

it('after stop it looks no more', async () => {
  watcher.start()
  watcher.stop()
  interfaces = {}
  await clock.advance(10_000)
  expect(changes).toEqual([])
  expect(clock.pending).toBe(0)
})
