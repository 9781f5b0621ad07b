import { beforeEach, describe, expect, it } from 'vitest'
import { type LeaseDisk, LeaseWatch } from '../../../src/lan/leases/lease-watch.ts'
import { ipv4 as ip } from '../../pcp/literals.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'

const DNSMASQ = '/var/lib/misc/dnsmasq.leases'
const KEA = '/var/lib/kea/kea-leases4.csv'
const HOST = ip('192.168.1.10')

const dnsmasq = (...hosts: [address: string, last: string][]) =>
  hosts.map(([address, last]) => `1795351575 02:00:00:00:00:${last} ${address} * *\n`).join('')
const BOTH = dnsmasq([HOST, '0a'], ['192.168.1.20', '0b'])
const ONE = dnsmasq(['192.168.1.20', '0b'])

const HEADER = 'address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state\n'
const kea = (...rows: [address: string, lifetime: number][]) =>
  HEADER + rows.map(([address, life]) => `${address},02:00:00:00:00:0a,,${life},1,1,0,0,,0\n`).join('')

/** A disk in memory that tells of changes. */
class FakeDisk implements LeaseDisk {
  readonly files = new Map<string, string | Error>()
  readonly watches = new Map<string, Set<(name: string | undefined) => void>>()
  reads = 0
  watchable = true
  full = false

  isFull(): Promise<boolean> {
    return Promise.resolve(this.full)
  }

  read(path: string): Promise<string | undefined> {
    this.reads++
    const content = this.files.get(path)
    return content instanceof Error ? Promise.reject(content) : Promise.resolve(content)
  }

  watch(directory: string, changed: (name: string | undefined) => void): Disposable | undefined {
    if (!this.watchable) return undefined
    const watches = this.watches.get(directory) ?? new Set()
    this.watches.set(directory, watches.add(changed))
    return { [Symbol.dispose]: () => void watches.delete(changed) }
  }

  write(path: string, content: string): void {
    this.files.set(path, content)
    this.touch(path)
  }

  touch(path: string): void {
    const at = path.lastIndexOf('/')
    for (const changed of [...(this.watches.get(path.slice(0, at)) ?? [])]) changed(path.slice(at + 1))
  }
}

let clock: VirtualClock
let disk: FakeDisk
let ended: string[]
let lines: string[]
let watch: LeaseWatch

function start(...paths: string[]) {
  const line = (level: string) => (_fields: object, message: string) => void lines.push(`${level} ${message}`)
  const log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
  watch = new LeaseWatch({ clock, log, disk }, paths)
  watch.start(({ address, successor }) =>
    ended.push(successor === undefined ? address : `${address} ${successor}`),
  )
  return clock.advance(1000)
}

beforeEach(() => {
  clock = new VirtualClock()
  disk = new FakeDisk()
  ended = []
  lines = []
})

describe('a file that a full disk did not take', () => {
  it.each([
    ['emptied', ''],
    ['cut off in a line', BOTH.slice(0, BOTH.length - 10)],
    ['cut off in its first line', BOTH.slice(0, 20)],
  ])('%s: ends no lease, for as long as it stays so', async (_what, content) => {
    disk.files.set(DNSMASQ, BOTH)
    await start(DNSMASQ)
    disk.write(DNSMASQ, content)
    await clock.advance(3_600_000)
    expect(ended).toEqual([])
    disk.write(DNSMASQ, BOTH)
    await clock.advance(1000)
    expect(ended).toEqual([])
  })

  it('what is missing when it is whole again has ended', async () => {
    disk.files.set(DNSMASQ, BOTH)
    await start(DNSMASQ)
    disk.write(DNSMASQ, '')
    await clock.advance(60_000)
    disk.write(DNSMASQ, ONE)
    await clock.advance(1000)
    expect(ended).toEqual([HOST])
  })

  it('the only lease: emptied on a full disk ends nothing, until the server has written again', async () => {
    disk.files.set(DNSMASQ, ONE)
    await start(DNSMASQ)
    disk.full = true
    disk.write(DNSMASQ, '')
    await clock.advance(60_000)
    disk.full = false
    await clock.advance(60_000)
    disk.touch(DNSMASQ)
    await clock.advance(1000)
    expect([ended, watch.isLeased(ip('192.168.1.20'))]).toEqual([[], true])
    disk.write(DNSMASQ, ONE)
    await clock.advance(1000)
    disk.write(DNSMASQ, '')
    await clock.advance(1000)
    expect(ended).toEqual(['192.168.1.20'])
  })

  it('the only lease there was ends with an empty file', async () => {
    disk.files.set(DNSMASQ, ONE)
    await start(DNSMASQ)
    disk.write(DNSMASQ, '')
    await clock.advance(1000)
    expect(ended).toEqual(['192.168.1.20'])
  })
})

describe('R6970-5.10-1: a released lease is told within a second', () => {
  it('of dnsmasq, whose file is written in place', async () => {
    disk.files.set(DNSMASQ, BOTH)
    await start(DNSMASQ)
    disk.write(DNSMASQ, ONE)
    await clock.advance(1000)
    expect(ended).toEqual([HOST])
    expect([watch.isLeased(HOST), watch.isLeased(ip('192.168.1.20'))]).toEqual([false, true])
  })

  it('of Kea, which appends a row', async () => {
    disk.files.set(KEA, kea([HOST, 3600]))
    await start(KEA)
    disk.write(KEA, kea([HOST, 3600], [HOST, 0]))
    await clock.advance(1000)
    expect(ended).toEqual([HOST])
  })

  it('where the system tells of no changes', async () => {
    disk.watchable = false
    disk.files.set(DNSMASQ, BOTH)
    await start(DNSMASQ)
    disk.write(DNSMASQ, ONE)
    await clock.advance(1000)
    expect(ended).toEqual([HOST])
  })

  it('after the directory was made anew', async () => {
    disk.files.set(DNSMASQ, BOTH)
    await start(DNSMASQ)
    disk.watches.clear()
    await clock.advance(10_000)
    disk.write(DNSMASQ, ONE)
    await clock.advance(1000)
    expect(ended).toEqual([HOST])
  })
})

it('R6970-5.10-1: an address leased to another host is told with the successor', async () => {
  disk.files.set(DNSMASQ, BOTH)
  await start(DNSMASQ)
  disk.write(DNSMASQ, dnsmasq([HOST, '0c'], ['192.168.1.20', '0b']))
  await clock.advance(1000)
  expect(ended).toEqual([`${HOST} 02:00:00:00:00:0c`])
})

it('a file caught while it is written anew ends nothing', async () => {
  disk.files.set(DNSMASQ, BOTH)
  await start(DNSMASQ)
  disk.write(DNSMASQ, '')
  await clock.advance(150)
  disk.write(DNSMASQ, BOTH.slice(0, 20))
  await clock.advance(100)
  disk.write(DNSMASQ, BOTH)
  await clock.advance(60_000)
  expect(ended).toEqual([])
})

it('a file that goes and comes back with other leases ends nothing', async () => {
  disk.files.set(DNSMASQ, BOTH)
  await start(DNSMASQ)
  disk.files.delete(DNSMASQ)
  disk.touch(DNSMASQ)
  await clock.advance(1000)
  disk.write(DNSMASQ, ONE)
  await clock.advance(60_000)
  expect(ended).toEqual([])
  expect(lines).toContain('info a DHCP lease file is gone')
})

it('Kea cleans its file up: what it held lies in the files beside it', async () => {
  disk.files.set(KEA, kea([HOST, 3600], ['192.168.1.20', 3600]))
  await start(KEA)
  disk.files.set(`${KEA}.1`, kea([HOST, 3600], ['192.168.1.20', 3600]))
  disk.write(KEA, kea())
  await clock.advance(1000)
  disk.write(KEA, kea(['192.168.1.20', 0]))
  await clock.advance(1000)
  disk.files.set(`${KEA}.completed`, kea([HOST, 3600], ['192.168.1.20', 3600]))
  disk.files.delete(`${KEA}.1`)
  disk.touch(KEA)
  await clock.advance(1000)
  expect(ended).toEqual(['192.168.1.20'])
})

it('a file that appears later is found', async () => {
  await start(DNSMASQ, KEA)
  expect(lines).toEqual([])
  disk.files.set(DNSMASQ, BOTH)
  await clock.advance(15_000)
  expect(watch.isLeased(HOST)).toBe(true)
  disk.write(DNSMASQ, ONE)
  await clock.advance(1000)
  expect(ended).toEqual([HOST])
})

it.each<[string, string | Error, string]>([
  [
    'cannot be opened',
    new Error('EACCES'),
    'warn a DHCP lease file cannot be read; leases that end are not noticed',
  ],
  [
    'is something else',
    'hello world\n',
    'warn a DHCP lease file cannot be read; leases that end are not noticed',
  ],
  ['has strange lines', `${BOTH}what is this?\n`, 'warn a DHCP lease file has lines that cannot be read'],
])('a file that %s is one line, however often it is read', async (_what, content, expected) => {
  disk.files.set(DNSMASQ, content)
  await start(DNSMASQ)
  await clock.advance(60_000)
  expect(lines).toEqual([expected])
  expect(ended).toEqual([])
})

it('other files of the directory do not matter', async () => {
  disk.files.set('/tmp/dhcp.leases', BOTH)
  await start('/tmp/dhcp.leases')
  const before = disk.reads
  for (let n = 0; n < 100; n++) disk.touch(`/tmp/file${n}`)
  await clock.advance(5000)
  expect(disk.reads).toBe(before)
})

it('a file that changes all the time is read ten times a second at most', async () => {
  disk.files.set(DNSMASQ, BOTH)
  await start(DNSMASQ)
  const before = disk.reads
  for (let n = 0; n < 1000; n++) {
    disk.touch(DNSMASQ)
    await clock.advance(10)
  }
  expect(disk.reads - before).toBeLessThanOrEqual(100)
})

it('after stop nothing is read or watched', async () => {
  disk.files.set(DNSMASQ, BOTH)
  await start(DNSMASQ)
  watch.stop()
  const before = disk.reads
  disk.touch(DNSMASQ)
  await clock.advance(60_000)
  expect([disk.reads, clock.pending, [...disk.watches.values()].every(({ size }) => size === 0)]).toEqual([
    before,
    0,
    true,
  ])
})
