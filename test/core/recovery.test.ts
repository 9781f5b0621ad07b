import { describe, expect, it } from 'vitest'
import { firstGap, nextGap, startDelay } from '../../src/core/pacing.ts'
import { millis, port, seconds } from '../../src/lib/units.ts'
import { add, caller, coreBench } from '../support/core-bench.ts'
import { ip } from '../support/fake-carrier.ts'

const mapped = async (count: number) => {
  const bench = coreBench()
  for (let n = 0; n < count; n++)
    await bench.answered(bench.iwf.addPortMapping(add({ externalPort: port(8000 + n) }), caller()))
  const restart = () => {
    bench.carrier.held.clear()
    bench.carrier.maps.splice(0)
    bench.events.lostState()
  }
  return { ...bench, restart }
}

describe('rapid recovery (RFC 6887 §14.1)', () => {
  it('R6970-5.10-3 T16: after 0 to 5 s each mapping once, with PREFER_FAILURE and its old port', async () => {
    const { carrier, clock, restart } = await mapped(5)
    const before = new Map(carrier.maps.map((map) => [map.suggestedPort, map.generation]))
    restart()
    await clock.advance(20_000)
    expect(carrier.maps.map((map) => map.suggestedPort).sort()).toEqual([8000, 8001, 8002, 8003, 8004])
    expect(
      carrier.maps.every((map) => map.preferFailure && map.generation === before.get(map.suggestedPort)),
    ).toBe(true)
    expect([...carrier.held.values()].map((held) => held.externalPort).sort()).toEqual([
      8000, 8001, 8002, 8003, 8004,
    ])
  })

  it('C-14.1-4: a loss that is told ten times is one', async () => {
    const { carrier, clock, events, restart } = await mapped(3)
    restart()
    for (let copy = 0; copy < 9; copy++) {
      await clock.advance(250)
      events.lostState()
    }
    await clock.advance(30_000)
    expect(carrier.maps).toHaveLength(3)
  })

  it('T18: what was granted after the loss is not asked for again', async () => {
    const { carrier, clock, context, events } = await mapped(3)
    events.lostState()
    const one = context.table.at('TCP', port(8001))
    if (one) one.grant = { ...one.grant }
    carrier.maps.splice(0)
    await clock.advance(20_000)
    expect(carrier.maps.map((map) => map.suggestedPort).sort()).toEqual([8000, 8002])
  })

  it('one in flight: a silent server is asked for one mapping', async () => {
    const { carrier, clock, restart } = await mapped(10)
    carrier.silent = true
    restart()
    await clock.advance(50_000)
    expect(carrier.maps).toHaveLength(1)
  })

  it('what the lease ends or a host deletes meanwhile is not made anew', async () => {
    const { carrier, clock, iwf, restart } = await mapped(2)
    restart()
    void iwf.deletePortMapping({ remoteHost: '', externalPort: port(8000), protocol: 'TCP' }, caller())
    await clock.advance(20_000)
    expect(carrier.maps.map((map) => map.suggestedPort)).toEqual([8001])
  })

  it('nothing more is heard of a mapping’s old renewal times', async () => {
    const { carrier, clock, restart } = await mapped(1)
    restart()
    await clock.advance(10_000)
    const after = carrier.maps.length
    await clock.advance(1_700_000)
    expect(carrier.maps).toHaveLength(after)
  })
})

describe('another server (RFC 6887 §8.1)', () => {
  it('C-8.3-9: all mappings are asked of it at once, whatever the old one refused', async () => {
    const { carrier, clock, events, iwf } = await mapped(2)
    carrier.refuse = { result: 'NO_RESOURCES', lifetime: seconds(300) }
    const refused = iwf.addPortMapping(add({ externalPort: port(9000) }), caller()).catch(() => 'refused')
    await clock.advance(100)
    expect(await refused).toBe('refused')
    carrier.refuse = undefined
    carrier.held.clear()
    carrier.maps.splice(0)
    events.switched()
    const asked = iwf.addPortMapping(add({ externalPort: port(9000) }), caller())
    await clock.advance(20_000)
    await asked
    expect(carrier.maps.map((map) => map.suggestedPort).sort()).toEqual([8000, 8001, 9000])
  })

  it('R6970-5.10-2: what lapsed while nobody answered is asked for when the carrier is back', async () => {
    const { carrier, clock, context, events } = await mapped(3)
    carrier.silent = true
    carrier.reachable = false
    await clock.advance(3_700_000 - 200_000)
    const before = carrier.maps.length
    for (const { claim } of context.table.mappings()) claim.state = 'LAPSED'
    carrier.silent = false
    carrier.reachable = true
    events.returned()
    await clock.advance(10_000)
    expect(carrier.maps.length - before).toBeGreaterThanOrEqual(3)
    expect([...context.table.mappings()].every(({ claim }) => claim.state === 'ACTIVE')).toBe(true)
  })
})

it('C-x-5: what is being made anew while the carrier is silent is asked for again as soon as it is back', async () => {
  const { carrier, clock, events, restart } = await mapped(3)
  carrier.silent = true
  restart()
  await clock.advance(100_000)
  carrier.silent = false
  events.returned()
  await clock.advance(20_000)
  expect(carrier.held.size).toBe(3)
})

describe('hints without proof', () => {
  it.each([
    ['one mapping is asked for', 4],
    ['with nothing mapped, the external address', 0],
  ])('T17: %s, at most once in ten seconds', async (_what, count) => {
    const { carrier, clock, events, start } = await mapped(count)
    void start()
    await clock.advance(10_000)
    carrier.maps.splice(0)
    for (let i = 0; i < 20; i++) {
      events.doubtful()
      await clock.advance(400)
    }
    expect(carrier.maps).toHaveLength(1)
  })

  it('R6970-4.1-1: with nothing mapped, the LAN is told the external address that the server has now', async () => {
    const { carrier, clock, events, iwf, start } = await mapped(0)
    void start()
    await clock.advance(10_000)
    carrier.externalAddress = ip('203.0.114.77')
    events.doubtful()
    await clock.advance(10_000)
    expect(iwf.externalIpAddress()).toBe('203.0.114.77')
    expect(carrier.held.size).toBe(0)
  })
})

describe('Mapping Updates (RFC 6887 §14.2)', () => {
  const of = (bench: Awaited<ReturnType<typeof mapped>>, generation = 0) => {
    const wanPort = bench.context.table.at('TCP', port(8000))?.claim.wanPort ?? port(1)
    return { protocol: 'TCP', internalAddress: undefined, internalPort: wanPort, generation } as const
  }

  it('C-14.2-1 R6970-5.3-3 R6970-5.10-5: new values are taken over', async () => {
    const bench = await mapped(1)
    const external = { address: bench.carrier.externalAddress, port: port(8000) }
    bench.events.mappingUpdate(of(bench), {
      kind: 'granted',
      external,
      lifetime: seconds(77),
      sentAt: bench.clock.now(),
    })
    expect(bench.context.table.at('TCP', port(8000))?.grant.lifetime).toBe(77)
  })

  it('C-14.2-2: CANNOT_PROVIDE_EXTERNAL makes it degraded', async () => {
    const bench = await mapped(1)
    bench.events.mappingUpdate(of(bench), {
      kind: 'refused',
      result: 'CANNOT_PROVIDE_EXTERNAL',
      lifetime: seconds(30),
    })
    expect(bench.context.table.at('TCP', port(8000))?.claim.state).toBe('DEGRADED')
  })

  it('an update for an earlier life is not for this one', async () => {
    const bench = await mapped(1)
    const before = bench.context.table.at('TCP', port(8000))?.grant
    const external = { address: bench.carrier.externalAddress, port: port(9) }
    bench.events.mappingUpdate(of(bench, 7), {
      kind: 'granted',
      external,
      lifetime: seconds(7),
      sentAt: millis(0),
    })
    expect(bench.context.table.at('TCP', port(8000))?.grant).toBe(before)
  })
})

describe('the pace', () => {
  const granted = { kind: 'silent' } as const
  it.each([
    ['a quick answer halves the gap', 1000, 100, 500],
    ['down to 100 ms', 150, 10, 100],
    ['a slow one doubles it', 1000, 3000, 2000],
    ['up to a minute', 45_000, 3000, 60_000],
  ])('%s', (_what, gap, took, expected) => {
    expect(nextGap(millis(gap), took, granted)).toBe(expected)
  })

  it('NO_RESOURCES is a server that struggles', () => {
    expect(nextGap(firstGap(), 1, { kind: 'refused', result: 'NO_RESOURCES', lifetime: seconds(30) })).toBe(
      2000,
    )
  })

  it('starts after 0 to 5 s', () => {
    expect([0, 0.5, 0.999].map(startDelay)).toEqual([0, 2500, 4995])
  })
})
