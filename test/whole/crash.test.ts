import { describe, expect, it } from 'vitest'
import { STEPS } from './crash/machine.ts'
import { runSchedule } from './crash/schedule.ts'

// T26. A failing schedule is seen again, with all that happened in it, by
//   CRASH_SEED=<seed> CRASH_COUNT=1 npx vitest run test/whole/crash.test.ts

const FIRST = Number(process.env['CRASH_SEED'] ?? 1)
const COUNT = Number(process.env['CRASH_COUNT'] ?? 1000)
const BATCH = 100
/** How many schedules may pass before one shows that a step is left out. */
const ENOUGH = 200

interface Kind {
  /** What is beside crashes and a bad line. */
  readonly beside: string
  readonly moves: boolean
  readonly count: number
}

const KINDS: readonly Kind[] = [
  { beside: 'at one place', moves: false, count: COUNT },
  { beside: 'while its address and its PCP server change', moves: true, count: Math.ceil(COUNT / 10) },
]

describe.each(KINDS)(
  'a daemon killed at any step, over a line that loses, repeats and reorders, $beside',
  ({ count, moves }) => {
    const last = FIRST + count
    const batches = Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => FIRST + i * BATCH)
    it.each(batches)(
      'T26: loses nothing and leaves nothing behind (seeds from %i)',
      { timeout: 600_000 },
      async (first) => {
        for (let seed = first; seed < Math.min(first + BATCH, last); seed++) {
          const { story, wrong } = await runSchedule(seed, { moves })
          if (COUNT === 1 || wrong.length > 0) console.log(story.join('\n'))
          expect(wrong, `CRASH_SEED=${seed} CRASH_COUNT=1 npx vitest run test/whole/crash.test.ts`).toEqual(
            [],
          )
        }
      },
    )
  },
)

describe('a daemon that leaves out one step on the way to the disk', () => {
  it.each(STEPS)('T26: %s: is found', { timeout: 60_000 }, async (leftOut) => {
    let found: readonly string[] = []
    for (let seed = 1; seed <= ENOUGH && found.length === 0; seed++)
      found = (await runSchedule(seed, { moves: false, leftOut })).wrong
    expect(found).not.toEqual([])
  })
})
