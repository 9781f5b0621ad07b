import { describe, expect, it } from 'vitest'
import { FREE } from '../support/core-bench.ts'
import { type Arguments, C1, C2, igdBench } from '../support/igd-bench.ts'

// Where IGD:1 and IGD:2, the norms and the field differ, and what is not one of the 25 tests already.

type Bench = Awaited<ReturnType<typeof igdBench>>

const KEY = { NewRemoteHost: '', NewExternalPort: '8080', NewProtocol: 'TCP' }

const first = async (bench: Bench, facade: 1 | 2 = 2) =>
  (await bench.soap('GetGenericPortMappingEntry', { NewPortMappingIndex: '0' }, { facade })).out

describe('one mistake, in the codes of both versions', () => {
  it.each<readonly [string, Arguments, number, number]>([
    ['no lease', { NewLeaseDuration: undefined }, 402, 402],
    ['RemoteHost is a name', { NewRemoteHost: 'example.com' }, 402, 600],
    ['RemoteHost is no host', { NewRemoteHost: '0.0.0.0' }, 402, 600],
    ['InternalClient is empty', { NewInternalClient: '' }, 402, 715],
    ['InternalClient is a name', { NewInternalClient: 'nas' }, 402, 600],
    ['InternalClient is the broadcast', { NewInternalClient: '192.168.1.255', NewProtocol: 'UDP' }, 718, 606],
    ['InternalClient is everybody', { NewInternalClient: '255.255.255.255' }, 718, 606],
    ['InternalClient is nobody', { NewInternalClient: '0.0.0.0' }, 718, 606],
    ['InternalClient is the router', { NewInternalClient: '192.168.1.1' }, 718, 606],
    ['InternalClient is loopback', { NewInternalClient: '127.0.0.1' }, 718, 606],
    ['InternalClient is on the Internet', { NewInternalClient: '8.8.8.8' }, 718, 606],
    ['a protocol that is none', { NewProtocol: 'SCTP' }, 402, 601],
    ['a privileged external port', { NewExternalPort: '22' }, 718, 606],
  ])('%s: %d on :1 and %d on :2', async (_name, args, one, two) => {
    const bench = await igdBench()
    for (const [facade, code] of [
      [1, one],
      [2, two],
    ] as const) {
      expect((await bench.add(args, { facade })).code).toBe(code)
    }
    expect((await bench.addAny(args)).code).toBe(two)
    expect(bench.requests).toEqual([])
  })
})

describe('what is let pass', () => {
  it.each<readonly [string, Arguments, Readonly<Record<string, string>>]>([
    ['blanks around InternalClient', { NewInternalClient: ` ${C1} ` }, { NewInternalClient: C1 }],
    ['no description', { NewPortMappingDescription: undefined }, { NewPortMappingDescription: '' }],
    ['RemoteHost *', { NewRemoteHost: '*' }, { NewRemoteHost: '' }],
    ['udp', { NewProtocol: 'udp' }, { NewProtocol: 'UDP' }],
    [
      'Teredo’s description, with its entities',
      { NewPortMappingDescription: 'Teredo 192.168.100.111:3074-&gt;3074 UDP' },
      { NewPortMappingDescription: 'Teredo 192.168.100.111:3074-&gt;3074 UDP' },
    ],
  ])('%s', async (_name, args, shown) => {
    const bench = await igdBench()
    for (const facade of [1, 2] as const) {
      expect((await bench.add(args, { facade })).code).toBe(200)
      expect(await first(bench, facade)).toMatchObject(shown)
    }
  })

  it('an empty InternalClient is the caller where igd.emptyClient says so', async () => {
    const bench = await igdBench({ options: { emptyClient: 'caller' } })
    expect((await bench.add({ NewInternalClient: '' }, { by: C2 })).code).toBe(200)
    expect(await first(bench)).toMatchObject({ NewInternalClient: C2 })
  })

  it('lease 0 of :2 is for ever and shown so where igd.zeroLease says so', async () => {
    const bench = await igdBench({ options: { zeroLease: 'static' } })
    await bench.add({ NewLeaseDuration: '0' })
    await bench.clock.advance(700_000_000)
    expect(await first(bench)).toMatchObject({ NewLeaseDuration: '0' })
  })
})

describe('the same port again, from the same host', () => {
  const AGAIN = {
    NewInternalPort: '8001',
    NewPortMappingDescription: 'other',
    NewLeaseDuration: '60',
  }

  it.each([1, 2] as const)('on :%d overwrites LAN port, description and lease', async (facade) => {
    const bench = await igdBench()
    await bench.add({}, { facade })
    expect((await bench.add(AGAIN, { facade })).code).toBe(200)
    expect(await first(bench, facade)).toMatchObject(AGAIN)
    expect(bench.iwf.portMappingNumberOfEntries()).toBe(1)
  })

  it('with another RemoteHost is a second entry of one mapping, R6970-4.1-7: with a filter for each', async () => {
    const bench = await igdBench()
    await bench.add({ NewRemoteHost: '198.51.100.1' })
    expect((await bench.add({ NewRemoteHost: '198.51.100.2' })).code).toBe(200)
    await bench.clock.advance(1000)
    expect(bench.iwf.portMappingNumberOfEntries()).toBe(2)
    const [mapping] = bench.carrier.responder.mappings()
    expect(mapping?.filters).toEqual(
      ['198.51.100.1', '198.51.100.2'].map((remoteAddress) => ({
        prefixLength: 128,
        remotePort: 0,
        remoteAddress,
      })),
    )
  })
})

describe('IGD:1 and IGD:2 are one table', () => {
  it.each([
    [1, 2],
    [2, 1],
  ] as const)('what :%d adds :%d sees and deletes', async (adds, deletes) => {
    const bench = await igdBench()
    await bench.add({}, { facade: adds })
    expect((await bench.soap('GetSpecificPortMappingEntry', KEY, { facade: deletes })).code).toBe(200)
    expect((await bench.soap('DeletePortMapping', KEY, { facade: deletes })).code).toBe(200)
    expect(bench.held()).toEqual([])
  })

  it.each([1, 2] as const)('E24: a :1 call at the path of IGD:%d has the codes of :1', async (facade) => {
    const bench = await igdBench()
    expect((await bench.add({ NewInternalPort: '80' }, { facade, version: 1 })).code).toBe(718)
  })

  it('R6970-6-3: a quota is 728 on :2 and 501 on :1', async () => {
    const bench = await igdBench({ limits: { ...FREE, perHost: 1 } })
    await bench.add()
    expect((await bench.add({ NewExternalPort: '8081' })).code).toBe(728)
    expect((await bench.add({ NewExternalPort: '8081' }, { facade: 1 })).code).toBe(501)
    expect((await bench.add({ NewExternalPort: '8081' }, { by: C2 })).code).toBe(200)
  })
})

describe('what nobody on the LAN may do', () => {
  it.each(['RequestConnection', 'ForceTermination'])(
    '%s: 606, and 501 on :1, which has no 606',
    async (action) => {
      const bench = await igdBench()
      expect((await bench.soap(action, {}, { facade: 2 })).code).toBe(606)
      expect((await bench.soap(action, {}, { facade: 1 })).code).toBe(501)
    },
  )
})
