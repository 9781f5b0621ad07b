import { describe, expect, it } from 'vitest'
import { SERVER } from '../support/memory-carrier.ts'
import { wanted } from './client-bench.ts'
import { linked } from './link-bench.ts'

const SPEAKS_NAT_PMP = 'the server speaks only NAT-PMP; going on with that'

describe('RFC 6887 §9: a server that speaks NAT-PMP alone', () => {
  it('T11: is asked again at once, by NAT-PMP, at the same address and from a new socket', async () => {
    const { connects, lines, map } = await linked()
    expect(await map()).toMatchObject({ kind: 'granted', external: { port: 8080 } })
    expect(connects).toEqual([SERVER, SERVER])
    expect(lines).toEqual([SPEAKS_NAT_PMP])
  })

  it('T11: all that was outstanding is asked again, the log told once', async () => {
    const { clock, lines, link, stop } = await linked()
    const outcomes = [link.map(wanted, stop.signal), link.unmap({ ...wanted, protocol: 'UDP' }, stop.signal)]
    await clock.advance(100)
    expect(await Promise.all(outcomes)).toMatchObject([{ kind: 'granted' }, { kind: 'deleted' }])
    expect(lines).toEqual([SPEAKS_NAT_PMP])
  })

  it('is alive, though it knows no ANNOUNCE', async () => {
    const { clock, link, map, stop } = await linked()
    await map()
    const alive = link.alive(stop.signal)
    await clock.advance(100)
    expect(await alive).toBe(true)
  })

  it('is not asked by PCP for half an hour, and then first', async () => {
    const { carrier, clock, map } = await linked()
    await map()
    const before = carrier.received
    await map()
    expect(carrier.received).toBe(before + 1)
    await clock.advance(1_800_000)
    await map()
    expect(carrier.received).toBe(before + 3)
  })

  it('T11: with pcp.natpmp off it is no server', async () => {
    const { connects, map, unreachable } = await linked({ natPmp: 'off' })
    expect(await map()).toMatchObject({ kind: 'refused', result: 'UNSUPP_VERSION' })
    expect(connects).toEqual([SERVER])
    expect(unreachable).toEqual(['it speaks version 0, not PCP'])
  })

  it('T11: then it does not count as alive either, and is not moved to', async () => {
    const { clock, link, stop } = await linked({ natPmp: 'off' })
    const alive = link.alive(stop.signal)
    await clock.advance(100)
    expect(await alive).toBe(false)
  })

  it('is asked by NAT-PMP the next time where there was no route for it', async () => {
    const { map, routes } = await linked()
    routes.down = true
    expect(await map()).toMatchObject({ kind: 'refused', result: 'UNSUPP_VERSION' })
    routes.down = false
    expect(await map()).toMatchObject({ kind: 'granted' })
  })

  it('closing ends what is outstanding', async () => {
    const { carrier, clock, link, map, stop } = await linked()
    await map()
    carrier.responder.faults.dropRequests = 1
    const outcome = link.map(wanted, stop.signal)
    await clock.advance(100)
    link.close()
    expect(await outcome).toEqual({ kind: 'silent' })
  })
})

it('T12: a version-0 reply after PCP worked is no downgrade', async () => {
  const { carrier, clock, connects, link, map, stop } = await linked({ natPmpOnly: false })
  await map()
  carrier.responder.faults.natPmpOnly = true
  const outcome = link.map(wanted, stop.signal)
  await clock.advance(8000)
  carrier.responder.faults.natPmpOnly = false
  await clock.advance(8000)
  expect(await outcome).toMatchObject({ kind: 'granted' })
  expect(connects).toEqual([SERVER])
})

it('T12: three version-0 replies in a row, an answer to a request each, are another firmware', async () => {
  const { carrier, clock, connects, link, map, stop } = await linked({ natPmpOnly: false })
  await map()
  carrier.responder.restart()
  carrier.responder.faults.natPmpOnly = true
  const outcome = link.map(wanted, stop.signal)
  await clock.advance(12_000)
  expect(await outcome).toMatchObject({ kind: 'granted' })
  expect(connects).toEqual([SERVER, SERVER])
})

describe('T11: a server that spoke NAT-PMP and has the firmware of a PCP server now', () => {
  async function updated() {
    const bench = await linked()
    await bench.map()
    await bench.clock.advance(600_000)
    bench.carrier.responder.restart()
    bench.carrier.responder.faults.natPmpOnly = false
    return bench
  }

  it('is asked again at once, by PCP', async () => {
    const { link, map } = await updated()
    expect(await map()).toMatchObject({ kind: 'granted', external: { port: 8080 } })
    expect(link.facts().protocol).toBe('PCP')
  })

  it('is alive', async () => {
    const { clock, link, stop } = await updated()
    const alive = link.alive(stop.signal)
    await clock.advance(100)
    expect([await alive, link.facts().protocol]).toEqual([true, 'PCP'])
  })

  it('lost its mappings meanwhile', async () => {
    const { map, told } = await updated()
    await map()
    expect(told).toEqual(['lost'])
  })
})

it('T11: a server that is another one by NAT-PMP than by PCP lost its mappings', async () => {
  const { carrier, clock, map, told } = await linked({ natPmpOnly: false })
  await map()
  await clock.advance(600_000)
  carrier.responder.restart()
  carrier.responder.faults.natPmpOnly = true
  void map()
  await clock.advance(12_000)
  expect(told).toEqual(['lost'])
})
