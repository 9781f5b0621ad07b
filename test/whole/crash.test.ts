import { describe, expect, it } from 'vitest'
import { runSchedule } from './crash/schedule.ts'

// T26. A failing schedule is seen again, with all that happened in it, by
//   CRASH_SEED=<seed> CRASH_COUNT=1 npx vitest run test/whole/crash.test.ts

const FIRST = Number(process.env['CRASH_SEED'] ?? 1)
const COUNT = Number(process.env['CRASH_COUNT'] ?? 1000)
const BATCH = 100

const batches = Array.from({ length: Math.ceil(COUNT / BATCH) }, (_, i) => FIRST + i * BATCH)

describe('a daemon killed at any step, over a line that loses, repeats and reorders', () => {
  it.each(batches)(
    'T26: loses nothing and leaves nothing behind (seeds from %i)',
    { timeout: 600_000 },
    async (first) => {
      for (let seed = first; seed < Math.min(first + BATCH, FIRST + COUNT); seed++) {
        const { story, wrong } = await runSchedule(seed)
        if (COUNT === 1 || wrong.length > 0) console.log(story.join('\n'))
        expect(wrong, `CRASH_SEED=${seed} CRASH_COUNT=1 npx vitest run test/whole/crash.test.ts`).toEqual([])
      }
    },
  )
})
