import type { Random } from '../../src/lib/clock.ts'

// Makes wrong inputs of right ones: the wrong ones that get furthest are almost right.

/** What inputs are made from. */
export interface Seeds {
  /** Real inputs. */
  readonly corpus: readonly Uint8Array[]
  /** Words that mean something where they stand. */
  readonly words: readonly string[]
}

const LONGEST = 100_000
const ENDS = [
  '\0',
  '\r',
  '\n',
  '\r\n\r\n',
  ':',
  ' ',
  '"',
  "'",
  '<',
  '>',
  '&',
  '%',
  '\\',
  '\x7f',
  '\xff',
  '\xc3',
  '\ud83d',
]
const NUMBERS = [
  '-1',
  '0',
  '1',
  '255',
  '256',
  '65535',
  '65536',
  '2147483648',
  '4294967295',
  '4294967296',
  '1e9',
  '0x10',
]

type Change = (input: Buffer, dice: Dice, seeds: Seeds) => Buffer

class Dice {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** 0..end-1; 0 for nothing to choose from. */
  below(end: number): number {
    return Math.floor(this.#random.unit() * end)
  }

  bytes(length: number): Uint8Array {
    return this.#random.bytes(length)
  }

  one<T>(things: readonly [T, ...T[]] | readonly T[], otherwise: T): T {
    return things[this.below(things.length)] ?? otherwise
  }

  /** A stretch of `input`, short as a rule. */
  stretch(input: Buffer): readonly [from: number, to: number] {
    const from = this.below(input.length + 1)
    const most = this.below(4) === 0 ? input.length : 16
    return [from, Math.min(input.length, from + this.below(most + 1))]
  }
}

const replaced = (input: Buffer, from: number, to: number, by: Uint8Array): Buffer =>
  Buffer.concat([input.subarray(0, from), by, input.subarray(to)])

const CHANGES: readonly Change[] = [
  function flip(input, dice) {
    const at = dice.below(input.length)
    return replaced(input, at, at + 1, Uint8Array.of((input[at] ?? 0) ^ (1 << dice.below(8))))
  },
  function remove(input, dice) {
    return replaced(input, ...dice.stretch(input), new Uint8Array())
  },
  function repeat(input, dice) {
    const [from, to] = dice.stretch(input)
    const times = dice.below(8) === 0 ? dice.below(1000) : dice.below(4)
    const stretch = input.subarray(from, to)
    const many = Math.min(times, Math.floor(LONGEST / Math.max(1, stretch.length)))
    return replaced(input, to, to, Buffer.concat(Array<Buffer>(many).fill(stretch)))
  },
  function noise(input, dice) {
    return replaced(input, ...dice.stretch(input), dice.bytes(dice.below(32)))
  },
  function word(input, dice, { words }) {
    return replaced(input, ...dice.stretch(input), Buffer.from(dice.one(words, '')))
  },
  function end(input, dice) {
    const at = dice.below(input.length + 1)
    return replaced(input, at, at + dice.below(2), Buffer.from(dice.one(ENDS, ''), 'latin1'))
  },
  function number(input, dice) {
    const found = [...input.toString('latin1').matchAll(/\d+/g)]
    const chosen = found[dice.below(found.length)]
    if (!chosen) return input
    const by = Buffer.from(dice.one(NUMBERS, '0'))
    return replaced(input, chosen.index, chosen.index + chosen[0].length, by)
  },
  function swap(input, dice) {
    const [from, to] = dice.stretch(input)
    const at = dice.below(from + 1)
    return Buffer.concat([
      input.subarray(0, at),
      input.subarray(from, to),
      input.subarray(at, from),
      input.subarray(to),
    ])
  },
  function splice(input, dice, { corpus }) {
    const other = Buffer.from(dice.one(corpus, new Uint8Array()))
    return replaced(input, ...dice.stretch(input), other.subarray(...dice.stretch(other)))
  },
  function cut(input, dice) {
    return input.subarray(0, dice.below(input.length + 1))
  },
]

/** One input, always the same for the same dice: noise now and then, else a seed with some changes. */
export function mutant(random: Random, seeds: Seeds): Uint8Array {
  const dice = new Dice(random)
  if (dice.below(16) === 0) return dice.bytes(dice.below(dice.below(2) === 0 ? 64 : 2048))
  let input: Buffer = Buffer.from(dice.one(seeds.corpus, new Uint8Array()))
  // One alone goes a step further where an input is almost right; several make what nobody would think of.
  for (let changes = dice.below(2) === 0 ? 1 : dice.below(6); changes > 0; changes--) {
    const change = CHANGES[dice.below(CHANGES.length)]
    if (change && input.length <= LONGEST) input = change(input, dice, seeds)
  }
  return input
}
