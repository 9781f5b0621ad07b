import { describe, expect, it } from 'vitest'
import type { MapRequest } from '../../src/core/ports.ts'
import { millis, port, seconds } from '../../src/lib/units.ts'
import { epochMemory } from '../../src/pcp/epoch-memory.ts'
import { serverLinks } from '../../src/pcp/server-links.ts'
import { OPCODE } from '../../src/pcp/wire/constants.ts'
import { decodeRequest } from '../../src/pcp/wire/packet.ts'
import { wanted } from '../pcp/client-bench.ts'
import { linked } from '../pcp/link-bench.ts'
import { ip, toHex } from '../pcp/literals.ts'
import { chain, map } from '../support/chain.ts'
import { add, caller, coreBench, faultOf, key } from '../support/core-bench.ts'
import { type MemoryCarrier, SERVER } from '../support/memory-carrier.ts'

// Rules that only show when the core, the client and a server are together.

/** Every datagram that the server of `bench` gets from now on. */
function recorded({ carrier: { responder } }: { readonly carrier: MemoryCarrier }): Uint8Array[] {
  const packets: Uint8Array[] = []
  const handle = responder.handle.bind(responder)
  responder.handle = (bytes, source) => {
    packets.push(bytes)
    return handle(bytes, source)
  }
  return packets
}

const nonceOf = (packet: Uint8Array | undefined): string => toHex((packet ?? new Uint8Array()).slice(24, 36))

describe('what is sent over the life of a mapping', () => {
  it('C-4.x C-7.1-1 C-11.1-2: version 2, no R, nothing reserved, TCP or UDP, our own address', async () => {
    const bench = await chain({ maxLifetime: seconds(120) })
    const packets = recorded(bench)
    await map(bench, 8000)
    await bench.within(bench.core.iwf.addAnyPortMapping(add({ protocol: 'UDP' }), caller()))
    await bench.clock.advance(200_000)
    bench.carrier.responder.restart()
    await bench.clock.advance(100_000)
    await bench.within(bench.core.iwf.deletePortMapping(key({ externalPort: port(8000) }), caller()))
    expect(packets.length).toBeGreaterThan(8)
    for (const packet of packets) {
      expect([packet[0], packet[2], packet[3]]).toEqual([2, 0, 0])
      expect([0, 1]).toContain(packet[1])
      const read = decodeRequest(packet)
      expect(read.ok && read.value.clientAddress).toBe('100.64.0.2')
      if (packet[1] === 1) expect([6, 17]).toContain(packet[36])
    }
  })

  it('R6970-5.3-1: the table holds what the server holds', async () => {
    const bench = await chain()
    for (const externalPort of [8000, 8001, 8002]) await map(bench, externalPort)
    await bench.within(bench.core.iwf.deletePortMapping(key({ externalPort: port(8001) }), caller()))
    await bench.clock.advance(5000)
    const { iwf } = bench.core
    const listed = [0, 1].map((index) => iwf.getGenericPortMappingEntry(index).externalPort)
    expect(listed).toEqual(bench.held())
    expect(iwf.portMappingNumberOfEntries()).toBe(2)
  })

  it('R6970-4.1-12: a description goes to the carrier where that is switched on, and only there', async () => {
    const told = await Promise.all(
      [true, false].map(async (describes) => {
        const { answered, carrier, clock, iwf } = coreBench({ describes })
        carrier.maxLifetime = 120
        await answered(iwf.addPortMapping(add({ description: 'secret plan' }), caller()))
        await clock.advance(100_000)
        return [...new Set(carrier.maps.map(({ description }) => description))]
      }),
    )
    expect(told).toEqual([['secret plan'], ['']])
  })
})

describe('lifetimes', () => {
  it('C-x-4: count from when the answered request left', async () => {
    const { carrier, clock, context, iwf } = coreBench()
    carrier.delay = 2000
    const asked = clock.now()
    const added = iwf.addPortMapping(add(), caller())
    await clock.advance(2100)
    await added
    expect(context.table.at('TCP', port(8080))?.grant.from).toBe(asked)
  })

  it('R6970-5.3-4: each mapping has its own; one lapses and the other stands', async () => {
    const { answered, carrier, clock, context, iwf } = coreBench()
    carrier.maxLifetime = 120
    await answered(iwf.addPortMapping(add(), caller()))
    await clock.advance(50_000)
    await answered(iwf.addPortMapping(add({ externalPort: port(8081) }), caller()))
    carrier.silent = true
    await clock.advance(90_000)
    const stateOf = (externalPort: number) => context.table.at('TCP', port(externalPort))?.claim.state
    expect(stateOf(8080)).toBe('LAPSED')
    expect(stateOf(8081)).not.toBe('LAPSED')
  })

  it('C-11.2.1-4: renewals insist on the port for AddPortMapping, and do not for AddAnyPortMapping', async () => {
    const { answered, carrier, clock, iwf } = coreBench()
    carrier.maxLifetime = 120
    await answered(iwf.addPortMapping(add(), caller()))
    await answered(iwf.addAnyPortMapping({ ...add({ internalPort: port(9090) }), externalPort: 0 }, caller()))
    const [strict, any] = carrier.maps
    await clock.advance(80_000)
    const renewals = (of: MapRequest | undefined) =>
      carrier.maps
        .filter(({ internalPort, renews }) => renews && internalPort === of?.internalPort)
        .map(({ preferFailure }) => preferFailure)
    expect(new Set(renewals(strict))).toEqual(new Set([true]))
    expect(new Set(renewals(any))).toEqual(new Set([false]))
  })

  it('T29: one second granted is renewed every four seconds and no faster', async () => {
    const bench = await chain()
    bench.carrier.responder.faults.lifetime = seconds(1)
    await map(bench, 8000)
    const before = bench.carrier.received
    await bench.clock.advance(60_000)
    expect(bench.carrier.received - before).toBeLessThanOrEqual(15)
    expect(bench.carrier.received - before).toBeGreaterThanOrEqual(10)
    expect(bench.core.iwf.portMappingNumberOfEntries()).toBe(1)
  })

  it('T29 C-8.3-3 E1: 2^32-1 granted counts as a day', async () => {
    const bench = await chain()
    bench.carrier.responder.faults.lifetime = seconds(0xffffffff)
    await bench.within(bench.core.iwf.addPortMapping(add({ lease: 'infinite' }), caller()))
    const packets = recorded(bench)
    const renewals = () => packets.filter((packet) => packet[1] === OPCODE.MAP)
    await bench.clock.advance(43_000_000)
    expect(renewals()).toHaveLength(0)
    await bench.clock.advance(11_100_000)
    expect(renewals()).toHaveLength(1)
  })

  it('T29: no lifetime at all is no mapping: 501', async () => {
    const bench = await chain()
    bench.carrier.responder.faults.lifetime = seconds(0)
    expect(await faultOf(() => map(bench, 8000))).toBe(501)
    expect(bench.core.iwf.portMappingNumberOfEntries()).toBe(0)
  })

  it('E23: a static mapping of the carrier at another port is left alone: 718, and no loop of deletes', async () => {
    const { answered, carrier, clock, iwf } = coreBench()
    carrier.ignorePreferFailure = true
    carrier.refuseDelete = { result: 'NOT_AUTHORIZED', lifetime: seconds(0xffffffff) }
    expect(await faultOf(() => answered(iwf.addPortMapping(add(), caller())))).toBe(718)
    await clock.advance(100_000_000)
    expect(carrier.deletes).toHaveLength(1)
  })
})

describe('the nonce of another life (RFC 6887 §11.3)', () => {
  it('C-11.3-n E8: what the server knows by an earlier nonce goes on under that, to its delete', async () => {
    const bench = await linked({ natPmpOnly: false })
    const { carrier, clock, link, stop } = bench
    const ask = async (request: MapRequest) => {
      const outcome = link.map(request, stop.signal)
      await clock.advance(100)
      return await outcome
    }
    expect(await ask({ ...wanted, generation: 3 })).toMatchObject({ kind: 'granted' })
    const packets = recorded(bench)
    expect(await ask({ ...wanted, generation: 9 })).toMatchObject({ kind: 'granted' })
    expect(packets).toHaveLength(2)
    expect(await ask({ ...wanted, generation: 9 })).toMatchObject({ kind: 'granted' })
    expect(packets).toHaveLength(3)
    expect(nonceOf(packets[2])).toBe(nonceOf(packets[1]))
    const deleted = link.unmap({ ...wanted, generation: 9 }, stop.signal)
    await clock.advance(100)
    expect(await deleted).toMatchObject({ kind: 'deleted' })
    expect(carrier.responder.mappings()).toEqual([])
  })

  it('C-11.3-n: a delete of an earlier life leaves the one after it alone', async () => {
    const bench = await linked({ natPmpOnly: false })
    const later = bench.link.map({ ...wanted, generation: 9 }, bench.stop.signal)
    await bench.clock.advance(100)
    await later
    const deleted = bench.link.unmap({ ...wanted, generation: 3 }, bench.stop.signal)
    await bench.clock.advance(100)
    expect(await deleted).toMatchObject({ kind: 'refused', result: 'NOT_AUTHORIZED' })
    expect(bench.carrier.responder.mappings()).toHaveLength(1)
  })

  it('T25 C-11.3-n: what the server knows by an earlier nonce it knows after a restart too, as that is kept', async () => {
    const bench = await linked({ natPmpOnly: false })
    const { carrier, clock, open, stop } = bench
    const answered = async <T>(call: Promise<T>): Promise<T> => {
      await clock.advance(100)
      return await call
    }
    await answered(bench.link.map({ ...wanted, generation: 3 }, stop.signal))
    const granted = await answered(bench.link.map({ ...wanted, generation: 9 }, stop.signal))
    expect(granted).toMatchObject({ kind: 'granted', knownAs: 3 })
    const packets = recorded(bench)
    const restarted = await open()
    const named = { ...wanted, generation: 9, knownAs: 3 }
    expect(await answered(restarted.map(named, stop.signal))).toMatchObject({ kind: 'granted', knownAs: 3 })
    expect(packets).toHaveLength(1)
    const again = await open()
    expect(await answered(again.unmap(named, stop.signal))).toMatchObject({ kind: 'deleted' })
    expect(carrier.responder.mappings()).toEqual([])
  })

  it('T25: a nonce that nobody knows any more is refused once, and asked for again when that is over', async () => {
    const bench = await chain()
    await bench.within(bench.core.iwf.addPortMapping(add({ lease: 'infinite' }), caller()))
    const [held] = bench.carrier.responder.mappings()
    // The server holds another life of the same internal port: as after an old backup was restored.
    if (held) held.nonce.set([0xff, 0xff, 0xff])
    const packets = recorded(bench)
    await bench.clock.advance(60_000_000)
    const stateNow = () => bench.core.context.table.at('TCP', port(8080))?.claim.state
    const renewals = packets.filter((packet) => packet[1] === OPCODE.MAP)
    expect(renewals).toHaveLength(1)
    expect(stateNow()).toBe('DEGRADED')
    expect(bench.core.iwf.portMappingNumberOfEntries()).toBe(1)
    await bench.clock.advance(60_000_000)
    expect(stateNow()).toBe('ACTIVE')
  })
})

it('S7488-3-7: the addresses of one server share nonces, another server has others', async () => {
  const { clock, carrier, announcements, stop } = await linked({ natPmpOnly: false })
  const packets = recorded({ carrier })
  const second = { ...SERVER, address: ip('100.64.0.5') }
  const nothing = () => undefined
  const options = {
    clock,
    announcements,
    random: { unit: () => 0.5, bytes: (length: number) => new Uint8Array(length) },
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    source: 'static' as const,
    epochs: epochMemory(undefined, () => undefined),
    secret: new Uint8Array(32),
    connect: carrier.connect,
    natPmp: 'off' as const,
    ipv4: () => undefined,
    events: {
      switched: nothing,
      lost: nothing,
      lostState: nothing,
      returned: nothing,
      doubtful: nothing,
      mappingUpdate: nothing,
    },
  }
  const nonces: string[] = []
  for (const addresses of [[SERVER, second], [second]])
    for (const open of serverLinks(addresses, options).links) {
      const link = await open({ heard: nothing, unreachable: nothing, inUse: () => true })
      void link?.map(wanted, stop.signal)
      await clock.advance(millis(10))
      nonces.push(nonceOf(packets.at(-1)))
    }
  expect(nonces[0]).toBe(nonces[1])
  expect(nonces[2]).not.toBe(nonces[0])
})
