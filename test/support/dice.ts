import type { Random } from '../../src/lib/clock.ts'

/** Dice that fall the same way for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const unit = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return { unit, bytes: (length) => Uint8Array.from({ length }, () => Math.floor(unit() * 256)) }
}

/** Dice that always give `value` (0.5: the middle of every range). */
export const fixedDice = (value = 0.5): Random => ({
  unit: () => value,
  bytes: (length) => new Uint8Array(length).fill(Math.floor(value * 256)),
})
