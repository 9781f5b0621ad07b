import { describe, expect, it } from 'vitest'
import type { Support } from '../../src/core/status.ts'
import { type Outside, statusOf } from '../../src/core/status-view.ts'
import type { AddRequest } from '../../src/core/types.ts'
import { millis, port, seconds } from '../../src/lib/units.ts'
import { Counters } from '../../src/metrics/counters.ts'
import { add, coreBench, caller, key } from '../support/core-bench.ts'
import { type FakeCarrier, ip } from '../support/fake-carrier.ts'

const COUNTS = new Counters().counts()

const ignores = (carrier: FakeCarrier) => {
  carrier.ignorePreferFailure = true
}

function bench() {
  const core = coreBench()
  const startedAt = core.clock.now()
  const outside: Outside = {
    date: new Date('2026-01-02T03:04:05.678Z'),
    daemon: { version: '1.2.3', startedAt },
    lans: [{ interface: 'lan0', ipAddress: '192.168.1.1', prefixLength: 24 }],
    wan: { interface: 'wan0', ipAddress: '100.64.0.2' },
    nat: { mode: 'nftables' },
    server: {
      address: '192.0.2.1:5351',
      source: 'static',
      protocol: 'PCP',
      reachable: true,
      heardAt: startedAt,
      epoch: { server: 1000, client: startedAt },
    },
    counters: COUNTS,
    events: [],
    refusal: undefined,
    natFailure: undefined,
    unwritable: undefined,
    rival: undefined,
    mostEntries: 512,
  }
  const read = (over: Partial<Outside> = {}) => statusOf(core, { ...outside, ...over })
  return { ...core, read }
}

describe('the status', () => {
  it.each([
    ['E23: a mapping that the carrier has for ever of its own is marked as such', 3600, 0xffff_ffff, true],
    ['E1: not one that was asked for, for ever', 'infinite', 0xffff_ffff, false],
    ['nor one that lasts as long as others', 3600, 86_400, false],
  ] as const)('%s', async (_what, lease, granted, carrierStatic) => {
    const { answered, carrier, iwf, read } = bench()
    const map = carrier.map.bind(carrier)
    carrier.map = async (request, signal) => {
      const outcome = await map(request, signal)
      return outcome.kind === 'granted' ? { ...outcome, lifetime: seconds(granted) } : outcome
    }
    await answered(
      iwf.addPortMapping(add({ lease: lease === 'infinite' ? lease : seconds(lease) }), caller()),
    )
    expect(read().mappings).toMatchObject([{ carrierStatic, static: false, lifetime: 86_400 }])
  })

  it('before anything happened', () => {
    expect(bench().read()).toMatchObject({
      version: 1,
      time: '2026-01-02T03:04:05.678Z',
      daemon: { version: '1.2.3', uptime: 0 },
      health: { severity: 'waiting' },
      problems: [],
      connectionStatus: 'Connecting',
      externalIpAddress: null,
      carrierQuota: null,
      options: { PREFER_FAILURE: 'unknown', FILTER: 'unknown' },
      mappings: [],
    })
  })

  it('shows a mapping with both leases and the next renewal', async () => {
    const { answered, carrier, clock, context, iwf, read } = bench()
    carrier.maxLifetime = 1200
    await answered(iwf.addPortMapping(add({ description: 'a <b>' }), caller()))
    await clock.advance(100_000)
    const { externalIpAddress, health, mappings } = read()
    expect(externalIpAddress).toBe('203.0.114.1')
    expect(health.severity).toBe('ok')
    expect(mappings).toEqual([
      {
        protocol: 'TCP',
        internalIpAddress: '192.168.1.10',
        internalPort: 8080,
        wanPort: context.table.at('TCP', port(8080))?.claim.wanPort,
        externalIpAddress: '203.0.114.1',
        externalPort: 8080,
        status: 'assigned',
        static: false,
        carrierStatic: false,
        state: 'ACTIVE',
        lifetime: 1200,
        lifetimeLeft: 1100,
        nextRenewal: expect.any(Number) as number,
        entries: [{ remoteHost: '', description: 'a <b>', lease: 3600, leaseLeft: 3500 }],
      },
    ])
    // RFC 6887 §11.2.1: the first renewal falls between 1/2 and 5/8 of the lifetime.
    expect(mappings[0]?.nextRenewal).toBeGreaterThanOrEqual(500)
    expect(mappings[0]?.nextRenewal).toBeLessThanOrEqual(650)
  })

  it('a lease that never ends is 0, as in GetGenericPortMappingEntry', async () => {
    const { answered, iwf, read } = bench()
    await answered(iwf.addPortMapping(add({ lease: 'infinite' }), caller()))
    expect(read().mappings[0]?.entries[0]).toMatchObject({ lease: 0, leaseLeft: 0 })
  })

  it('two entries of one port are one mapping', async () => {
    const { answered, iwf, read } = bench()
    await answered(iwf.addPortMapping(add({ remoteHost: ip('198.51.100.1') }), caller()))
    await answered(iwf.addPortMapping(add({ remoteHost: ip('198.51.100.2') }), caller()))
    expect(read().mappings.map(({ entries }) => entries.map(({ remoteHost }) => remoteHost))).toEqual([
      ['198.51.100.1', '198.51.100.2'],
    ])
  })

  it('a mapping that lapsed is stale, with nothing left of its lifetime', async () => {
    const { answered, carrier, clock, iwf, read } = bench()
    carrier.maxLifetime = 120
    await answered(iwf.addPortMapping(add(), caller()))
    carrier.silent = true
    await clock.advance(130_000)
    expect(read().mappings[0]).toMatchObject({ status: 'stale', state: 'LAPSED', lifetimeLeft: 0 })
  })

  it('what was deleted is gone', async () => {
    const { answered, iwf, read } = bench()
    await answered(iwf.addPortMapping(add(), caller()))
    await answered(iwf.deletePortMapping(key(), caller()))
    expect(read().mappings).toEqual([])
  })

  it.each<[string, (carrier: FakeCarrier) => void, Partial<AddRequest>, readonly [Support, Support]]>([
    ['took', () => undefined, {}, ['supported', 'unknown']],
    ['took both', () => undefined, { remoteHost: ip('198.51.100.1') }, ['supported', 'supported']],
    ['refused', (carrier) => carrier.unsupported.add('PREFER_FAILURE'), {}, ['refused', 'unknown']],
    ['obeyed by refusing', (carrier) => carrier.taken.add(8080), {}, ['supported', 'unknown']],
    ['E19: says to have and does not obey', ignores, {}, ['unknown', 'unknown']],
  ])('an option that the server %s', async (_what, prepare, over, [preferFailure, filter]) => {
    const { answered, carrier, iwf, read } = bench()
    prepare(carrier)
    await answered(iwf.addPortMapping(add(over), caller()).catch(() => undefined))
    expect(read().options).toEqual({ PREFER_FAILURE: preferFailure, FILTER: filter })
  })

  it('what one server has says nothing of another', async () => {
    const { answered, events, iwf, read } = bench()
    await answered(iwf.addPortMapping(add(), caller()))
    events.switched()
    expect(read().options.PREFER_FAILURE).toBe('unknown')
  })

  it('the epoch of the server goes on while nobody asks', async () => {
    const { clock, read } = bench()
    await clock.advance(61_000)
    expect(read().server).toEqual({
      address: '192.0.2.1:5351',
      source: 'static',
      protocol: 'PCP',
      reachable: true,
      lastAnswer: 61,
      epoch: 1061,
    })
  })

  it('a server that was never heard, and none at all', () => {
    const { clock, read } = bench()
    const silent = { address: 'a', source: 'static', protocol: 'PCP', reachable: true } as const
    const server = { ...silent, heardAt: undefined, epoch: undefined }
    expect(read({ server }).server).toMatchObject({ lastAnswer: null, epoch: null })
    expect(read({ server: undefined }).server).toBeNull()
    expect(read({ daemon: { version: 'x', startedAt: millis(clock.now() - 1999) } }).daemon.uptime).toBe(1)
  })

  it('is plain data: JSON holds all of it', async () => {
    const { answered, iwf, read } = bench()
    await answered(iwf.addPortMapping(add({ lease: seconds(60) }), caller()))
    const status = read()
    expect(JSON.parse(JSON.stringify(status))).toEqual(status)
  })
})
