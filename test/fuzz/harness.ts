import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { seeded } from '../support/dice.ts'
import { type Seeds, mutant } from './mutate.ts'

// Runs a target on many inputs. To add one: a file in targets/ and a line in fuzz.test.ts.

/** Something that takes inputs from strangers. */
export interface Target extends Seeds {
  readonly name: string
  readonly open: () => Open | Promise<Open>
}

interface Open {
  /** Throws where the input did harm. */
  readonly take: (input: Uint8Array) => void | Promise<void>
  /** Throws where all of them together did; closes what was opened. */
  readonly close?: () => void | Promise<void>
}

export interface Run {
  readonly inputs: number
  /** Milliseconds the slowest input took, which one it was, and all together. */
  readonly slowest: number
  readonly slowestInput: number
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
export const inputOf = (target: Seeds, seed: number, index: number): Uint8Array =>
  mutant(seeded(seed * 1_000_003 + index), target)

/** Rejects with what replays it when an input does harm. */
export async function fuzz(target: Target, seed: number, inputs: number): Promise<Run> {
  const open = await target.open()
  let slowest = 0
  let slowestInput = 0
  let before = heap()
  const start = performance.now()
  for (let index = 0; index < inputs; index++) {
    const input = inputOf(target, seed, index)
    const asked = performance.now()
    try {
      await open.take(input)
    } catch (error) {
      throw new Error(harm(target, seed, index), { cause: error })
    }
    const took = performance.now() - asked
    if (took > slowest) [slowest, slowestInput] = [took, index]
    if (index === Math.floor(inputs / 4)) before = heap()
  }
  const total = performance.now() - start
  const grown = heap() - before
  await open.close?.()
  return { inputs, slowest, slowestInput, total, grown }
}

const harm = (target: Target, seed: number, index: number): string =>
  `input ${index} of seed ${seed} does harm to ${target.name}; to replay it:\n` +
  `FUZZ_SEED=${seed} FUZZ_INPUTS=${index + 1} npm run fuzz -- -t '${target.name}'\n` +
  `base64: ${Buffer.from(inputOf(target, seed, index))
    .toString('base64')
    .slice(0, 4000)}`
