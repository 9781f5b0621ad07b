import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { millis, port, seconds } from '../../src/lib/units.ts'
import type { Settings } from '../../src/pcp-server/settings.ts'
import { chain, map } from '../support/chain.ts'
import { add, caller, faultOf, key } from '../support/core-bench.ts'
import type { Endpoint } from '../../src/pcp/socket.ts'
import { ip } from '../pcp/literals.ts'
import { SERVER } from '../support/memory-carrier.ts'

// The real core, client and wire against the embedded server: every octet, but no socket and no waiting.

describe('over a line that loses, repeats and reorders', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'T4: what was answered 200 is there, and nothing else (seed %i)',
    async (seed) => {
      const bench = await chain({}, seed)
      const { carrier, clock, core, held, nat, within } = bench
      Object.assign(carrier.responder.faults, {
        dropRequests: 0.2,
        dropResponses: 0.2,
        duplicateResponses: 0.1,
        jitter: millis(400),
      })
      const calls = Array.from({ length: 12 }, (_, n) => map(bench, 8000 + n).then(() => 8000 + n))
      const done = await within(Promise.allSettled(calls))
      const mapped = done.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []))
      for (const gone of mapped.splice(0, 4))
        await within(core.iwf.deletePortMapping(key({ externalPort: port(gone) }), caller()))
      await clock.advance(600_000)
      expect(mapped.length).toBeGreaterThan(3)
      expect(held()).toEqual(mapped)
      expect(nat.rules.size).toBe(mapped.length)
      expect(core.context.table.size).toBe(mapped.length)
    },
  )
})

describe('a server that restarts with an empty table', () => {
  it('all mappings are back with their old ports after the next renewal tells', async () => {
    const bench = await chain({ maxLifetime: seconds(600) })
    for (let n = 0; n < 5; n++) await map(bench, 8000 + n)
    await bench.clock.advance(100_000)
    bench.carrier.responder.restart()
    expect(bench.held()).toEqual([])
    await bench.clock.advance(400_000)
    expect(bench.held()).toEqual([8000, 8001, 8002, 8003, 8004])
    expect(bench.core.iwf.portMappingNumberOfEntries()).toBe(5)
  })

  it('its ANNOUNCE is confirmed by one MAP before anything is renewed', async () => {
    const bench = await chain()
    for (let n = 0; n < 3; n++) await map(bench, 8000 + n)
    await bench.clock.advance(1_000_000)
    const before = bench.carrier.received
    bench.core.events.doubtful()
    await bench.clock.advance(20_000)
    expect(bench.carrier.received).toBe(before + 1)
  })
})

describe('multicast ANNOUNCE (RFC 6887 §14.1)', () => {
  const announced = async (from = SERVER, copies = 10) => {
    const bench = await chain()
    for (let n = 0; n < 4; n++) await map(bench, 8000 + n)
    await bench.clock.advance(1_000_000)
    bench.carrier.responder.restart()
    const before = bench.carrier.received
    for (const { after: wait, bytes } of bench.carrier.responder.announcements(SERVER, copies))
      bench.clock.at(millis(bench.clock.now() + wait), () => bench.announcements.receive(bytes, from))
    await bench.clock.advance(60_000)
    return { ...bench, asked: bench.carrier.received - before }
  }

  it('T16 C-14.1-2: ten copies of a real restart: one check, then each mapping once', async () => {
    const { asked, held } = await announced()
    expect(held()).toEqual([8000, 8001, 8002, 8003])
    expect(asked).toBe(4)
  })

  it.each([
    ['another address', { ...SERVER, address: caller().address }],
    ['another port', { ...SERVER, port: 5352 }],
  ])('C-14.1-3: from %s it is not even a hint', async (_what, from) => {
    expect((await announced(from)).asked).toBe(0)
  })

  it('T17: a forged one costs one MAP and nothing else', async () => {
    const bench = await chain()
    for (let n = 0; n < 4; n++) await map(bench, 8000 + n)
    await bench.clock.advance(1_000_000)
    const other = await chain()
    const before = bench.carrier.received
    for (const { bytes } of other.carrier.responder.announcements(SERVER, 1))
      bench.announcements.receive(bytes, SERVER)
    await bench.clock.advance(60_000)
    expect(bench.carrier.received - before).toBe(1)
  })

  it('noise on the port changes nothing', async () => {
    const bench = await chain()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1200 }), (bytes) => bench.announcements.receive(bytes, SERVER)),
    )
    expect(bench.lines).toEqual([])
  })
})

describe('servers that cannot do it', () => {
  it('T11: NAT-PMP alone, and pcp.natpmp off: 501, and one line says why', async () => {
    const bench = await chain({}, 1, 'off')
    bench.carrier.responder.faults.natPmpOnly = true
    expect(await faultOf(() => map(bench, 8080))).toBe(501)
    expect(bench.lines).toContain('the PCP server cannot be reached')
  })

  it('a quota is 728, and what is there stays', async () => {
    const bench = await chain({ quota: 2 })
    await map(bench, 8000)
    await map(bench, 8001)
    expect(await faultOf(() => map(bench, 8002))).toBe(728)
    expect(bench.held()).toEqual([8000, 8001])
    expect(bench.nat.rules.size).toBe(2)
  })

  it('T22 T23: neither PREFER_FAILURE nor obedience: another port is given back', async () => {
    const bench = await chain({ reservedPorts: [9000] })
    await map(bench, 8000)
    bench.carrier.responder.faults.refuseOptions = ['PREFER_FAILURE']
    expect(await faultOf(() => map(bench, 9000))).toBe(718)
    await bench.clock.advance(5000)
    expect(bench.held()).toEqual([8000])
  })

  it('a silent server is 501, then asked for nothing but life, and served again when it is back', async () => {
    const bench = await chain()
    await map(bench, 8000)
    bench.carrier.responder.faults.dropRequests = 1
    expect(await faultOf(() => map(bench, 8001))).toBe(501)
    const { clock } = bench
    const asked = clock.now()
    expect(await faultOf(() => map(bench, 8002))).toBe(501)
    expect(clock.now() - asked).toBeLessThan(100)
    bench.carrier.responder.faults.dropRequests = 0
    await clock.advance(35_000)
    await map(bench, 8003)
    await clock.advance(10_000)
    expect(bench.held()).toEqual([8000, 8003])
  })
})

describe('a server that speaks only NAT-PMP (RFC 6886)', () => {
  const natPmpOnly = async (settings: Partial<Settings> = {}) => {
    const bench = await chain(settings)
    bench.carrier.responder.faults.natPmpOnly = true
    return bench
  }

  it('T11 §3.2 §3.3: maps by it, and learns the external address', async () => {
    const bench = await natPmpOnly()
    await map(bench, 8080)
    expect(bench.held()).toEqual([8080])
    expect(bench.core.iwf.externalIpAddress()).toBe('203.0.113.1')
  })

  it('§3.4: deletes one mapping and leaves the others', async () => {
    const bench = await natPmpOnly()
    await map(bench, 8080)
    await map(bench, 8081)
    await bench.within(bench.core.iwf.deletePortMapping(key(), caller()))
    expect(bench.held()).toEqual([8081])
  })

  it('another port than AddPortMapping asked for is given back: 718', async () => {
    const bench = await natPmpOnly({ reservedPorts: [8080] })
    expect(await faultOf(() => map(bench, 8080))).toBe(718)
    await bench.clock.advance(2000)
    expect(bench.held()).toEqual([])
  })

  it('RemoteHost is enforced by the router, as NAT-PMP has no filter', async () => {
    const bench = await natPmpOnly()
    const remoteHost = caller().address
    await bench.within(bench.core.iwf.addPortMapping(add({ remoteHost }), caller()))
    expect(bench.held()).toEqual([8080])
    expect([...bench.nat.rules.values()][0]?.rule.remoteHosts).toEqual([remoteHost])
  })

  it('§3.3: renews, and §3.6 §3.7: maps anew after the gateway lost its state', async () => {
    const bench = await natPmpOnly({ maxLifetime: seconds(600) })
    await map(bench, 8080)
    await bench.clock.advance(1_200_000)
    expect(bench.held()).toEqual([8080])
    bench.carrier.responder.restart()
    await bench.clock.advance(400_000)
    expect(bench.held()).toEqual([8080])
  })

  it('§3.1: repeats what was lost, 250 ms later and then in doubled steps', async () => {
    const bench = await natPmpOnly()
    await map(bench, 8080)
    bench.carrier.responder.faults.dropRequests = 1
    const before = bench.carrier.received
    const lost = map(bench, 8081).catch(() => 'lost')
    await bench.clock.advance(1800)
    expect(bench.carrier.received - before).toBe(4)
    bench.carrier.responder.faults.dropRequests = 0
    expect(await lost).not.toBe('lost')
    expect(bench.held()).toEqual([8080, 8081])
  })

  it('§3.1: after nine packets in vain a delete is told again when the gateway is back', async () => {
    const bench = await natPmpOnly()
    await map(bench, 8080)
    bench.carrier.cut.add(SERVER.address)
    await bench.within(bench.core.iwf.deletePortMapping(key(), caller()))
    await bench.clock.advance(600_000)
    bench.carrier.cut.clear()
    await bench.clock.advance(180_000)
    expect(bench.held()).toEqual([])
  })

  it('RFC 6886 §1.1: after half an hour PCP is tried again', async () => {
    const bench = await natPmpOnly()
    await map(bench, 8080)
    bench.carrier.responder.faults.natPmpOnly = false
    await bench.clock.advance(1_801_000)
    await map(bench, 8081)
    expect(bench.held()).toContain(8081)
  })
})

describe('a server that spoke PCP before', () => {
  it('T12: is not downgraded by a version-0 reply', async () => {
    const bench = await chain()
    await map(bench, 8080)
    bench.carrier.responder.faults.natPmpOnly = true
    const mapped = map(bench, 8081)
    await bench.clock.advance(8000)
    bench.carrier.responder.faults.natPmpOnly = false
    await mapped
    expect(bench.lines.filter((line) => line.includes('NAT-PMP'))).toEqual([])
  })
})

describe('a server with an IPv4 and an IPv6 address (RFC 7488 §5)', () => {
  const V6: Endpoint = { ...SERVER, address: ip('2001:db8::1') }

  /** One mapping, asked for by IPv4; from then on that way is cut. */
  async function movedToIpv6() {
    const bench = await chain({ maxLifetime: seconds(3600) })
    const { carrier, clock, core, upstream, within } = bench
    carrier.address6 = ip('2001:db8::2')
    await upstream.use(bench.linksTo([SERVER, V6]))
    await within(core.iwf.addPortMapping(add({ lease: 'infinite' }), caller()))
    carrier.cut.add(SERVER.address)
    await clock.advance(2_400_000)
    expect(upstream.server?.address).toBe('[2001:db8::1]:5351')
    return bench
  }

  it('S7488-3-7: the mapping stays while it is asked for by the other one, and when the first is back', async () => {
    const { carrier, clock, held } = await movedToIpv6()
    carrier.cut.clear()
    const seen: number[][] = []
    for (let minute = 0; minute < 60; minute++) {
      await clock.advance(60_000)
      seen.push(held())
    }
    expect(new Set(seen.map(String))).toEqual(new Set(['8080']))
  })

  const withoutThirdParty = async (...servers: readonly (readonly Endpoint[])[]) => {
    const bench = await chain({ maxLifetime: seconds(600), supported: new Set(['PREFER_FAILURE']) })
    bench.carrier.address6 = ip('2001:db8::2')
    await bench.upstream.use(servers.flatMap((server) => bench.linksTo(server)))
    bench.lines.splice(0)
    return bench
  }

  it.each([
    ['as one server', [[SERVER, V6]]],
    ['as two, like default routers,', [[SERVER], [V6]]],
  ])('S7488-5-1: %s: without THIRD_PARTY it is IPv4 again that is asked', async (_what, servers) => {
    const { carrier, clock, core, held, lines, upstream, within } = await withoutThirdParty(...servers)
    await within(core.iwf.addPortMapping(add({ lease: 'infinite' }), caller()))
    carrier.cut.add(SERVER.address)
    await clock.advance(700_000)
    expect(lines.filter((line) => line === 'another address is asked from now on')).toHaveLength(2)
    carrier.cut.clear()
    await clock.advance(60_000)
    expect(upstream.server?.address).toBe('100.64.0.1:5351')
    expect(held()).toEqual([8080])
  })

  it('S7488-5-1: IPv6 alone, without THIRD_PARTY, is 501', async () => {
    const { core, lines, upstream, within } = await withoutThirdParty([V6])
    expect(await faultOf(() => within(core.iwf.addPortMapping(add(), caller())))).toBe(501)
    expect(
      await faultOf(() => within(core.iwf.addPortMapping(add({ externalPort: port(8081) }), caller()))),
    ).toBe(501)
    expect(lines.filter((line) => line.includes('THIRD_PARTY'))).toHaveLength(1)
    expect(upstream.server?.address).toBe('[2001:db8::1]:5351')
  })
})
