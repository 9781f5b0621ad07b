import type { Random } from '../../src/lib/clock.ts'

/** Draws for whoever makes up a schedule. */
export interface Draw {
  unit(): number
  /** 0..most-1 */
  below(most: number): number
  chance(share: number): boolean
  of<T>(choices: readonly T[]): T
  /** Between two positive numbers, each order of magnitude as likely as the next. */
  spread(least: number, most: number): number
}

export function drawing(random: Random): Draw {
  const unit = () => random.unit()
  const below = (most: number) => Math.floor(unit() * most)
  return {
    unit,
    below,
    chance: (share) => unit() < share,
    of: (choices) => {
      if (choices.length === 0) throw new RangeError('nothing to draw from')
      return choices[below(choices.length)] as (typeof choices)[number]
    },
    spread: (least, most) => Math.round(least * (most / least) ** unit()),
  }
}
