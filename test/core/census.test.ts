import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { State } from '../../src/core/state.ts'
import { port, seconds } from '../../src/lib/units.ts'
import { add, caller, coreBench, key } from '../support/core-bench.ts'

const NONE = coreBench().context.claims.census.counts()

describe('how many claims are in each state', () => {
  it('none of any at first, and GONE is no state to be in', () => {
    expect(new Set(Object.values(NONE))).toEqual(new Set([0]))
    expect(Object.keys(NONE)).not.toContain('GONE')
    expect(Object.keys(NONE)).toHaveLength(12)
  })

  it('follows one through its life', async () => {
    const { answered, carrier, clock, context, iwf } = coreBench()
    const { census } = context.claims
    carrier.maxLifetime = 120
    const asking = iwf.addPortMapping(add(), caller())
    await clock.advance(0)
    expect(census.counts()).toEqual({ ...NONE, REQUESTING: 1 })
    await answered(asking)
    expect(census.counts()).toEqual({ ...NONE, ACTIVE: 1 })
    carrier.silent = true
    await clock.advance(130_000)
    expect(census.counts()).toEqual({ ...NONE, LAPSED: 1 })
    carrier.silent = false
    void iwf.deletePortMapping(key(), caller())
    await clock.advance(0)
    expect(census.counts()).toEqual({ ...NONE, DELETING: 1 })
    await clock.advance(10_000)
    expect(census.counts()).toEqual(NONE)
  })

  it('is what counting the table gives, whatever happened', async () => {
    const step = fc.constantFrom('add', 'delete', 'refuse', 'answer', 'silence', 'wait', 'lose', 'ends')
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(step, fc.integer({ min: 0, max: 4 })), { maxLength: 30 }),
        async (steps) => {
          const { carrier, clock, context, events, iwf } = coreBench()
          const at = (n: number) => ({ externalPort: port(8000 + n), internalPort: port(9000 + n) })
          const ignore = () => undefined
          const run: Record<(typeof steps)[number][0], (n: number) => void> = {
            add: (n) =>
              void iwf.addPortMapping(add({ ...at(n), lease: seconds(600) }), caller()).catch(ignore),
            delete: (n) =>
              void iwf.deletePortMapping(key({ externalPort: port(8000 + n) }), caller()).catch(ignore),
            refuse: () => (carrier.refuse = { result: 'NETWORK_FAILURE', lifetime: seconds(30) }),
            answer: () => (carrier.refuse = undefined),
            silence: () => (carrier.silent = !carrier.silent),
            wait: () => undefined,
            lose: () => events.lostState(),
            ends: () => (carrier.maxLifetime = 120),
          }
          for (const [what, n] of steps) {
            run[what](n)
            await clock.advance(what === 'wait' ? 40_000 * n : 10)
            const shown = new Map<State, number>()
            for (const { claim } of context.table.mappings())
              shown.set(claim.state, (shown.get(claim.state) ?? 0) + 1)
            const counts = context.claims.census.counts()
            expect(Object.values(counts).every((count) => count >= 0)).toBe(true)
            expect(counts).toMatchObject(Object.fromEntries(shown))
          }
          carrier.silent = false
          carrier.refuse = undefined
          await clock.advance(4_000_000)
          expect(context.claims.census.counts()).toEqual(NONE)
        },
      ),
      { numRuns: 40 },
    )
  })
})
