import { beforeEach, describe, expect, it } from 'vitest'
import { HostWatch } from '../../src/lan/host-watch.ts'
import { LeaseWatch } from '../../src/lan/leases/lease-watch.ts'
import type { Ipv4Address } from '../../src/lib/ip.ts'
import type { MacAddress } from '../../src/lib/mac.ts'
import { ipv4 as ip } from '../pcp/literals.ts'
import { mac } from '../support/fake-hosts.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const HOST = ip('192.168.1.10')
const MAC = mac('02:00:00:00:00:0a')

const row = (address: string, hardware: string, device = 'lan') =>
  `${address}  0x1  0x2  ${hardware}  *  ${device}\n`
const table = (...rows: string[]) => `IP address  HW type  Flags  HW address  Mask  Device\n${rows.join('')}`

let clock: VirtualClock
let arp: string | Error
let leaseFile: string | undefined
let reads: number
let warnings: string[]
let hosts: Map<Ipv4Address, MacAddress | undefined>
let gone: string[]
let watch: HostWatch

beforeEach(() => {
  clock = new VirtualClock()
  arp = table(row(HOST, MAC))
  leaseFile = undefined
  reads = 0
  warnings = []
  hosts = new Map([[HOST, MAC]])
  gone = []
  const ignore = () => undefined
  const warn = (_fields: object, message: string) => void warnings.push(message)
  const neighbourTable = () => {
    reads++
    if (arp instanceof Error) throw arp
    return arp
  }
  const log = { debug: ignore, info: ignore, warn, error: ignore }
  const disk = {
    isFull: () => Promise.resolve(false),
    read: () => Promise.resolve(leaseFile),
    watch: () => undefined,
  }
  const leases = new LeaseWatch({ clock, log, disk }, ['/leases'])
  watch = new HostWatch({ clock, log, neighbourTable, leases }, ['lan'])
  watch.start({ hosts: () => hosts, gone: (host, why) => void gone.push(`${host}: ${why}`) })
})

it('an address with another MAC: its host is gone within two seconds', async () => {
  arp = table(row(HOST, '02:00:00:00:00:0b'))
  await clock.advance(2000)
  expect(gone).toEqual(['192.168.1.10: 02:00:00:00:00:0b has its address now, not 02:00:00:00:00:0a'])
})

it.each([
  ['has the same MAC', table(row(HOST, MAC))],
  ['is not in the table', table()],
  ['has another MAC on another interface', table(row(HOST, '02:00:00:00:00:0b', 'wan'))],
])('a host that %s is not gone', async (_what, next) => {
  arp = next
  await clock.advance(10_000)
  expect(gone).toEqual([])
})

it('a host whose MAC was never known is not gone', async () => {
  hosts.set(HOST, undefined)
  await clock.advance(10_000)
  expect(gone).toEqual([])
})

it('while nobody has mappings nothing is read', async () => {
  hosts.clear()
  await clock.advance(60_000)
  expect(reads).toBe(0)
})

it('a host that is silent keeps what it has', async () => {
  arp = table()
  await clock.advance(3_600_000)
  expect([warnings.length, gone.length]).toEqual([0, 0])
})

it('a table that cannot be read is one line, and nobody is gone', async () => {
  arp = new Error('ENOENT')
  await clock.advance(60_000)
  expect(watch.macOf(HOST)).toBeUndefined()
  expect([warnings.length, gone.length]).toEqual([1, 0])
})

it('tells who has an address', () => {
  expect(watch.macOf(HOST)).toBe(MAC)
})

describe('isNeighbour', () => {
  it.each([
    ['an address that is answered for', table(row(HOST, MAC)), true],
    ['one that nobody answers for', `${table()}${HOST}  0x1  0x0  00:00:00:00:00:00  *  lan\n`, false],
    ['one that is not in the table', table(), false],
    ['one of another interface', table(row(HOST, MAC, 'wan')), false],
    ['any, where there is no table', '', true],
    ['any, where it cannot be read', new Error('ENOENT'), true],
  ])('%s', (_what, next, isNeighbour) => {
    arp = next
    expect(watch.isNeighbour(HOST)).toBe(isNeighbour)
  })
})

it('after stop it looks no more', async () => {
  watch.stop()
  await clock.advance(60_000)
  expect([reads, clock.pending]).toEqual([0, 0])
})

const lease = (address: string, hardware: string) => `1795351575 ${hardware} ${address} * *\n`

describe('R6970-5.10-1: leases', () => {
  it('a host whose lease ended is gone', async () => {
    leaseFile = lease(HOST, MAC)
    await clock.advance(12_000)
    leaseFile = ''
    await clock.advance(1000)
    expect(gone).toEqual(['192.168.1.10: its DHCP lease ended'])
  })

  it('a host whose address is leased to another is gone', async () => {
    leaseFile = lease(HOST, MAC)
    await clock.advance(12_000)
    leaseFile = lease(HOST, '02:00:00:00:00:0b')
    await clock.advance(1000)
    expect(gone).toEqual(['192.168.1.10: 02:00:00:00:00:0b has leased its address'])
  })

  it('what the successor has mapped already is its own', async () => {
    leaseFile = lease(HOST, MAC)
    await clock.advance(12_000)
    const successor = mac('02:00:00:00:00:0b')
    leaseFile = lease(HOST, successor)
    arp = table(row(HOST, successor))
    hosts.set(HOST, successor)
    await clock.advance(5000)
    expect(gone).toEqual([])
  })

  it('a host that a repeater answers for is not gone', async () => {
    leaseFile = lease(HOST, '02:00:00:00:00:0c')
    await clock.advance(60_000)
    expect(gone).toEqual([])
  })

  it('a static host beside leases is not gone', async () => {
    leaseFile = lease('192.168.1.20', '02:00:00:00:00:0b')
    await clock.advance(12_000)
    leaseFile = ''
    await clock.advance(60_000)
    expect(gone).toEqual(['192.168.1.20: its DHCP lease ended'])
  })
})
