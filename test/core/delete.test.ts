import { describe, expect, it } from 'vitest'
import { after, millis, port, seconds } from '../../src/lib/units.ts'
import { HOST, OTHER, add, caller, coreBench, faultOf, key, slowDisk } from '../support/core-bench.ts'
import { HOME, ip, OTHER_SERVER } from '../support/fake-carrier.ts'

const withEntries = async (...ports: number[]) => {
  const bench = coreBench()
  for (const p of ports)
    await bench.answered(bench.iwf.addPortMapping(add({ externalPort: port(p) }), caller()))
  return bench
}

describe('a daemon that gives everything back when it ends', () => {
  const released = async (bench: Awaited<ReturnType<typeof withEntries>>) =>
    await bench.answered(bench.iwf.stop(true, after(bench.clock.now(), millis(1500))))

  it('deletes it at the carrier, and ends when that is done', async () => {
    const bench = await withEntries(8080, 8081)
    const begun = bench.clock.now()
    await released(bench)
    expect(bench.carrier.held.size).toBe(0)
    expect(bench.clock.now() - begun).toBeLessThan(100)
  })

  it.each([0, 1, 2, 4, 6, 8, 12, 20])('also what is being made (%i ms before)', async (before) => {
    const bench = await withEntries(8080)
    slowDisk(bench)
    const call = bench.iwf.addPortMapping(add({ externalPort: port(8081) }), caller())
    const answer = call.catch((error: unknown) => error)
    await bench.clock.advance(before)
    await released(bench)
    expect(bench.carrier.held.size).toBe(0)
    await answer
    expect([...bench.store.records.values()].filter(({ state }) => state === 'ACTIVE')).toEqual([])
  })

  it('and where there is no way to the carrier, ends when it is on the disk: no restart brings it back', async () => {
    const bench = await withEntries(8080, 8081)
    slowDisk(bench)
    bench.carrier.unreachable.add(HOME)
    bench.carrier.place = OTHER_SERVER
    const states = () => [...bench.store.records.values()].map(({ state }) => state)
    const ended = bench.iwf.stop(true, after(bench.clock.now(), millis(1500)))
    expect(await bench.answered(ended.then(states))).toEqual(['DELETING', 'DELETING'])
  })

  it('makes nothing any more', async () => {
    const bench = await withEntries(8080)
    // The delete waits; an add would not.
    bench.carrier.unmap = () => new Promise(() => undefined)
    const end = released(bench)
    const another = add({ externalPort: port(8081) })
    expect(await faultOf(() => bench.iwf.addPortMapping(another, caller()))).toBe(501)
    await end
    expect(bench.carrier.maps).toHaveLength(1)
  })
})

describe('DeletePortMapping (RFC 6970 §5.8)', () => {
  it('R6970-5.8-3: a mapping asked for again when it is deleted is forwarded no more', async () => {
    const bench = await withEntries(8080)
    const { answered, clock, iwf, nat } = bench
    await clock.advance(2_000_000)
    slowDisk(bench)
    // AddAnyPortMapping takes other turns than the delete, and waits for the disk.
    const again = iwf.addAnyPortMapping(add(), caller())
    await answered(iwf.deletePortMapping(key(), caller()))
    await answered(again)
    expect(iwf.portMappingNumberOfEntries()).toBe(0)
    expect(nat.rules.size).toBe(0)
  })

  it('R6970-5.8-3 R6970-5.8-4: deletes at the carrier with the same internal port and generation', async () => {
    const { answered, carrier, iwf, nat } = await withEntries(8080)
    await answered(iwf.deletePortMapping(key(), caller()))
    const [{ protocol, internalAddress, internalPort, generation, place } = expect.fail('no MAP')] =
      carrier.maps
    expect(carrier.deletes).toEqual([{ protocol, internalAddress, internalPort, generation, place }])
    expect(carrier.held.size).toBe(0)
    expect(nat.rules.size).toBe(0)
    expect(iwf.portMappingNumberOfEntries()).toBe(0)
  })

  it('R6970-5.8-2: an unknown entry is 714 and no packet', async () => {
    const { carrier, iwf } = coreBench()
    expect(await faultOf(() => iwf.deletePortMapping(key(), caller()))).toBe(714)
    expect(carrier.deletes).toHaveLength(0)
  })

  it('R6970-5.8-2: so is one of another remote host, and the operator reads that there are some', async () => {
    const { answered, iwf } = coreBench()
    await answered(iwf.addPortMapping(add({ remoteHost: ip('198.51.100.7') }), caller()))
    await expect(iwf.deletePortMapping(key(), caller())).rejects.toMatchObject({
      code: 714,
      reason: expect.stringContaining('other remote hosts') as string,
    })
  })

  it('R6970-5.8-1: another host’s entry is 606 and stays', async () => {
    const { iwf } = await withEntries(8080)
    expect(await faultOf(() => iwf.deletePortMapping(key(), caller(OTHER)))).toBe(606)
    expect(iwf.portMappingNumberOfEntries()).toBe(1)
  })

  it('E22: a silent carrier keeps nobody longer than 5 s; the delete goes on behind', async () => {
    const { carrier, clock, context, iwf, nat } = await withEntries(8080)
    carrier.silent = true
    const start = clock.now()
    let doneAt = 0
    const deleted = iwf.deletePortMapping(key(), caller()).then(() => (doneAt = clock.now()))
    await clock.advance(1)
    expect(nat.rules.size).toBe(0)
    expect(iwf.portMappingNumberOfEntries()).toBe(0)
    await clock.advance(10_000)
    await deleted
    expect(doneAt - start).toBe(5000)
    expect(context.tombstones.size).toBe(1)
  })

  it('E23: a server that refuses to delete is not asked in a loop', async () => {
    const { answered, carrier, clock, iwf } = await withEntries(8080)
    carrier.refuseDelete = { result: 'NOT_AUTHORIZED', lifetime: seconds(3600) }
    await answered(iwf.deletePortMapping(key(), caller()))
    await clock.advance(3_600_000)
    expect(carrier.deletes).toHaveLength(1)
  })

  it('C-x-3: a delete refused for the moment is asked again after the time the server named, and a tenth at most', async () => {
    const { carrier, clock, iwf } = await withEntries(8080)
    carrier.refuseDelete = { result: 'NO_RESOURCES', lifetime: seconds(40) }
    void iwf.deletePortMapping(key(), caller())
    await clock.advance(39_000)
    expect(carrier.deletes).toHaveLength(1)
    carrier.refuseDelete = undefined
    await clock.advance(5000)
    expect(carrier.held.size).toBe(0)
  })

  it('C-11.2-4: the next life of a WAN port has a generation of its own', async () => {
    const { answered, carrier, iwf } = coreBench({ wanPorts: { first: 50_000, last: 50_000 } })
    await answered(iwf.addPortMapping(add(), caller()))
    await answered(iwf.deletePortMapping(key(), caller()))
    await answered(iwf.addPortMapping(add(), caller()))
    expect(carrier.maps.map((map) => map.internalPort)).toEqual([50_000, 50_000])
    expect(carrier.maps.map((map) => map.generation)).toEqual([0, 1])
  })

  it('C-15.1-2: a WAN port that the carrier still forwards stays unused', async () => {
    const { answered, carrier, clock, iwf } = coreBench({ wanPorts: { first: 50_000, last: 50_000 } })
    await answered(iwf.addPortMapping(add(), caller()))
    carrier.unmap = () => Promise.resolve({ kind: 'deleted', lifetime: seconds(300) })
    await answered(iwf.deletePortMapping(key(), caller()))
    expect(await faultOf(() => answered(iwf.addPortMapping(add(), caller())))).toBe(728)
    await clock.advance(300_000)
    carrier.held.clear()
    await answered(iwf.addPortMapping(add(), caller()))
  })
})

describe('DeletePortMappingRange (RFC 6970 §5.8)', () => {
  const range = (startPort: number, endPort: number) => ({
    startPort,
    endPort,
    protocol: 'TCP' as const,
    manage: false,
  })

  it('R6970-4.2-4 R6970-5.8-5: one delete for each of the caller’s own, one step of SystemUpdateID', async () => {
    const { answered, carrier, clock, iwf } = await withEntries(8001, 8002, 9000)
    await answered(
      iwf.addPortMapping(add({ externalPort: port(8003), internalClient: OTHER }), caller(OTHER)),
    )
    const before = iwf.systemUpdateId()
    await iwf.deletePortMappingRange(range(8000, 8100), caller())
    await clock.advance(100)
    expect(carrier.deletes).toHaveLength(2)
    expect(iwf.systemUpdateId()).toBe(before + 1)
    expect([0, 1].map((i) => iwf.getGenericPortMappingEntry(i).externalPort)).toEqual([9000, 8003])
  })

  it('R6970-5.8-6: answers before the carrier does', async () => {
    const { carrier, iwf } = await withEntries(8001)
    carrier.silent = true
    await iwf.deletePortMappingRange(range(8000, 8100), caller())
    expect(iwf.portMappingNumberOfEntries()).toBe(0)
  })

  it.each([
    ['a range that runs backwards', 9000, 8000, 733, HOST],
    ['a range with nothing', 9500, 9600, 730, HOST],
    ['a range with only others’ entries', 8000, 8100, 606, OTHER],
    ['a range that reaches below 1024', 1000, 9000, 606, HOST],
    ['a range that runs backwards to below 1024', 9000, 1000, 606, HOST],
  ])('tests 9 and 10: %s', async (_what, start, end, code, host) => {
    const { iwf } = await withEntries(8001)
    expect(await faultOf(() => iwf.deletePortMappingRange(range(start, end), caller(host)))).toBe(code)
    expect(iwf.portMappingNumberOfEntries()).toBe(1)
  })
})

describe('Get… (RFC 6970 §5.7)', () => {
  it('R6970-5.7-1 R6970-4.2-1 R6970-4.2-6: answered from the table, the carrier being dead', async () => {
    const { carrier, iwf } = await withEntries(8001, 8002)
    carrier.silent = true
    expect(iwf.getGenericPortMappingEntry(1).externalPort).toBe(8002)
    const list = iwf.getListOfPortMappings(
      { startPort: 0, endPort: 65_535, protocol: 'TCP', manage: false },
      0,
      caller(),
    )
    expect(list.map((entry) => entry.externalPort)).toEqual([8001, 8002])
    expect(carrier.maps).toHaveLength(2)
  })

  it('G11: indexes stay without gaps, the oldest first', async () => {
    const { answered, iwf } = await withEntries(8001, 8002, 8003)
    await answered(iwf.deletePortMapping(key({ externalPort: port(8002) }), caller()))
    expect([0, 1].map((i) => iwf.getGenericPortMappingEntry(i).externalPort)).toEqual([8001, 8003])
    expect(await faultOf(() => iwf.getGenericPortMappingEntry(2))).toBe(713)
  })

  it('a list is cut at its limit and 730 when empty (test 10)', async () => {
    const { iwf } = await withEntries(8001, 8002)
    const all = { startPort: 0, endPort: 65_535, protocol: 'TCP' as const, manage: false }
    expect(iwf.getListOfPortMappings(all, 1, caller())).toHaveLength(1)
    expect(await faultOf(() => iwf.getListOfPortMappings(all, 0, caller(OTHER)))).toBe(730)
    expect(await faultOf(() => iwf.getListOfPortMappings({ ...all, protocol: 'UDP' }, 0, caller()))).toBe(730)
  })

  it('G16: RemoteHost is matched exactly in :2, and :1 finds its own entry', async () => {
    const { answered, iwf } = coreBench()
    const remoteHost = caller(OTHER).address
    await answered(iwf.addPortMapping(add({ remoteHost }), caller()))
    expect(await faultOf(() => iwf.getSpecificPortMappingEntry(key(), caller(HOST, 2)))).toBe(714)
    expect(await iwf.getSpecificPortMappingEntry(key(), caller(HOST, 1))).toMatchObject({ remoteHost })
    expect(await faultOf(() => iwf.getSpecificPortMappingEntry(key(), caller(OTHER, 1)))).toBe(714)
  })

  it('R6970-5.5-4: LAN address and port from the table, the carrier’s external port', async () => {
    const { iwf } = await withEntries(8001)
    expect(await iwf.getSpecificPortMappingEntry(key({ externalPort: port(8001) }), caller())).toMatchObject({
      internalClient: HOST,
      internalPort: 8080,
      externalPort: 8001,
      description: 'web',
    })
  })
})
