import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { distilled } from './distil.ts'
import { Onlooker, Pathfinder } from './guide.ts'
import { fuzz, type Target } from './harness.ts'
import { Profile } from './profile.ts'
import { Reached } from './reached.ts'

const profile = new Profile((url) => url.endsWith('/test/fuzz/toy.ts'))
beforeAll(() => profile.start())
afterAll(() => profile.stop())

const CORPUS = [Buffer.from('aaaaaa')]
const INPUTS = 12_000

/** The toy, and how far somebody got in it. */
async function toy(): Promise<{ readonly target: Target; readonly furthest: () => number }> {
  const { doorsOpenedBy } = await import('./toy.ts')
  let furthest = 0
  const take = (input: Uint8Array) => {
    furthest = Math.max(furthest, doorsOpenedBy(input))
  }
  const target = { name: 'toy', corpus: CORPUS, words: [], open: () => ({ take }) }
  return { target, furthest: () => furthest }
}

describe('guidance by coverage', () => {
  it('goes through all doors, where blind changes are stuck behind the first ones', async () => {
    const [guided, blind] = [await toy(), await toy()]
    const guide = new Pathfinder(profile, CORPUS)
    const { taken } = await fuzz(guided.target, 1, INPUTS, guide)
    const onlooker = new Onlooker(profile, CORPUS)
    await fuzz(blind.target, 1, taken, onlooker)
    expect(guided.furthest()).toBe(5)
    expect(blind.furthest()).toBeLessThan(4)
    expect(guide.reached.blocks(onlooker.reached)).toBeGreaterThan(onlooker.reached.blocks(guide.reached))
    expect(guide.found).toHaveLength(5)
  }, 60_000)

  it('keeps as few and as short inputs as reach all of it', async () => {
    const { target } = await toy()
    const { take } = await target.open()
    const inputs = ['`aaaaa', 'xyz', '`ceiq and more', '`ceaaa', '`ceiq and even more'].map((text) => ({
      input: Buffer.from(text),
      isNew: true,
    }))
    const kept = await distilled(profile, take, CORPUS, inputs)
    expect(kept.map(String)).toEqual(['`', '`ce', '`ceiq'])
  })
})

describe('what was reached', () => {
  const ran = (dark: readonly (readonly [number, number])[]) => [{ key: 'f', span: [0, 100] as const, dark }]

  it('is what was not dark every time', () => {
    const reached = new Reached()
    reached.add(
      ran([
        [10, 20],
        [50, 90],
      ]),
    )
    expect(reached.news(ran([[10, 20]]))).toBe(40)
    expect(
      reached.news(
        ran([
          [0, 20],
          [40, 95],
        ]),
      ),
    ).toBe(0)
    reached.add(ran([[60, 100]]))
    expect(reached.news(ran([]))).toBe(30)
  })

  it('is counted in blocks that either knows of', () => {
    const [one, other] = [new Reached(), new Reached()]
    one.add(ran([[10, 20]]))
    other.add(ran([[40, 100]]))
    expect(one.blocks()).toBe(2)
    expect([one.blocks(other), other.blocks(one)]).toEqual([3, 3])
    other.add(ran([]))
    expect([one.blocks(other), other.blocks(one)]).toEqual([3, 4])
  })
})
