import { describe, expect, it } from 'vitest'
import { C1, C2, type Arguments, igdBench } from '../support/igd-bench.ts'
import { elementsOf, fieldsOf } from '../upnp/bench.ts'

// Numbers 9 to 12, 16, 17 and 25 of the 25 nasty tests: entries read and deleted by two control points.

type Bench = Awaited<ReturnType<typeof igdBench>>

const KEY = { NewRemoteHost: '', NewExternalPort: '8080', NewProtocol: 'TCP' }
const ALL = { NewStartPort: '1024', NewEndPort: '65535', NewProtocol: 'TCP', NewManage: '0' }

const range = (bench: Bench, args: Arguments, by = C1) =>
  bench.soap('DeletePortMappingRange', { ...ALL, ...args }, { by })

const generic = (bench: Bench, NewPortMappingIndex: string) =>
  bench.soap('GetGenericPortMappingEntry', { NewPortMappingIndex })

const list = (bench: Bench, args: Arguments = {}, by = C1) =>
  bench.soap('GetListOfPortMappings', { ...ALL, NewNumberOfPorts: '0', ...args }, { by })

const listed = (document: string): readonly string[] =>
  elementsOf(fieldsOf(document)['NewPortListing'] ?? '')
    .filter(({ name }) => name === 'NewExternalPort')
    .map(({ text }) => text)

async function withEntries(...ports: readonly number[]) {
  const bench = await igdBench()
  for (const external of ports) await bench.add({ NewExternalPort: String(external) })
  return bench
}

describe('G9: what another host has', () => {
  it.each([
    [1, 714],
    [2, 606],
  ] as const)('DeletePortMapping on :%d is %d', async (facade, code) => {
    const bench = await withEntries(8080)
    expect((await bench.soap('DeletePortMapping', KEY, { by: C2, facade })).code).toBe(code)
    expect(bench.held()).toEqual([8080])
  })

  it.each([1, 2] as const)('what nobody has is 714 on :%d', async (facade) => {
    const bench = await igdBench()
    expect((await bench.soap('DeletePortMapping', KEY, { facade })).code).toBe(714)
    expect(bench.requests).toEqual([])
  })

  it.each(['0', '1'])('a range of it, NewManage %s, is 606 and leaves it', async (NewManage) => {
    const bench = await withEntries(8080, 8081)
    expect((await range(bench, { NewManage }, C2)).code).toBe(606)
    expect(bench.held()).toEqual([8080, 8081])
  })

  it('R6970-5.8-5: a range takes the own and leaves the others, in one step and one event', async () => {
    const bench = await withEntries(8080, 8081)
    await bench.add({ NewExternalPort: '8082' }, { by: C2 })
    const events = await bench.subscribe()
    expect((await range(bench, { NewManage: '1' })).code).toBe(200)
    await bench.clock.advance(100)
    expect(bench.held()).toEqual([8082])
    expect(events.slice(1)).toEqual([{ PortMappingNumberOfEntries: '1', SystemUpdateID: '4' }])
  })
})

describe('G10: ranges', () => {
  it('backwards is 733', async () => {
    const bench = await withEntries(8080)
    const backwards = { NewStartPort: '9000', NewEndPort: '8000' }
    for (const answer of [await range(bench, backwards), await list(bench, backwards)]) {
      expect(answer.code).toBe(733)
      expect(answer.out['errorDescription']).toBe('InconsistentParameters')
    }
  })

  it('empty is 730', async () => {
    const bench = await withEntries(8080)
    const empty = { NewStartPort: '9000', NewEndPort: '9000' }
    expect((await range(bench, empty)).code).toBe(730)
    expect((await list(bench, empty)).code).toBe(730)
    expect((await list(await igdBench())).code).toBe(730)
    expect((await list(bench, { NewProtocol: 'UDP' })).code).toBe(730)
  })

  it('begins and ends at its ports', async () => {
    const bench = await withEntries(8079, 8080, 8081)
    expect((await range(bench, { NewStartPort: '8080', NewEndPort: '8080' })).code).toBe(200)
    expect(bench.shown()).toEqual([8079, 8081])
  })
})

describe('G11: indexes', () => {
  it('count from the oldest, without a gap, and end in 713', async () => {
    const bench = await withEntries(8081, 8080, 8082)
    await bench.soap('DeletePortMapping', KEY)
    const [first, second, third] = [
      await generic(bench, '0'),
      await generic(bench, '1'),
      await generic(bench, '2'),
    ]
    expect([first, second].map(({ out }) => out['NewExternalPort'])).toEqual(['8081', '8082'])
    expect(third.code).toBe(713)
  })

  it.each(['-1', 'abc', '', '1x', '65536'])('%j is 402', async (index) => {
    expect((await generic(await withEntries(8080), index)).code).toBe(402)
  })
})

describe('G12: descriptions', () => {
  const NASTY = `<>&"' ]]> 😀 \x01`
  const KEPT = `<>&"' ]]> 😀 `

  it.each([
    ['as it is', NASTY, KEPT],
    ['cut at 256, without half a character', `${'x'.repeat(255)}😀${'y'.repeat(2744)}`, 'x'.repeat(255)],
    ['3000 of it', NASTY.repeat(215), KEPT.repeat(215).slice(0, 256)],
  ])('%s: the same in Generic, Specific and List', async (_name, given, kept) => {
    const bench = await igdBench()
    expect((await bench.add({ NewPortMappingDescription: given })).code).toBe(200)
    const { out: inGeneric } = await generic(bench, '0')
    const { out: inSpecific } = await bench.soap('GetSpecificPortMappingEntry', KEY)
    const { out } = await list(bench)
    const inList = fieldsOf(out['NewPortListing'] ?? '')
    expect(inGeneric['NewPortMappingDescription']).toBe(kept)
    expect(inSpecific['NewPortMappingDescription']).toBe(kept)
    expect(inList['NewDescription']).toBe(kept)
  })
})

describe('GetListOfPortMappings (WANIPConnection:2 §2.5.21)', () => {
  it('has the own entries, the oldest first, up to the limit, 0 for all', async () => {
    const bench = await withEntries(8082, 8080)
    await bench.add({ NewExternalPort: '8081' }, { by: C2 })
    expect(listed((await list(bench)).body)).toEqual(['8082', '8080'])
    expect(listed((await list(bench, { NewNumberOfPorts: '1' })).body)).toEqual(['8082'])
    expect(listed((await list(bench, { NewManage: '1' }, C2)).body)).toEqual(['8081'])
  })

  it('R6970-4.1-14 R6970-4.2-6: asks nobody', async () => {
    const bench = await withEntries(8080)
    const before = bench.requests.length
    bench.carrier.responder.faults.dropRequests = 1
    expect((await list(bench)).code).toBe(200)
    expect(bench.requests).toHaveLength(before)
  })
})

describe('G16: an unknown port', () => {
  it('R6970-5.7-3: is 714, costs one MAP with PREFER_FAILURE for a minute, which is given back', async () => {
    const bench = await igdBench({ probe: true })
    for (const facade of [1, 2] as const)
      expect((await bench.soap('GetSpecificPortMappingEntry', KEY, { facade })).code).toBe(714)
    await bench.clock.advance(90_000)
    const [probe, ...others] = bench.requests
    expect(probe).toMatchObject({ lifetime: 60, options: [{ option: 'PREFER_FAILURE' }] })
    expect(others.map(({ lifetime }) => lifetime)).toEqual([0])
    expect(bench.held()).toEqual([])
  })

  it.each([
    [2, '', 714],
    [2, '1.1.1.1', 200],
    [2, '1.1.1.2', 714],
    [1, '', 200],
  ] as const)('on :%d, RemoteHost %j beside an entry of 1.1.1.1: %d', async (facade, NewRemoteHost, code) => {
    const bench = await igdBench()
    await bench.add({ NewRemoteHost: '1.1.1.1' })
    const key = { ...KEY, NewRemoteHost }
    expect((await bench.soap('GetSpecificPortMappingEntry', key, { facade })).code).toBe(code)
  })

  it('on :1 an entry of another host is not taken for the own', async () => {
    const bench = await igdBench()
    await bench.add({ NewRemoteHost: '1.1.1.1' })
    expect((await bench.soap('GetSpecificPortMappingEntry', KEY, { by: C2, facade: 1 })).code).toBe(714)
  })

  it('DeletePortMapping matches RemoteHost exactly', async () => {
    const bench = await igdBench()
    await bench.add({ NewRemoteHost: '1.1.1.1' })
    expect((await bench.soap('DeletePortMapping', KEY)).code).toBe(714)
    expect((await bench.soap('DeletePortMapping', { ...KEY, NewRemoteHost: '1.1.1.1' })).code).toBe(200)
  })
})

describe('G17 R6970-4.1-1: the external address before the carrier has told it', () => {
  it.each([1, 2] as const)('is empty on :%d, in the answer and in the initial event', async (facade) => {
    const bench = await igdBench()
    const { body, code } = await bench.soap('GetExternalIPAddress', {}, { facade })
    expect(code).toBe(200)
    expect(body).toContain('<NewExternalIPAddress></NewExternalIPAddress>')
    const [initial] = await bench.subscribe(facade)
    expect(initial).toMatchObject({ ExternalIPAddress: '', PortMappingNumberOfEntries: '0' })
  })

  it('is the carrier’s as soon as it grants something', async () => {
    const bench = await withEntries(8080)
    const { out } = await bench.soap('GetExternalIPAddress')
    expect(out['NewExternalIPAddress']).toBe('203.0.113.1')
  })
})

describe('events (WANIPConnection:2 §2.3.23)', () => {
  it('an add, a change and a delete are one event each, number and id together', async () => {
    const bench = await withEntries(9000)
    const events = await bench.subscribe()
    await bench.add()
    await bench.add({ NewPortMappingDescription: 'again' })
    await bench.soap('DeletePortMapping', KEY)
    expect(events.slice(1).map(({ PortMappingNumberOfEntries: n, SystemUpdateID: id }) => [n, id])).toEqual([
      ['2', '2'],
      [undefined, '3'],
      ['1', '4'],
    ])
  })

  it('what fails is none', async () => {
    const bench = await withEntries(8080)
    const events = await bench.subscribe()
    await bench.add({}, { by: C2 })
    await bench.add({ NewExternalPort: '0' })
    await bench.soap('DeletePortMapping', { ...KEY, NewExternalPort: '9' })
    expect(events).toHaveLength(1)
  })
})

it('G25: a host that left the LAN leaves nothing: its entries go in one event, the carrier is told', async () => {
  const bench = await withEntries(8080, 8081)
  const events = await bench.subscribe()
  bench.iwf.forgetHost(C1, 'gone')
  await bench.clock.advance(1000)
  expect(events.slice(1)).toEqual([{ PortMappingNumberOfEntries: '0', SystemUpdateID: '3' }])
  expect(bench.requests.slice(-2).map(({ lifetime }) => lifetime)).toEqual([0, 0])
  expect(bench.held()).toEqual([])
})
