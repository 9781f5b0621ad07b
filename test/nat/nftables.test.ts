import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { NatRule } from '../../src/core/ports.ts'
import { port, seconds } from '../../src/lib/units.ts'
import { NftablesNat } from '../../src/nat/nftables.ts'
import { settle, VirtualClock } from '../support/virtual-clock.ts'
import { FakeKernel } from '../support/fake-kernel.ts'
import { ipv4, OPTIONS, rule } from './rules.ts'

const HOUR = 3600 * 1000

let clock: VirtualClock
let kernel: FakeKernel
let reserved: string
let said: string[]
let nat: NftablesNat

function fresh(): NftablesNat {
  const say = (_fields: object, message: string) => void said.push(message)
  const log = { debug: say, info: say, warn: say, error: say }
  const reservedPorts = {
    read: () => Promise.resolve(`${reserved}\n`),
    write: (list: string) => Promise.resolve(void (reserved = list)),
  }
  return new NftablesNat(OPTIONS, { clock, spawn: kernel.spawn, log, reservedPorts })
}

beforeEach(async () => {
  clock = new VirtualClock()
  kernel = new FakeKernel(clock)
  reserved = ''
  said = []
  nat = fresh()
  await nat.start()
  kernel.scripts.length = 0
  kernel.conntracks.length = 0
})

/** Lets programs come to their end. No time passes. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await settle()
}

const inbound = () => kernel.elements?.['inbound']
const outbound = () => kernel.elements?.['outbound']
const HOST = 'udp . 50000: 192.168.1.10 . 4000'
const OTHER = 'udp . 50001: 192.168.1.11 . 4000'
const other = (change: Partial<NatRule> = {}) =>
  rule({ wanPort: port(50001), client: ipv4('192.168.1.11'), external: undefined, ...change })

describe('NftablesNat', () => {
  it('R6970-5.5-1: sets, replaces and removes what stands at a WAN port', async () => {
    await nat.set(rule(), seconds(600))
    expect(kernel.elements).toEqual({
      inbound: [HOST],
      outbound: ['udp . 192.168.1.10 . 4000: 50000'],
      hairpin: ['udp . 203.0.113.7 . 6000: 192.168.1.10 . 4000'],
      hairpinned: ['udp . 192.168.1.10 . 4000'],
    })
    await nat.set(rule({ client: ipv4('192.168.1.12'), remoteHosts: [ipv4('198.51.100.1')] }), seconds(600))
    expect(kernel.elements).toEqual({
      inbound: ['udp . 50000: 192.168.1.12 . 4000'],
      outbound: ['udp . 192.168.1.12 . 4000: 50000'],
      hairpinned: ['udp . 192.168.1.12 . 4000'],
      filtered: ['udp . 50000'],
      peers: ['udp . 50000 . 198.51.100.1'],
    })
    await nat.remove('UDP', port(50000))
    expect(kernel.elements).toEqual({})
  })

  it('R6970-5.5-6: forwards for the timeout, counted from the last set', async () => {
    await nat.set(rule(), seconds(600))
    await clock.advance(599_000)
    await nat.set(rule(), seconds(600))
    await clock.advance(599_000)
    expect(inbound()).toEqual([HOST])
    await clock.advance(1_000)
    expect(inbound()).toBeUndefined()
  })

  it('forwards longer than an element can last', async () => {
    await nat.set(rule(), seconds(2 ** 32 - 1))
    await nat.set(other(), seconds(30 * 3600))
    for (let hour = 1; hour <= 29; hour++) {
      await clock.advance(HOUR)
      await quiet()
    }
    expect(inbound()).toEqual([HOST, OTHER])
    await clock.advance(HOUR)
    expect(inbound()).toEqual([HOST])
  })

  it('removing what is not there is fine and costs nothing', async () => {
    await nat.remove('TCP', port(50000))
    expect([kernel.scripts, kernel.conntracks]).toEqual([[], []])
  })

  it('two WAN ports of one host and port: the older is what the host sends by, then the other', async () => {
    await nat.set(rule(), seconds(600))
    await nat.set(rule({ wanPort: port(50001) }), seconds(600))
    expect(outbound()).toEqual(['udp . 192.168.1.10 . 4000: 50000'])
    await nat.set(rule(), seconds(600))
    expect(outbound()).toEqual(['udp . 192.168.1.10 . 4000: 50000'])
    await nat.remove('UDP', port(50000))
    expect(outbound()).toEqual(['udp . 192.168.1.10 . 4000: 50001'])
  })

  it('two WAN ports of one host and port: one that expired makes room at the next set', async () => {
    await nat.set(rule(), seconds(60))
    await nat.set(rule({ wanPort: port(50001) }), seconds(600))
    await clock.advance(60_000)
    expect(outbound()).toBeUndefined()
    await nat.set(rule({ wanPort: port(50001) }), seconds(600))
    expect(outbound()).toEqual(['udp . 192.168.1.10 . 4000: 50001'])
  })

  it('all changes of a moment are one transaction', async () => {
    await Promise.all([
      nat.set(rule(), seconds(600)),
      nat.set(other(), seconds(600)),
      nat.remove('UDP', port(50000)),
    ])
    expect(kernel.scripts).toHaveLength(1)
    expect(inbound()).toEqual([OTHER])
  })

  it('a change that the kernel refuses does not cost those that came with it', async () => {
    kernel.objection = (script) => (script.includes('192.168.1.11') ? 'Device or resource busy' : undefined)
    const results = await Promise.allSettled([
      nat.set(rule(), seconds(600)),
      nat.set(other(), seconds(600)),
      nat.set(rule({ protocol: 'TCP' }), seconds(600)),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(results[1]).toMatchObject({ reason: { message: 'nft: Device or resource busy' } })
    expect(inbound()).toEqual([HOST, 'tcp . 50000: 192.168.1.10 . 4000'])
  })

  it('a refused change leaves what stood there', async () => {
    await nat.set(rule(), seconds(600))
    kernel.objection = () => 'Out of memory'
    await expect(nat.set(rule({ client: ipv4('192.168.1.11') }), seconds(600))).rejects.toThrow(
      'Out of memory',
    )
    await expect(nat.remove('UDP', port(50000))).rejects.toThrow('Out of memory')
    kernel.objection = () => undefined
    expect(inbound()).toEqual([HOST])
    await nat.remove('UDP', port(50000))
    expect(kernel.elements).toEqual({})
  })

  it('no order of changes and expiries is refused, nor leaves a stray element', async () => {
    const step = fc.record({
      wanPort: fc.integer({ min: 50000, max: 50003 }).map(port),
      clientPort: fc.constantFrom(4000, 4001).map(port),
      externalPort: fc.constantFrom(6000, 6001).map(port),
      remoteHosts: fc.subarray([ipv4('198.51.100.1'), ipv4('198.51.100.2')]),
      timeout: fc.constantFrom(0, 1, 5, 600).map(seconds),
      pass: fc.constantFrom(0, 0, 1000, 5000),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        kernel = new FakeKernel(clock)
        said = []
        const nat = fresh()
        await nat.start()
        const wanted = new Map<number, { to: string; until: number }>()
        for (const { pass, timeout, externalPort, ...change } of steps) {
          await clock.advance(pass)
          const external = { address: ipv4('203.0.113.7'), port: externalPort }
          if (timeout > 0) await nat.set(rule({ ...change, external }), timeout)
          else await nat.remove('UDP', change.wanPort)
          const to = `udp . ${change.wanPort}: 192.168.1.10 . ${change.clientPort}`
          wanted.set(change.wanPort, { to, until: clock.now() + timeout * 1000 })
          const live = [...wanted.values()].filter(({ until }) => until > clock.now())
          expect([...(inbound() ?? [])].sort()).toEqual(live.map((w) => w.to).sort())
        }
        for (const wanPort of wanted.keys()) await nat.remove('UDP', port(wanPort))
        expect([kernel.elements, said]).toEqual([{}, []])
        await nat.stop({ removeTable: true })
      }),
      { numRuns: 60 },
    )
  })
})

describe('NftablesNat and a kernel that is not as it was left', () => {
  const ANEW = 'table ip igd_pcp is made anew, as a change of it failed'

  it('makes the table anew at the next change', async () => {
    await nat.set(rule(), seconds(600))
    kernel.flush()
    await nat.set(other(), seconds(600))
    expect(inbound()).toEqual([HOST, OTHER])
    expect(said).toEqual([ANEW])
  })

  it('does not bring back what has expired', async () => {
    await nat.set(rule(), seconds(60))
    await clock.advance(60_000)
    await quiet()
    kernel.flush()
    await nat.set(other(), seconds(600))
    expect(inbound()).toEqual([OTHER])
  })

  it('makes it anew within 30 s without any change, and leaves it alone when all is well', async () => {
    await nat.set(rule(), seconds(600))
    await clock.advance(30_000)
    await quiet()
    expect(said).toEqual([])
    kernel.flush()
    await clock.advance(30_000)
    await quiet()
    expect([inbound(), said]).toEqual([[HOST], [ANEW]])
  })

  it('goes on looking where the table cannot be made, until it can', async () => {
    kernel.flush()
    kernel.objection = () => 'Operation not permitted'
    await clock.advance(30_000)
    await quiet()
    expect(said.at(-1)).toBe('table ip igd_pcp cannot be made: mappings do not work')
    kernel.objection = () => undefined
    await clock.advance(30_000)
    await quiet()
    expect(kernel.elements).toEqual({})
  })

  const kill = () => {
    for (const child of kernel.running) child.kill()
  }
  const killAtWork = () => {
    kernel.objection = () => {
      kernel.objection = () => undefined
      kill()
      return 'lost'
    }
  }

  it.each([
    ['is killed', kill],
    ['is killed while it works', killAtWork],
  ])('loses no change when nft -i %s', async (_name, accident) => {
    await nat.set(rule(), seconds(600))
    accident()
    await nat.set(other(), seconds(600))
    expect(inbound()).toEqual([HOST, OTHER])
    await nat.remove('UDP', port(50000))
    expect(inbound()).toEqual([OTHER])
    expect(kernel.scripts.at(-1)?.by).toBe('-i')
  })

  it('loses no change when nft -i does not answer', async () => {
    await nat.set(rule(), seconds(600))
    kernel.silent = true
    const change = nat.set(other(), seconds(600))
    await quiet()
    await clock.advance(5_000)
    await change
    expect(inbound()).toEqual([HOST, OTHER])
  })

  it('starts nft for each change where it has no interactive mode', async () => {
    kernel.missing.add('nft -i')
    await nat.set(rule(), seconds(600))
    await nat.set(other(), seconds(600))
    expect(kernel.scripts.map(({ by }) => by)).toEqual(['-f', '-f'])
    expect(said).toEqual(['nft -i does not work here: nft is started for each change'])
    expect(inbound()).toEqual([HOST, OTHER])
  })

  it('takes a new nft -i after a thousand lines', async () => {
    for (let i = 0; i < 1_001; i++) await nat.set(rule(), seconds(600))
    expect(new Set(kernel.scripts.map(({ by }) => by))).toEqual(new Set(['-i']))
    expect(kernel.interactiveStarts).toBe(2)
    expect(kernel.running.size).toBe(1)
  })
})

describe('NftablesNat and running flows', () => {
  const FLOWS = [
    'udp      17 29 src=198.51.100.9 dst=100.64.0.2 sport=7000 dport=50000 src=192.168.1.10 dst=198.51.100.9 sport=4000 dport=7000 [ASSURED] mark=0 use=1',
    'udp      17 29 src=192.168.1.11 dst=198.51.100.9 sport=4000 dport=50000 src=198.51.100.9 dst=100.64.0.2 sport=50000 dport=4000 mark=0 use=1',
  ]
  const LISTED = '-L -f ipv4 --any-nat'
  const CUT =
    '-D -f ipv4 -p udp --reply-src 192.168.1.10 --reply-port-src 4000 --dst-nat --orig-port-dst 50000'

  beforeEach(async () => {
    kernel.flows = FLOWS
    await nat.set(rule(), seconds(600))
  })

  it.each([
    ['a removal', () => nat.remove('UDP', port(50000)), [LISTED, CUT]],
    ['another host', () => nat.set(rule({ client: ipv4('192.168.1.12') }), seconds(600)), [LISTED, CUT]],
    ['another port', () => nat.set(rule({ clientPort: port(4001) }), seconds(600)), [LISTED, CUT]],
    [
      'other remote hosts',
      () => nat.set(rule({ remoteHosts: [ipv4('198.51.100.1')] }), seconds(600)),
      [LISTED, CUT],
    ],
    ['a reconciliation without it', () => nat.reconcile([]), [LISTED, CUT]],
    ['a renewal', () => nat.set(rule(), seconds(1200)), []],
    ['another external port', () => nat.set(rule({ external: undefined }), seconds(600)), []],
    ['a reconciliation with it', () => nat.reconcile([{ rule: rule(), timeout: seconds(600) }]), []],
  ])('%s', async (_name, change, expected) => {
    await change()
    expect(kernel.conntracks).toEqual(expected)
  })

  it('lists once for all that ends at the same moment', async () => {
    await nat.set(other(), seconds(600))
    await Promise.all([nat.remove('UDP', port(50000)), nat.remove('UDP', port(50001))])
    expect(kernel.conntracks).toEqual([LISTED, CUT])
  })

  it('a change that is refused cuts nothing', async () => {
    kernel.objection = () => 'Out of memory'
    await expect(nat.remove('UDP', port(50000))).rejects.toThrow('Out of memory')
    expect(kernel.conntracks).toEqual([])
  })

  it('what the kernel did not let go goes with the next change, and its flows too', async () => {
    kernel.objection = () => 'Out of memory'
    await expect(nat.remove('UDP', port(50000))).rejects.toThrow('Out of memory')
    await expect(nat.set(other(), seconds(600))).rejects.toThrow('Out of memory')
    kernel.objection = () => undefined
    await nat.set(other(), seconds(600))
    expect(kernel.elements?.['inbound']).toEqual(['udp . 50001: 192.168.1.11 . 4000'])
    expect(kernel.conntracks).toEqual([LISTED, CUT])
  })

  it('or within half a minute, though nothing else changes, and its flows too', async () => {
    kernel.objection = () => 'Out of memory'
    await expect(nat.remove('UDP', port(50000))).rejects.toThrow('Out of memory')
    kernel.objection = () => undefined
    await clock.advance(30_000)
    expect(kernel.elements?.['inbound']).toBeUndefined()
    expect(kernel.conntracks).toEqual([LISTED, CUT])
  })

  it('and is not there again when the table is made anew', async () => {
    kernel.objection = () => 'Out of memory'
    await expect(nat.remove('UDP', port(50000))).rejects.toThrow('Out of memory')
    kernel.objection = () => undefined
    kernel.flush()
    await clock.advance(30_000)
    expect(kernel.elements?.['inbound']).toBeUndefined()
  })
})

describe('NftablesNat, from start to stop', () => {
  it('replaces the table of an earlier run by the rules it is given', async () => {
    await nat.set(rule(), seconds(600))
    await nat.stop({ removeTable: false })
    expect(inbound()).toEqual([HOST])
    await fresh().start([{ rule: other(), timeout: seconds(60) }])
    expect(inbound()).toEqual([OTHER])
  })

  it('what an earlier run left goes on for the time it has left, and not for longer', async () => {
    await nat.set(rule(), seconds(600))
    await nat.set(other(), seconds(7200))
    await clock.advance(590_000)
    await fresh().start([
      { rule: rule(), timeout: seconds(3600) },
      { rule: other(), timeout: seconds(3600) },
    ])
    await clock.advance(11_000)
    expect(inbound()).toEqual([OTHER])
    await clock.advance(6_600_000)
    expect(inbound()).toBeUndefined()
  })

  it('what the kernel has lost meanwhile is made anew', async () => {
    await nat.set(rule(), seconds(600))
    kernel.flush()
    await fresh().start([{ rule: rule(), timeout: seconds(3600) }])
    expect(inbound()).toEqual([HOST])
    await clock.advance(3_601_000)
    expect(inbound()).toBeUndefined()
  })

  it('another PCP server of the operator: the rules are about that one, and what is mapped goes on', async () => {
    await nat.set(rule(), seconds(600))
    kernel.scripts.length = 0
    await nat.setServers([{ address: ipv4('100.64.0.1'), port: 15351 }])
    expect(kernel.scripts.map(({ text }) => text.includes('100.64.0.1 . 15351'))).toEqual([true])
    expect(inbound()).toEqual([HOST])
  })

  it('reconcile makes the given rules the only ones, in one transaction', async () => {
    await nat.set(rule(), seconds(600))
    kernel.scripts.length = 0
    await nat.reconcile([{ rule: other(), timeout: seconds(60) }])
    expect([kernel.scripts.length, inbound()]).toEqual([1, [OTHER]])
    await nat.remove('UDP', port(50001))
    expect(kernel.elements).toEqual({})
  })

  it.each([
    ['stays', false, {}, '49152-57343'],
    ['goes when asked', true, undefined, ''],
  ])('at the end the table %s, and no process is left', async (_name, removeTable, elements, ports) => {
    await nat.set(rule(), seconds(600))
    await nat.remove('UDP', port(50000))
    await nat.stop({ removeTable })
    await clock.advance(HOUR)
    expect([kernel.elements, reserved, kernel.running.size]).toEqual([elements, ports, 0])
  })

  it.each([
    ['is made where the table stays', false, {}],
    ['makes no table anew that is gone', true, undefined],
  ])('a change that comes after the end %s, and leaves no process', async (_name, removeTable, elements) => {
    await nat.set(rule(), seconds(600))
    await nat.stop({ removeTable })
    await nat.remove('UDP', port(50000))
    await quiet()
    expect([kernel.elements, kernel.running.size]).toEqual([elements, 0])
  })

  it.each([
    ['without nft', () => kernel.missing.add('nft'), 'nft is not installed: install the package nftables'],
    [
      'without the right',
      () => (kernel.objection = () => 'Operation not permitted'),
      'nft: Operation not permitted (root or CAP_NET_ADMIN is needed)',
    ],
  ])('%s it says so, before and at the start', async (_name, lack, message) => {
    lack()
    expect(await fresh().preflight()).toBe(message)
    await expect(fresh().start()).rejects.toThrow(message)
  })

  it('preflight makes nothing', async () => {
    await nat.stop({ removeTable: true })
    expect(await fresh().preflight()).toBeUndefined()
    expect(kernel.elements).toBeUndefined()
  })
})
