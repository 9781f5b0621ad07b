import { describe, expect, it } from 'vitest'
import { leaveAddress } from '../../src/core/leave-address.ts'
import type { Ipv4Address } from '../../src/lib/ip.ts'
import { after, millis, port, seconds } from '../../src/lib/units.ts'
import { type Chain, chain, map } from '../support/chain.ts'
import { add, caller } from '../support/core-bench.ts'
import { ip } from '../support/fake-carrier.ts'

const A = ip('100.64.0.2')
const B = ip('100.64.0.3')
const SEEDS = [1, 2, 3, 4, 5, 6]

/** What the daemon does when the WAN address is another one, or there is none. */
function moveTo({ carrier, links, upstream }: Chain, address: Ipv4Address | undefined) {
  carrier.address = address
  if (address !== undefined) return upstream.use(links)
  upstream.lose('the WAN has no address')
  return Promise.resolve()
}

/** The carrier's mappings, as `internal address: external port`. */
const held = ({ carrier }: Chain) =>
  carrier.responder
    .mappings()
    .map(({ external, internalAddress }) => `${internalAddress}: ${external.port}`)
    .sort()

const mapped = async (seed = 1, settings: Parameters<typeof chain>[0] = {}) => {
  const bench = await chain(settings, seed)
  for (let n = 0; n < 5; n++) await map(bench, 8000 + n)
  await bench.clock.advance(10_000)
  return bench
}

const all = (address: Ipv4Address) => [8000, 8001, 8002, 8003, 8004].map((n) => `${address}: ${n}`)

const listed = ({ core }: Chain) =>
  [0, 1, 2, 3, 4].map((index) => core.iwf.getGenericPortMappingEntry(index).externalPort)

describe('T27: the WAN address flaps', () => {
  it.each(SEEDS)('A, B and A again within 2 s: ends on A, one mapping each (seed %i)', async (seed) => {
    const bench = await mapped(seed)
    await moveTo(bench, B)
    await bench.clock.advance(900)
    await moveTo(bench, A)
    await bench.clock.advance(60_000)
    expect(held(bench)).toEqual(all(A))
    expect(listed(bench)).toEqual([8000, 8001, 8002, 8003, 8004])
    expect(bench.nat.rules.size).toBe(5)
  })

  it.each(SEEDS)('for a minute, twenty times (seed %i): the same', async (seed) => {
    const bench = await mapped(seed)
    for (let n = 0; n < 20; n++) {
      await moveTo(bench, n % 3 === 0 ? undefined : n % 3 === 1 ? B : A)
      await bench.clock.advance(500 + 250 * n)
    }
    await moveTo(bench, A)
    await bench.clock.advance(120_000)
    expect(held(bench)).toEqual(all(A))
  })

  it.each(SEEDS)('C-7.1-2: no packet names a client address but its source (seed %i)', async (seed) => {
    const bench = await mapped(seed)
    const asked = bench.carrier.received
    for (const address of [B, undefined, A, B, A]) {
      await moveTo(bench, address)
      await bench.clock.advance(3000)
    }
    await bench.clock.advance(60_000)
    expect(bench.carrier.received).toBeGreaterThan(asked)
    expect(bench.carrier.sources.filter(({ client, source }) => client !== source)).toEqual([])
  })
})

describe('R6970-5.10-2: another WAN address', () => {
  it('the old mappings keep the ports until they end; then the new address has them', async () => {
    const bench = await mapped(1, { maxLifetime: seconds(120) })
    await moveTo(bench, B)
    await bench.clock.advance(30_000)
    expect(held(bench)).toEqual(all(A))
    await bench.clock.advance(300_000)
    expect(held(bench)).toEqual(all(B))
    expect(listed(bench)).toEqual([8000, 8001, 8002, 8003, 8004])
  })

  it('while the old address still works, its mappings are deleted from it: no port is lost', async () => {
    const bench = await mapped()
    await bench.within(leaveAddress(bench.core.context, after(bench.clock.now(), millis(1500))))
    expect(held(bench)).toEqual([])
    await moveTo(bench, B)
    await bench.clock.advance(30_000)
    expect(held(bench)).toEqual(all(B))
  })

  it('C-7.1-2: where it could not be left in time, what stands there is deleted from it as long as it is ours', async () => {
    const bench = await mapped()
    bench.carrier.others.add(A)
    await moveTo(bench, B)
    await bench.clock.advance(30_000)
    expect(held(bench)).toEqual(all(B))
    const fromOld = bench.carrier.sources.slice(-20).filter(({ source }) => source === A)
    expect(fromOld.length).toBeGreaterThanOrEqual(5)
    expect(bench.carrier.sources.filter(({ client, source }) => client !== source)).toEqual([])
  })

  it('a carrier that is silent does not delay the move', async () => {
    const bench = await mapped()
    bench.carrier.responder.faults.dropRequests = 1
    const begun = bench.clock.now()
    await bench.within(leaveAddress(bench.core.context, after(begun, millis(1500))))
    expect(bench.clock.now() - begun).toBeLessThanOrEqual(1500 + 10)
  })

  it('AddAnyPortMapping has another port there, and its own again when the old address is back', async () => {
    const bench = await chain()
    const request = add({ externalPort: port(8000), lease: seconds(86_400) })
    const first = await bench.within(bench.core.iwf.addAnyPortMapping(request, caller()))
    await moveTo(bench, B)
    await bench.clock.advance(10_000)
    const there = bench.core.iwf.getGenericPortMappingEntry(0).externalPort
    await moveTo(bench, A)
    await bench.clock.advance(10_000)
    expect(there).not.toBe(first)
    expect(bench.core.iwf.getGenericPortMappingEntry(0).externalPort).toBe(first)
  })
})

describe('the WAN loses its address', () => {
  it('ConnectionStatus says so, and again when it is back', async () => {
    const bench = await mapped()
    await moveTo(bench, undefined)
    expect(bench.core.iwf.connectionStatus()).toBe('Disconnected')
    await bench.clock.advance(600_000)
    await moveTo(bench, A)
    await bench.clock.advance(10_000)
    expect(bench.core.iwf.connectionStatus()).toBe('Connected')
    expect(held(bench)).toEqual(all(A))
  })

  it('R6970-5.1-2: nothing is sent and no way is looked for meanwhile', async () => {
    const bench = await mapped()
    const before = bench.carrier.received
    await moveTo(bench, undefined)
    bench.carrier.address = B // by another interface, say
    await bench.clock.advance(600_000)
    expect(bench.carrier.received).toBe(before)
  })

  it('an address that comes before its route is served a moment after the route', async () => {
    const bench = await mapped()
    await moveTo(bench, undefined)
    await bench.clock.advance(600_000)
    await bench.upstream.use(bench.links)
    expect(bench.upstream.reachable).toBe(false)
    bench.carrier.address = A
    await bench.clock.advance(1000)
    expect(bench.upstream.reachable).toBe(true)
  })
})
