import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { recorded } from './black-box.ts'
import { lineOf, readFound, writeFound } from './corpus.ts'
import { distilled } from './distil.ts'
import { blind, Onlooker, Pathfinder } from './guide.ts'
import { type Run, type Target, fuzz, inputOf } from './harness.ts'
import { Profile } from './profile.ts'

// `npm test` takes what was found so far and a few inputs made of it, always the same. `npm run fuzz` makes 100,000
// for each target, new ones every time, guided by coverage, and adds what it finds to test/vectors/fuzz.
// FUZZ_INPUTS and FUZZ_SEED choose others. FUZZ_COMPARE=1 shows what the guidance is worth, and adds nothing.

const IS_SHORT = process.env['FUZZ_INPUTS'] === undefined
const IS_COMPARISON = process.env['FUZZ_COMPARE'] === '1'
const INPUTS = IS_SHORT ? 200 : Number(process.env['FUZZ_INPUTS'])
const SEED = Number(process.env['FUZZ_SEED'] ?? (IS_SHORT ? 1 : Date.now() % 1_000_000))
/** MiB that memory may differ by without a leak. */
const SLACK = 16
/** Milliseconds of processor for one input. Compiling and collecting, which may happen meanwhile, took 458 once. */
const LONGEST = 2000
const A_DAY = 86_400_000

const profile = new Profile((url) => url.includes('/src/'))
if (!IS_SHORT) profile.start()
// Loaded only now, as the profile sees only what is loaded after its start.
const { TARGETS } = await import('./targets.ts')

const rows: string[] = []
afterAll(() => {
  if (!IS_SHORT) console.log([`seed ${SEED}`, ...rows].join('\n'))
})

const report = (name: string, ...said: readonly string[]) =>
  void rows.push([name.padEnd(13), ...said].join('  '))

const times = ({ grown, slowest, taken, total }: Run): string =>
  `${taken} inputs in ${(total / 1000).toFixed(1)} s, slowest ${slowest.toFixed(1)} ms, ${grown.toFixed(1)} MiB more held`

async function explore(plain: Target): Promise<Run> {
  const target = recorded(plain)
  const known = readFound(target.name)
  const guide = new Pathfinder(profile, [...target.corpus, ...known])
  const run = await fuzz(target, SEED, INPUTS, guide)
  const open = await target.open()
  const kept = await distilled(profile, open.take, target.corpus, [
    ...known.map((input) => ({ input, isNew: false })),
    ...guide.found.map((input) => ({ input, isNew: true })),
  ])
  await open.close?.()
  writeFound(target.name, kept)
  const more = kept.filter((input) => !known.includes(input)).length
  report(
    target.name,
    times(run),
    `${guide.reached.blocks()} blocks, ${kept.length} kept, ${more} of them new`,
  )
  return run
}

/** Both begin with the given corpus alone. What the guidance takes again counts, so the other gets more new inputs. */
async function compare(target: Target): Promise<Run> {
  const guide = new Pathfinder(profile, target.corpus)
  const run = await fuzz(target, SEED, INPUTS, guide)
  const onlooker = new Onlooker(profile, target.corpus)
  await fuzz(target, SEED, run.taken - target.corpus.length, onlooker)
  const [without, guided] = [onlooker.reached.blocks(guide.reached), guide.reached.blocks(onlooker.reached)]
  report(target.name, times(run), `${without} blocks blind, ${guided} guided`)
  return run
}

const replay = (target: Target): Promise<Run> =>
  fuzz(target, SEED, INPUTS, blind([...target.corpus, ...readFound(target.name)]))

describe('whatever comes', () => {
  const way = IS_SHORT ? replay : IS_COMPARISON ? compare : explore
  it.each(TARGETS.map((target) => [target.name, target] as const))(
    '%s goes on, holds no more memory, and takes no long time',
    async (_name, target) => {
      const { grown, slowest, slowestInput } = await way(target)
      expect(grown).toBeLessThan(SLACK)
      expect(slowest, lineOf(slowestInput)).toBeLessThan(LONGEST)
    },
    A_DAY,
  )
})

const harmless: Target = {
  name: 'x',
  corpus: [Buffer.from('right')],
  words: ['word'],
  open: () => ({ take: () => undefined }),
}

describe('the harness', () => {
  it('makes the same inputs of the same seed, and different ones of another', () => {
    const inputs = (seed: number) =>
      Array.from({ length: 50 }, (_, i) => Buffer.from(inputOf(harmless, seed, i)).toString('hex'))
    expect(inputs(1)).toEqual(inputs(1))
    expect(inputs(2)).not.toEqual(inputs(1))
    expect(new Set(inputs(1)).size).toBeGreaterThan(30)
  })

  it('takes the corpus as it is, then what is made of it', async () => {
    const taken: string[] = []
    const take = (input: Uint8Array) => void taken.push(Buffer.from(input).toString('latin1'))
    await fuzz({ ...harmless, open: () => ({ take }) }, 1, 20)
    expect(taken).toHaveLength(21)
    expect(taken[0]).toBe('right')
  })

  it('says which input did harm, and how to see it again', async () => {
    let taken = 0
    const take = () => {
      if ((taken += 1) === 3) throw new Error('harm')
    }
    const run = fuzz({ ...harmless, open: () => ({ take }) }, 7, 10)
    await expect(run).rejects.toThrow(/harm to x; .*fuzz\/x\.txt.*npx vitest run test\/fuzz -t 'x'.*\n".*"$/s)
  })

  it('leaves the input that ended the process on the disk', async () => {
    const place = mkdtempSync(join(tmpdir(), 'igd-pcp-fuzz-'))
    const seen: string[] = []
    const take = () => void seen.push(readFileSync(join(place, 'x'), 'latin1'))
    const { take: recorder } = await recorded({ ...harmless, open: () => ({ take }) }, place).open()
    for (const input of ['longer', 'right']) await recorder(Buffer.from(input))
    rmSync(place, { recursive: true })
    expect(seen).toEqual(['longer', 'right'])
  })

  it('sees what takes long', async () => {
    const take = (input: Uint8Array) => {
      if (input.length === 5) for (const end = performance.now() + 60; performance.now() < end; );
    }
    const run = await fuzz({ ...harmless, open: () => ({ take }) }, 1, 3)
    expect(run.slowest).toBeGreaterThan(20)
    expect(run.slowestInput).toHaveLength(5)
  })

  it('lets the event loop have its turns', async () => {
    let turns = 0
    const turning = setInterval(() => (turns += 1), 0)
    const take = () => {
      for (const end = performance.now() + 1; performance.now() < end; );
    }
    await fuzz({ ...harmless, open: () => ({ take }) }, 1, 250)
    clearInterval(turning)
    expect(turns).toBeGreaterThan(1)
  })

  it('sees what is held', async () => {
    const held: Uint8Array[] = []
    const take = () => void held.push(new Uint8Array(2 ** 20).fill(1))
    const { grown } = await fuzz({ ...harmless, open: () => ({ take }) }, 1, 80)
    expect(held).toHaveLength(81)
    expect(grown).toBeGreaterThan(SLACK)
  })
})
