import { expect, it } from 'vitest'
import { millis } from '../../src/lib/units.ts'
import { nextTimeout, toRand } from '../../src/pcp/retransmit.ts'
import { seeded } from '../support/dice.ts'

it.each([
  ['the first RT is IRT', undefined, 0, 3_000],
  ['with the least RAND', undefined, -0.1, 2_700],
  ['doubles', 3_000, 0, 6_000],
  ['RAND goes on top of the doubled RT', 2_700, 0.1, 5_940],
  ['stops at MRT', 768_000, 0, 1_024_000],
  ['stays there', 1_024_000, 0, 1_024_000],
  ['RAND goes on top of MRT', 1_126_400, 0.1, 1_126_400],
])('C-8.1.1-1, RFC 6887 §8.1.1: %s', (_name, previous, rand, expected) => {
  const timeout = nextTimeout(previous === undefined ? undefined : millis(previous), rand)
  expect(timeout).toBeCloseTo(expected, 6)
})

it.each([
  [0, -0.1],
  [0.5, 0],
  [0.75, 0.05],
])('C-8.1.1-2: a throw of %d is RAND %d', (unit, rand) => {
  expect(toRand(unit)).toBeCloseTo(rand, 12)
})

it('C-8.1.1-2: RAND is drawn anew each time, so the timeouts spread as far as they compound', () => {
  const dice = seeded(1)
  const runs = Array.from({ length: 10_000 }, () => {
    const first = nextTimeout(undefined, toRand(dice.unit()))
    const second = nextTimeout(first, toRand(dice.unit()))
    const third = nextTimeout(second, toRand(dice.unit()))
    return [first, second, third, nextTimeout(third, toRand(dice.unit()))]
  })
  const bounds = [
    [2_700, 3_300],
    [4_860, 7_260],
    [8_748, 15_972],
    [15_746, 35_139],
  ]
  for (const [n, [least = 0, most = 0]] of bounds.entries()) {
    const timeouts = runs.map((run) => run[n] ?? 0)
    const width = most - least
    expect(Math.min(...timeouts)).toBeGreaterThanOrEqual(least)
    expect(Math.max(...timeouts)).toBeLessThanOrEqual(most)
    expect(Math.min(...timeouts)).toBeLessThan(least + 0.2 * width)
    expect(Math.max(...timeouts)).toBeGreaterThan(most - 0.2 * width)
  }
})
