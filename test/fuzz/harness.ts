import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { seeded } from '../support/dice.ts'
import { settle } from '../support/virtual-clock.ts'
import { lineOf } from './corpus.ts'
import { blind, type Guide, type Take } from './guide.ts'
import { type Seeds, mutant } from './mutate.ts'

// Runs a target on many inputs. To add one: a file in targets/ and a line in targets.ts.

/** Something that takes inputs from strangers. */
export interface Target extends Seeds {
  readonly name: string
  readonly open: () => Open | Promise<Open>
}

interface Open {
  /** Throws where the input did harm. */
  readonly take: Take
  /** Throws where all of them together did; closes what was opened. */
  readonly close?: () => void | Promise<void>
}

export interface Run {
  /** How many inputs were taken, with those that were taken again. */
  readonly taken: number
  /** Milliseconds of processor the slowest input took, and which one it was. */
  readonly slowest: number
  readonly slowestInput: Uint8Array
  /** Milliseconds all of them took, by the clock on the wall. */
  readonly total: number
  /** MiB held more than after a quarter of the inputs. */
  readonly grown: number
}

setFlagsFromString('--expose_gc')
const collect = runInNewContext('gc') as () => void

function heap(): number {
  collect()
  const { external, heapUsed } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}

/** Input number `index` of `seed`. */
export const inputOf = (seeds: Seeds, seed: number, index: number): Uint8Array =>
  mutant(seeded(seed * 1_000_003 + index), seeds)

/** The event loop gets a turn after so many inputs: else nothing can end the run, and what waits for a turn piles up. */
const TURN = 100

const processorTime = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}

/**
 * Takes the corpus as it is, then `inputs` that are made of it. Rejects with what sees it again when an input does
 * harm.
 */
export async function fuzz(
  target: Target,
  seed: number,
  inputs: number,
  guide: Guide = blind(target.corpus),
): Promise<Run> {
  const open = await target.open()
  let [taken, slowest, slowestInput] = [0, 0, new Uint8Array()]
  const take = warning(target.name, (input) => {
    taken += 1
    return open.take(input)
  })
  const tryOne = async (input: Uint8Array) => {
    const asked = processorTime()
    await take(input)
    const took = processorTime() - asked
    if (took > slowest) [slowest, slowestInput] = [took, Uint8Array.from(input)]
    await guide.tried(input, take)
  }
  guide.begin()
  const start = performance.now()
  for (const input of [...guide.corpus]) await tryOne(input)
  let before = heap()
  for (let index = 0; index < inputs; index++) {
    await tryOne(inputOf({ corpus: guide.corpus, words: target.words }, seed, index))
    if (index % TURN === 0) await settle()
    if (index === Math.floor(inputs / 4)) before = heap()
  }
  const total = performance.now() - start
  const grown = heap() - before
  await open.close?.()
  return { taken, slowest, slowestInput, total, grown }
}

const warning =
  (name: string, take: Take): Take =>
  async (input) => {
    try {
      await take(input)
    } catch (error) {
      throw new Error(harm(name, input), { cause: error })
    }
  }

const harm = (name: string, input: Uint8Array): string =>
  `an input does harm to ${name}; add it as a line to test/vectors/fuzz/${name}.txt, and\n` +
  `npx vitest run test/fuzz -t '${name}'\nsees it again:\n${lineOf(input).slice(0, 20_000)}`
