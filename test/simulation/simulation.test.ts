import { afterAll, describe, expect, it } from 'vitest'
import { scheduleOf } from './schedule.ts'
import { shrunk } from './shrink.ts'
import { type Outcome, simulate } from './simulation.ts'

// Whole daemons in a simulated world, by schedules that are drawn from seeds (docs/reliability.md).
//
//   npx vitest run test/simulation                               the fixed set, and that each check can fail
//   npm run simulate                                             the fixed set, and fresh ones for two minutes
//   SIM_SEED=<seed> SIM_COUNT=1 npx vitest run test/simulation/simulation.test.ts   one, with its story

const { SIM_COUNT, SIM_FRESH, SIM_SECONDS, SIM_SEED } = process.env
const FIRST = Number(SIM_SEED ?? 1)
const COUNT = Number(SIM_COUNT ?? 40)
const BATCH = 10
/** Seconds for fresh schedules. */
const FRESH = Number(SIM_SECONDS ?? 0)
/** Seeds of fresh ones begin somewhere else each time, unless told where. */
const BASE = Number(SIM_FRESH ?? 1_000_000 + Math.floor(Math.random() * 1_000_000_000))

const total = { schedules: 0, passed: 0, counts: new Map<string, number>() }

function account({ counts, passed }: Outcome): void {
  total.schedules++
  total.passed += passed
  for (const [what, count] of counts) total.counts.set(what, (total.counts.get(what) ?? 0) + count)
}

/** Plays one schedule. What fails is cut down to what it takes, and told; gives the way to see it again. */
async function play(seed: number): Promise<string | undefined> {
  const { events, profile } = scheduleOf(seed)
  const outcome = await simulate({ events, profile }, COUNT === 1)
  account(outcome)
  const [first] = outcome.wrong
  if (!first) {
    if (COUNT === 1) console.log(outcome.story.join('\n'))
    return undefined
  }
  const least = await shrunk(events, async (fewer) => {
    const { wrong } = await simulate({ events: fewer, profile })
    return wrong[0]?.invariant === first.invariant
  })
  const { story } = await simulate({ events: least, profile }, true)
  console.log(`${least.length} of ${events.length} events are enough:\n${story.join('\n')}`)
  const broken = outcome.wrong.map(({ invariant, what }) => `${invariant}: ${what}`).join('; ')
  return `SIM_SEED=${seed} SIM_COUNT=1 npx vitest run test/simulation/simulation.test.ts: ${broken}`
}

/** Plays seed after seed from `first` while `goes`, and tells of all that failed. */
async function playAll(first: number, goes: (seed: number) => boolean): Promise<void> {
  const failed: string[] = []
  for (let seed = first; goes(seed); seed++) {
    const failure = await play(seed)
    if (failure !== undefined) failed.push(failure)
  }
  expect(failed, failed.join('\n')).toEqual([])
}

const batches = Array.from({ length: Math.ceil(COUNT / BATCH) }, (_, i) => FIRST + i * BATCH)

describe('a simulated router, carrier and LAN', () => {
  it.each(batches)('keep all rules (seeds from %i)', { timeout: 600_000 }, async (first) => {
    await playAll(first, (seed) => seed < Math.min(first + BATCH, FIRST + COUNT))
  })

  it.runIf(FRESH > 0)(`keep all rules (fresh seeds from ${BASE})`, { timeout: 86_400_000 }, async () => {
    const end = performance.now() + FRESH * 1000
    await playAll(BASE, () => performance.now() < end)
  })
})

afterAll(() => {
  const { counts, passed, schedules } = total
  const days = (passed / 86_400_000).toFixed(0)
  const troubles = [...counts].sort().map(([what, count]) => `${count} ${what}`)
  console.log(`${schedules} schedules, ${days} virtual days: ${troubles.join(', ')}`)
})
