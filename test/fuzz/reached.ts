import type { Ran, Span } from './profile.ts'

// How much of the code has run so far. V8 merges blocks that ran equally often, so the ranges it reports differ from
// time to time; what never ran is what was dark every time.

interface Seen {
  readonly span: Span
  /** What never ran. */
  readonly dark: readonly Span[]
  /** Where blocks begin and end, as far as it was ever told. */
  readonly cuts: ReadonlySet<number>
}

const overlap = (some: readonly Span[], others: readonly Span[]): readonly Span[] =>
  some.flatMap(([from, to]) =>
    others.flatMap(([otherFrom, otherTo]): readonly Span[] => {
      const [first, end] = [Math.max(from, otherFrom), Math.min(to, otherTo)]
      return first < end ? [[first, end]] : []
    }),
  )

const size = (spans: readonly Span[]): number => spans.reduce((sum, [from, to]) => sum + to - from, 0)

/** The code that ran. */
export class Reached {
  readonly #seen = new Map<string, Seen>()

  /** How much of `ran` is new: a number to compare, 0 for nothing. */
  news(ran: readonly Ran[]): number {
    return ran.reduce((sum, each) => sum + this.#newsOf(each), 0)
  }

  add(ran: readonly Ran[]): void {
    for (const { dark, key, span } of ran) {
      const seen = this.#seen.get(key)
      this.#seen.set(key, {
        span,
        dark: seen ? overlap(seen.dark, dark) : dark,
        cuts: new Set([...(seen?.cuts ?? span), ...dark.flat()]),
      })
    }
  }

  /** How many blocks ran, counted by the blocks that either of the two knows of. */
  blocks(other: Reached = this): number {
    return [...this.#seen].reduce((sum, [key, seen]) => {
      const cuts = [...new Set([...seen.cuts, ...(other.#seen.get(key)?.cuts ?? [])])].sort((a, b) => a - b)
      const isDark = (at: number) => seen.dark.some(([from, to]) => from <= at && at < to)
      return sum + cuts.slice(0, -1).filter((at) => !isDark(at)).length
    }, 0)
  }

  #newsOf({ dark, key, span }: Ran): number {
    const seen = this.#seen.get(key)
    return seen ? size(seen.dark) - size(overlap(seen.dark, dark)) : size([span]) - size(dark)
  }
}
