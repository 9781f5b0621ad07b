import type { NatRule } from '../core/ports.ts'
import { millis, type Millis, type Seconds, toSeconds } from '../lib/units.ts'
import { isMissing, type Runner, run } from './process.ts'
import { TABLE } from './ruleset.ts'

// A daemon that died left its rules in the kernel, each with the time until it ends. Nobody else remembers how long the
// carrier was to forward, as renewals are not written down.

type WanPort = Pick<NatRule, 'protocol' | 'wanPort'>

const keyOf = ({ protocol, wanPort }: WanPort): string => `${protocol.toLowerCase()} . ${wanPort}`

const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const

/** "1h59m58s120ms" */
const parseSpan = (text: string): Millis =>
  millis(
    [...text.matchAll(/(\d+)(ms|[dhms])/g)].reduce(
      (sum, [, count, unit]) => sum + Number(count) * UNITS[unit as keyof typeof UNITS],
      0,
    ),
  )

/** What the rules in the kernel have left. */
export class Remaining {
  readonly #left = new Map<string, Millis>()

  /** Nothing is left where there is no table, as after a reboot. */
  static async read(runner: Runner): Promise<Remaining> {
    const remaining = new Remaining()
    const args = ['list', 'map', ...TABLE.split(' '), 'inbound']
    try {
      await run(runner, { program: 'nft', args, onLine: (line) => remaining.#readLine(line) })
    } catch (error) {
      if (!isMissing(error)) throw error
    }
    return remaining
  }

  /** Undefined when there is no rule. */
  of(rule: WanPort): Seconds | undefined {
    const left = this.#left.get(keyOf(rule))
    return left === undefined ? undefined : toSeconds(left)
  }

  #readLine(line: string): void {
    for (const [, key = '', span = ''] of line.matchAll(/(\w+ \. \d+) timeout \w+ expires (\w+)/g))
      this.#left.set(key, parseSpan(span))
  }
}
