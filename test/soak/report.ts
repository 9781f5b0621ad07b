import { explanationOf, needsExplanation, type Said } from './explained.ts'
import { growthOf, type Point, settled } from './growth.ts'
import type { Measure, Sample } from './samples.ts'
import type { Happening, Kind } from './schedule.ts'
import type { Miss, Tally } from './tally.ts'

/** All that a soak has seen. Everything in the report follows from it. */
export interface Soak {
  readonly seed: string
  readonly minutes: number
  readonly samples: readonly Sample[]
  readonly measures: readonly Measure[]
  readonly said: readonly Said[]
  readonly happenings: readonly Happening[]
  readonly tally: Tally
  readonly causes: (at: number, within?: number) => readonly Kind[]
  /** What did not come to its end. */
  readonly wrong: readonly string[]
  /** Open files and the like at rest, before any client came and after all had left. */
  readonly rest: { readonly before: Sample; readonly after: Sample }
}

/** Lines with a level that nothing explains. */
export const unexplained = ({ said, causes }: Soak): readonly Said[] =>
  said.filter((line) => needsExplanation(line) && explanationOf(line, causes) === undefined)

/** What clients missed while nothing was going on that they could notice. */
export const unexplainedMisses = ({ tally, causes }: Soak): readonly Miss[] =>
  tally.misses.filter(({ at }) => causes(at).length === 0)

/** What is to be flat, of the last and longest life, as points over time. */
export function curves({ samples, measures }: Soak): Readonly<Record<string, readonly Point[]>> {
  const life = samples.at(-1)?.life ?? 1
  const inLife = samples.filter((sample) => sample.life === life)
  const pid = measures.at(-1)?.pid
  const own = measures.filter((measure) => measure.pid === pid)
  const start = inLife[0]?.at ?? 0
  const sampled = (value: (sample: Sample) => number) =>
    inLife.map((sample) => ({ at: sample.at, value: value(sample) }))
  // The daemon measures every ten seconds of its life.
  const measured = own.map((measure, n) => ({ ...measure, at: start + n * 10 }))
  const collected = measured.filter((measure) => measure.collected)
  return {
    'resident memory, MiB': sampled(({ rss }) => rss),
    'heap after collection, MiB': collected.map(({ at, heapUsed }) => ({ at, value: heapUsed })),
    'compiled code in it, MiB': collected.map(({ at, code }) => ({ at, value: code })),
    'objects in it, MiB': collected.map(({ at, heapUsed, code }) => ({ at, value: heapUsed - code })),
    'memory outside the heap, MiB': collected.map(({ at, external }) => ({ at, value: external })),
    'open files': sampled(({ files }) => sum(files)),
    'timers, sockets and other handles': measured.map(({ at, resources }) => ({ at, value: sum(resources) })),
    threads: sampled(({ threads }) => threads),
    'child processes': sampled(({ children }) => children),
    'journal, KiB': sampled(({ journal }) => journal / 1024),
    'elements in the kernel': sampled(({ elements }) => elements),
    mappings: sampled(({ mappings }) => mappings),
  }
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0)

function groupBy<K, T>(items: readonly T[], keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

function curveRow([name, points]: [string, readonly Point[]]): readonly (string | number)[] {
  const values = settled(points).map(({ value }) => value)
  const shown = (value: number) => value.toFixed(value > 100 ? 0 : 1)
  const ends = [values.at(0) ?? 0, values.at(-1) ?? 0, Math.min(...values), Math.max(...values)]
  return [name, ...ends.map(shown), growthOf(settled(points)).toFixed(2)]
}

function lifeRows(samples: readonly Sample[]): readonly (readonly (string | number)[])[] {
  const lives = groupBy(samples, ({ life }) => life)
  return [...lives].map(([life, of]) => {
    const [first, last] = [of[0], of.at(-1)]
    const seconds = (last?.at ?? 0) - (first?.at ?? 0)
    const cpu = (last?.cpu ?? 0) - (first?.cpu ?? 0)
    const memory = of.map(({ rss }) => rss)
    return [
      life,
      (seconds / 60).toFixed(1),
      ...[memory[0], Math.max(...memory), memory.at(-1)].map((mib) => (mib ?? 0).toFixed(1)),
      `${((100 * cpu) / seconds).toFixed(1)} %`,
    ]
  })
}

function lineRows(soak: Soak): readonly (readonly (string | number)[])[] {
  const speaking = soak.said.filter(needsExplanation)
  const groups = groupBy(speaking, (said) => {
    const why = explanationOf(said, soak.causes)?.because ?? '**nothing**'
    return `${said.level} | ${said.message} | ${why}`
  })
  return [...groups].map(([group, lines]) => [lines.length, group])
}

function countRows(counts: ReadonlyMap<string, number>): readonly (readonly (string | number)[])[] {
  return [...counts].sort(([one], [other]) => one.localeCompare(other)).map(([what, times]) => [what, times])
}

/** The report, as Markdown. */
export function reportOf(soak: Soak): string {
  const { samples, tally, happenings, rest } = soak
  const kinds = groupBy(happenings, ({ kind }) => kind)
  const misses = unexplainedMisses(soak)
  const parts = [
    `${soak.minutes.toFixed(0)} minutes, seed ${soak.seed}.`,
    ...soak.wrong.map((what) => `**${what}**`),
    '## Lives of the daemon\n',
    table(['life', 'minutes', 'MiB at first', 'at most', 'at last', 'CPU'], lifeRows(samples)),
    '## The last life, without its first third\n',
    table(['', 'first', 'last', 'least', 'most', 'growth'], Object.entries(curves(soak)).map(curveRow)),
    '## What happened\n',
    table(
      ['what', 'times'],
      [...kinds].map(([kind, of]) => [kind, of.length]),
    ),
    '## What was logged as a warning or an error\n',
    table(['times', 'level', 'message', 'explained by'], lineRows(soak)),
    '## What clients did\n',
    table(['what', 'times'], countRows(tally.counts)),
    `## What clients missed: ${tally.misses.length}, of which nothing explains ${misses.length}\n`,
    ...misses.map(({ at, who, what }) => `- ${at.toFixed(0)} s, ${who}: ${what.split('\n').join(' / ')}`),
    '## Open files at rest\n',
    table(
      ['', 'files'],
      Object.entries(rest).map(([when, { files }]) => [when, JSON.stringify(files)]),
    ),
  ]
  return `${parts.join('\n')}\n`
}
