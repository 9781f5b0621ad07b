import { describe, expect, it, vi } from 'vitest'
import dns from 'node:dns'
import { RESULT_CODE } from '../../src/pcp/wire/constants.ts'
import { seconds } from '../../src/lib/units.ts'
import { C1, C2, type Arguments, igdBench } from '../support/igd-bench.ts'
import { settle } from '../support/virtual-clock.ts'

// Numbers 1 to 8 and 13 to 15 of the 25 nasty tests: adds, as two control points and the carrier see them.

type Bench = Awaited<ReturnType<typeof igdBench>>

const VERSIONS = [1, 2] as const
/** The carrier's view: internal ports that MAP was asked for, deletes aside. */
const asked = ({ requests }: Bench) => requests.filter(({ lifetime }) => lifetime > 0)

describe('G1: internal ports', () => {
  it.each([
    ['0', 402, 732],
    ['1', 718, 606],
    ['1023', 718, 606],
    ['1024', 200, 200],
  ])('%s is %d on :1 and %d on :2', async (NewInternalPort, first, second) => {
    const bench = await igdBench()
    expect((await bench.add({ NewInternalPort }, { facade: 1 })).code).toBe(first)
    expect((await bench.add({ NewInternalPort }, { facade: 2 })).code).toBe(second)
    expect((await bench.addAny({ NewInternalPort })).code).toBe(second)
  })
})

describe('G2 G3 E26: hosts are addresses, and the DNS is never asked', () => {
  it.each<readonly [string, Arguments, number]>([
    ['both wrong', { NewInternalClient: '', NewRemoteHost: 'example.com' }, 715],
    ['RemoteHost is a name', { NewRemoteHost: 'example' }, 600],
    ['InternalClient is a name', { NewInternalClient: 'nosuch.invalid' }, 600],
  ])('%s: answered in no time', async (_name, args, code) => {
    const lookups = (['lookup', 'resolve', 'resolve4', 'resolve6', 'resolveAny'] as const).map((name) =>
      vi.spyOn(dns, name),
    )
    const bench = await igdBench()
    const before = bench.clock.now()
    expect((await bench.add(args)).code).toBe(code)
    expect(bench.clock.now()).toBe(before)
    expect(bench.requests).toEqual([])
    for (const lookup of lookups) expect(lookup).not.toHaveBeenCalled()
    vi.restoreAllMocks()
  })

  it('a call that waits for the carrier keeps nobody else waiting', async () => {
    const bench = await igdBench()
    await bench.add()
    bench.carrier.responder.faults.dropRequests = 1
    const slow = bench.sendSoap('AddPortMapping', { ...FULL, NewExternalPort: '8081' })
    await settle()
    const before = bench.clock.now()
    expect((await bench.soap('GetExternalIPAddress', {}, { by: C2 })).code).toBe(200)
    expect(bench.clock.now()).toBe(before)
    await bench.clock.advance(30_000)
    expect((await slow).code).toBe(501)
  })
})

const FULL = {
  NewRemoteHost: '',
  NewExternalPort: '8080',
  NewProtocol: 'TCP',
  NewInternalPort: '8000',
  NewInternalClient: C1,
  NewEnabled: '1',
  NewPortMappingDescription: 'web',
  NewLeaseDuration: '3600',
}

describe('G4: external ports', () => {
  it.each([
    ['0', 716],
    ['*', 716],
    ['70000', 402],
    ['-1', 402],
    ['80abc', 402],
    ['', 402],
    [' 8080 ', 200],
  ])('AddPortMapping of %j: %d', async (NewExternalPort, code) => {
    const bench = await igdBench()
    for (const facade of VERSIONS) expect((await bench.add({ NewExternalPort }, { facade })).code).toBe(code)
    expect(bench.held()).toEqual(code === 200 ? [8080] : [])
  })

  it.each(['0', '*'])('AddAnyPortMapping of %j gets the port that the carrier assigned', async (wish) => {
    const bench = await igdBench()
    const { code, out } = await bench.addAny({ NewExternalPort: wish })
    expect(code).toBe(200)
    expect(bench.held()).toEqual([Number(out['NewReservedPort'])])
    expect(bench.requests[0]?.options).toEqual([])
  })
})

describe('G5: protocols', () => {
  it('tcp is TCP', async () => {
    const bench = await igdBench()
    await bench.add({ NewProtocol: 'tcp' })
    const { out } = await bench.soap('GetGenericPortMappingEntry', { NewPortMappingIndex: '0' })
    expect(out['NewProtocol']).toBe('TCP')
  })

  it.each(['', 'SCTP', 'TCP,UDP'])('%j is 601, 402 on :1, and deletes nothing', async (NewProtocol) => {
    const bench = await igdBench()
    await bench.add()
    for (const [facade, code] of [
      [1, 402],
      [2, 601],
    ] as const) {
      expect((await bench.add({ NewProtocol }, { facade })).code).toBe(code)
      const key = { NewRemoteHost: '', NewExternalPort: '8080', NewProtocol }
      expect((await bench.soap('DeletePortMapping', key, { facade })).code).toBe(code)
    }
    expect(bench.shown()).toEqual([8080])
  })
})

describe('G6: a port of another host', () => {
  it.each(VERSIONS)('is 718 on :%d, and the carrier hears nothing of it', async (facade) => {
    const bench = await igdBench()
    await bench.add()
    expect((await bench.add({}, { by: C2, facade })).code).toBe(718)
    expect((await bench.add({ NewRemoteHost: '198.51.100.1' }, { by: C2, facade })).code).toBe(718)
    expect(asked(bench)).toHaveLength(1)
  })

  it('is another port for AddAnyPortMapping', async () => {
    const bench = await igdBench()
    await bench.add()
    const { code, out } = await bench.addAny({}, { by: C2 })
    expect([code, bench.shown().length]).toEqual([200, 2])
    expect(out['NewReservedPort']).not.toBe('8080')
  })
})

it('G7: AddAnyPortMapping again keeps the port: one mapping, one entry, two steps', async () => {
  const bench = await igdBench()
  const ports = [await bench.addAny(), await bench.addAny()].map(({ out }) => out['NewReservedPort'])
  expect(ports).toEqual(['8080', '8080'])
  expect(bench.held()).toEqual([8080])
  expect(bench.iwf.systemUpdateId()).toBe(2)
  expect(bench.iwf.portMappingNumberOfEntries()).toBe(1)
})

describe('G8: another LAN port for the same external port', () => {
  const without = { wanPorts: undefined } as const

  it('behind NAT the router does it', async () => {
    const bench = await igdBench()
    await bench.add()
    expect((await bench.add({ NewInternalPort: '9000' })).code).toBe(200)
    expect([...bench.nat.rules.values()].map(({ rule }) => rule.clientPort)).toEqual([9000])
    expect(asked(bench)).toHaveLength(1)
  })

  it('without NAT the old mapping is deleted and a new one made', async () => {
    const bench = await igdBench(without)
    await bench.add()
    expect((await bench.add({ NewInternalPort: '9000' })).code).toBe(200)
    const mappings = bench.carrier.responder.mappings()
    expect(mappings.map(({ internalPort }) => internalPort)).toEqual([9000])
    const { out } = await bench.soap('GetGenericPortMappingEntry', { NewPortMappingIndex: '0' })
    expect(out['NewInternalPort']).toBe('9000')
  })

  it('without NAT, and the carrier refusing: the old one is there again', async () => {
    const bench = await igdBench(without)
    await bench.add()
    const isNew = (lifetime: number, port: number) => lifetime > 0 && port === 9000
    bench.carrier.responder.faults.result = {
      code: RESULT_CODE.NETWORK_FAILURE,
      lifetime: 1,
      times: 1,
      when: ({ body, lifetime }) => body.opcode === 'MAP' && isNew(lifetime, body.map.internalPort),
    }
    expect((await bench.add({ NewInternalPort: '9000' })).code).toBe(501)
    await bench.clock.advance(5000)
    expect(bench.held()).toEqual([8080])
    const { out } = await bench.soap('GetGenericPortMappingEntry', { NewPortMappingIndex: '0' })
    expect(out['NewInternalPort']).toBe('8000')
  })
})

describe('G13: NewEnabled', () => {
  it.each(['0', 'false', 'no'])('%j is 501, and nothing is sent', async (NewEnabled) => {
    const bench = await igdBench()
    for (const facade of VERSIONS) expect((await bench.add({ NewEnabled }, { facade })).code).toBe(501)
    expect(bench.requests).toEqual([])
    expect(bench.shown()).toEqual([])
  })

  it.each(['true', 'yes'])('%j is on', async (NewEnabled) => {
    const bench = await igdBench()
    expect((await bench.add({ NewEnabled })).code).toBe(200)
    const { out } = await bench.soap('GetGenericPortMappingEntry', { NewPortMappingIndex: '0' })
    expect(out['NewEnabled']).toBe('1')
  })
})

describe('G14: leases', () => {
  const leaseShown = async (bench: Bench, facade: 1 | 2) =>
    (await bench.soap('GetGenericPortMappingEntry', { NewPortMappingIndex: '0' }, { facade })).out[
      'NewLeaseDuration'
    ]

  it.each<readonly [string, string, string]>([
    ['0', '604800', '0'],
    ['1', '1', '1'],
    ['604800', '604800', '604800'],
    ['604801', '604800', '604801'],
    ['4294967295', '604800', '4294967295'],
    ['', '604800', '0'],
  ])('%j is %s on :2 and %s on :1', async (NewLeaseDuration, second, first) => {
    for (const [facade, shown] of [
      [1, first],
      [2, second],
    ] as const) {
      const bench = await igdBench()
      expect((await bench.add({ NewLeaseDuration }, { facade })).code).toBe(200)
      expect(await leaseShown(bench, facade)).toBe(shown)
      for (const { lifetime } of asked(bench)) expect(lifetime).toBeLessThanOrEqual(0xffffffff)
    }
  })

  it('more than a ui4 is 402', async () => {
    const bench = await igdBench()
    for (const facade of VERSIONS)
      expect((await bench.add({ NewLeaseDuration: '4294967296' }, { facade })).code).toBe(402)
  })

  it('R6970-5.9-2: for ever is the largest lifetime there is', async () => {
    const bench = await igdBench()
    await bench.add({ NewLeaseDuration: '0' }, { facade: 1 })
    expect(bench.requests[0]?.lifetime).toBe(0xffffffff)
  })

  it('a :1 lease of more than a week reads as a week on :2, which knows no longer one', async () => {
    const bench = await igdBench()
    await bench.add({ NewLeaseDuration: '1000000' }, { facade: 1 })
    expect(await leaseShown(bench, 1)).toBe('1000000')
    expect(await leaseShown(bench, 2)).toBe('604800')
    const range = { NewStartPort: '0', NewEndPort: '65535', NewProtocol: 'TCP', NewManage: '0' }
    const { out } = await bench.soap('GetListOfPortMappings', { ...range, NewNumberOfPorts: '0' })
    expect(out['NewPortListing']).toContain('<p:NewLeaseTime>604800<')
  })

  it('E14: falls, and at its end the entry is gone: one event, and the carrier is told', async () => {
    const bench = await igdBench()
    await bench.add({ NewLeaseDuration: '600' })
    const events = await bench.subscribe()
    await bench.clock.advance(200_000)
    expect(Number(await leaseShown(bench, 2))).toBe(400)
    expect(events).toHaveLength(1)
    await bench.clock.advance(401_000)
    expect(await leaseShown(bench, 2)).toBeUndefined()
    expect(events.slice(1)).toEqual([{ PortMappingNumberOfEntries: '0', SystemUpdateID: '2' }])
    expect(bench.requests.at(-1)?.lifetime).toBe(0)
    expect(bench.held()).toEqual([])
  })
})

describe('G15: what the carrier grants and refuses', () => {
  it('R6970-4.1-5: a short lifetime is renewed before its half is over, the lease goes on', async () => {
    const bench = await igdBench({ settings: { maxLifetime: seconds(120) } })
    await bench.add()
    await bench.clock.advance(75_000)
    expect(asked(bench)).toHaveLength(2)
    const { out } = await bench.soap('GetGenericPortMappingEntry', { NewPortMappingIndex: '0' })
    expect(Number(out['NewLeaseDuration'])).toBe(3600 - 75)
  })

  it('silence is 501 within 30 s', async () => {
    const bench = await igdBench()
    bench.carrier.responder.faults.dropRequests = 1
    const before = bench.clock.now()
    expect((await bench.add()).code).toBe(501)
    expect(bench.clock.now() - before).toBeLessThan(30_000)
  })

  const failed = [501, 501] as const
  /** Of RFC 6970 §4.3: what :1 and :2 answer to AddPortMapping, and what :2 answers to AddAnyPortMapping. */
  const answers: Readonly<Record<number, readonly [number, number, number?]>> = {
    2: [718, 606],
    8: [501, 728],
    10: [501, 728],
    11: [718, 718, 728],
  }
  const codes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 24, 200, 255]
  it.each(codes.map((code) => [code, answers[code] ?? failed] as const))(
    'R6970-4.3-1 R6970-4.3-2: result %d is %j',
    async (code, [first, second, any = second]) => {
      for (const [facade, want] of [
        [1, first],
        [2, second],
      ] as const) {
        const bench = await igdBench()
        bench.carrier.responder.faults.result = { code, lifetime: 30, times: Infinity }
        expect((await bench.add({}, { facade })).code).toBe(want)
        expect(bench.nat.rules.size).toBe(0)
      }
      const bench = await igdBench()
      bench.carrier.responder.faults.result = { code, lifetime: 30, times: Infinity }
      expect((await bench.addAny()).code).toBe(any)
    },
  )

  it('R6970-4.3-1: result 0 is 200', async () => {
    expect((await (await igdBench()).add()).code).toBe(200)
  })

  it('R6970-5.7-4 E6: CANNOT_PROVIDE_EXTERNAL is 714 for GetSpecificPortMappingEntry', async () => {
    const bench = await igdBench({ probe: true })
    bench.carrier.responder.faults.result = { code: 11, lifetime: 30, times: Infinity }
    const key = { NewRemoteHost: '', NewExternalPort: '8080', NewProtocol: 'TCP' }
    for (const facade of VERSIONS)
      expect((await bench.soap('GetSpecificPortMappingEntry', key, { facade })).code).toBe(714)
  })
})
