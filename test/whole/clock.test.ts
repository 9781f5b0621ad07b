import { afterEach, describe, expect, it, vi } from 'vitest'
import { seconds } from '../../src/lib/units.ts'
import { chain, map } from '../support/chain.ts'

const HOUR = 3_600_000
const YEARS = 10 * 365 * 24 * HOUR

afterEach(() => void vi.useRealTimers())

/** Five mappings at a carrier that grants `maxLifetime` seconds. */
async function mapped(maxLifetime: number) {
  const bench = await chain({ maxLifetime: seconds(maxLifetime) })
  for (let n = 0; n < 5; n++) await map(bench, 8000 + n)
  return bench
}

/** What stands, and what it cost, after `span` milliseconds in which the wall clock jumps once. */
async function after(span: number, jump: number) {
  vi.useFakeTimers({ toFake: ['Date'] })
  const bench = await mapped(600)
  vi.setSystemTime(Date.now() + jump)
  await bench.clock.advance(span)
  const left = bench.core.iwf.getGenericPortMappingEntry(0).leaseDuration
  return { held: bench.held(), sent: bench.carrier.received, left, lines: bench.lines }
}

it.each([YEARS, -YEARS])(
  'T28: a wall clock that jumps by %i ms ends nothing and sends nothing',
  async (jump) => {
    const still = await after(HOUR / 2, 0)
    expect(still.held).toEqual([8000, 8001, 8002, 8003, 8004])
    expect(await after(HOUR / 2, jump)).toEqual(still)
  },
)

describe('T28: a suspend of an hour', () => {
  it('the epoch fits: the server is not thought to have lost its state', async () => {
    const bench = await mapped(86_400)
    await bench.clock.advance(60_000)
    await bench.clock.suspend(HOUR / 2)
    await bench.clock.advance(30_000)
    await map(bench, 8005)
    await bench.clock.advance(30_000)
    expect(new Set(bench.lines)).toEqual(new Set(['a port is mapped']))
    expect(bench.held()).toEqual([8000, 8001, 8002, 8003, 8004, 8005])
  })

  it('what the carrier let lapse meanwhile is back with its port, without a storm', async () => {
    const bench = await mapped(300)
    await bench.clock.advance(60_000)
    const before = bench.carrier.received
    await bench.clock.suspend(HOUR / 2)
    await bench.clock.advance(60_000)
    expect(bench.held()).toEqual([8000, 8001, 8002, 8003, 8004])
    expect(bench.carrier.received - before).toBeLessThanOrEqual(20)
  })

  it('a lease that ended meanwhile has ended', async () => {
    const bench = await mapped(86_400)
    await bench.clock.suspend(HOUR + 1000)
    await bench.clock.advance(1000)
    expect([bench.held(), bench.core.iwf.portMappingNumberOfEntries()]).toEqual([[], 0])
  })
})
