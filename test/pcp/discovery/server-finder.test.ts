import { describe, expect, it } from 'vitest'
import { parsePrefix } from '../../../src/lib/ip.ts'
import { type FinderOptions, ServerFinder } from '../../../src/pcp/discovery/server-finder.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { ip } from '../literals.ts'
import { route, table } from './tables.ts'

const DIRECTORY = '/run/hooks'
const V4 = `${DIRECTORY}/eth0.v4`
const V6 = `${DIRECTORY}/eth0.v6`
const VIA_1 = table(route('eth0', '00000000', '0101A8C0'))
const VIA_2 = table(route('eth0', '00000000', '0201A8C0'))

/** A finder on a router whose files and routes a test changes. */
async function finding(
  first: Partial<Omit<FinderOptions, 'routes'>> & {
    files?: [string, string | Error][]
    routes?: string
  } = {},
) {
  const { files = [], routes = table(), ...options } = first
  const clock = new VirtualClock()
  const disk = new Map<string, string | Error>(files)
  const kernel = { routes, reads: 0 }
  const lines: string[] = []
  const line = (_fields: object, message: string) => void lines.push(message)
  const watchers = new Set<() => void>()
  const finder = new ServerFinder({
    clock,
    log: { debug: () => undefined, info: line, warn: line, error: line },
    disk: {
      read: (path) => {
        const content = disk.get(path)
        return content instanceof Error ? Promise.reject(content) : Promise.resolve(content)
      },
      watch: (_directory, changed) => {
        watchers.add(changed)
        return { [Symbol.dispose]: () => void watchers.delete(changed) }
      },
    },
    routes: {
      ipv4: () => {
        kernel.reads++
        return Promise.resolve(kernel.routes)
      },
      ipv6: () => Promise.reject(new Error('ENOENT')),
    },
    wan: 'eth0',
    configured: [],
    directory: DIRECTORY,
    anycast: false,
    networks: () => [parsePrefix('192.168.77.0/24') ?? { address: ip('::'), length: 0 }],
    ...options,
  })
  const seen: string[] = []
  await finder.start(({ source, servers }) => {
    seen.push([source, ...servers.map((server) => server.map(({ address }) => address).join('+'))].join(' '))
    return Promise.resolve()
  })
  /** What a hook writes, or takes away. */
  const hook = (path: string, content?: string) => {
    if (content === undefined) disk.delete(path)
    else disk.set(path, content)
    for (const changed of [...watchers]) changed()
  }
  return { clock, disk, finder, hook, kernel, lines, seen, watchers }
}

describe('finding the PCP server', () => {
  it('C-8.1-1: with a server configured nothing else is looked at', async () => {
    const { clock, kernel, seen } = await finding({
      configured: [{ address: ip('192.0.2.1'), port: 5351 }],
      files: [[V4, '04c0000202']],
      routes: VIA_1,
    })
    await clock.advance(60_000)
    expect(seen).toEqual(['static 192.0.2.1'])
    expect(kernel.reads).toBe(0)
  })

  it('R6970-5.1-1 C-8.1-1 D7291-4: what DHCP names counts, and the routes are not even read', async () => {
    const { clock, kernel, seen } = await finding({ files: [[V4, '04c0000202\n']], routes: VIA_1 })
    await clock.advance(60_000)
    expect(seen).toEqual(['dhcp 192.0.2.2'])
    expect(kernel.reads).toBe(0)
  })

  it('S7488-4-1: several servers of DHCP stand in their order, those of DHCPv6 behind', async () => {
    const files: [string, string][] = [
      [V4, '08c0000201c000020204c0000209\n'],
      [V6, '2001:db8::1 2001:db8::2\n'],
    ]
    const { seen } = await finding({ files })
    expect(seen).toEqual(['dhcp 192.0.2.1+192.0.2.2 192.0.2.9 2001:db8::1+2001:db8::2'])
  })

  it('D7291-3: only what was heard on the WAN counts', async () => {
    const { seen } = await finding({ files: [[`${DIRECTORY}/br-lan.v4`, '04c0000202']] })
    expect(seen).toEqual(['nowhere'])
  })

  it('a change of DHCP is followed at once', async () => {
    const { clock, hook, seen } = await finding({ files: [[V4, '04c0000201\n']] })
    hook(V4, '04c0000202\n')
    await clock.advance(100)
    expect(seen).toEqual(['dhcp 192.0.2.1', 'dhcp 192.0.2.2'])
  })

  it('it is seen also where the system does not tell of changes', async () => {
    const { clock, disk, seen } = await finding({ files: [[V4, '04c0000201\n']] })
    disk.set(V4, '04c0000202\n')
    await clock.advance(6000)
    expect(seen).toEqual(['dhcp 192.0.2.1', 'dhcp 192.0.2.2'])
  })

  it('a lease that is given up and taken again costs nothing', async () => {
    const { clock, hook, seen } = await finding({ files: [[V4, '04c0000201\n']], routes: VIA_1 })
    hook(V4)
    await clock.advance(5000)
    hook(V4, '04c0000201\n')
    await clock.advance(60_000)
    expect(seen).toEqual(['dhcp 192.0.2.1'])
  })

  it('a lease that is given up leaves the default router', async () => {
    const { clock, hook, seen } = await finding({ files: [[V4, '04c0000201\n']], routes: VIA_1 })
    hook(V4)
    await clock.advance(20_000)
    expect(seen).toEqual(['dhcp 192.0.2.1', 'default-router 192.168.1.1'])
  })

  it('a route that stands a moment before DHCP has spoken is not taken for its answer', async () => {
    const { clock, hook, kernel, lines, seen } = await finding()
    expect(lines.filter((line) => line.startsWith('no PCP server is known'))).toHaveLength(1)
    kernel.routes = VIA_1
    await clock.advance(5100)
    hook(V4, '04c0000201\n')
    await clock.advance(10_000)
    expect(seen).toEqual(['nowhere', 'dhcp 192.0.2.1'])
  })

  it('S7723-3-1: another default router is another server; one that is gone for a while is not', async () => {
    const { clock, kernel, seen } = await finding({ routes: VIA_1 })
    kernel.routes = table()
    await clock.advance(30_000)
    kernel.routes = VIA_1
    await clock.advance(30_000)
    kernel.routes = VIA_2
    await clock.advance(30_000)
    expect(seen).toEqual(['default-router 192.168.1.1', 'default-router 192.168.1.2'])
  })

  it.each([
    ['is garbage', 'gopher'],
    ['cannot be read', new Error('EACCES')],
    ['names a LAN host', '04c0a84d42'],
  ])('D7291-3: a file that %s leaves the default router, and one line', async (_what, content) => {
    const { lines, seen } = await finding({ files: [[V4, content]], routes: VIA_1 })
    expect(seen).toEqual(['default-router 192.168.1.1'])
    expect(lines.filter((line) => line === 'DHCP names a PCP server that is not asked')).toHaveLength(1)
  })

  it('says what is wrong with a file once, not at every look', async () => {
    const { clock, lines } = await finding({
      files: [
        [V4, '04c0a84d42'],
        [V6, 'gopher'],
      ],
      routes: VIA_1,
    })
    const before = lines.length
    await clock.advance(60_000)
    expect(lines).toHaveLength(before)
  })

  it('stopped, it looks no more', async () => {
    const { clock, finder, seen, watchers, hook } = await finding()
    finder.stop()
    hook(V4, '04c0000201\n')
    await clock.advance(60_000)
    expect(seen).toEqual(['nowhere'])
    expect(watchers.size).toBe(0)
    expect(clock.pending).toBe(0)
  })
})
