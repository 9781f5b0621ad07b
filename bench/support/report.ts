import { table } from '../table.ts'

/** One table of the result. */
export interface Report {
  readonly title: string
  /** How to read it. */
  readonly note: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
}

const cell = (value: string | number): string => (typeof value === 'number' ? figure(value) : value)

/** Three digits that say something. */
const figure = (value: number): string =>
  Number.isInteger(value) || value >= 100
    ? value.toFixed(0)
    : value >= 10
      ? value.toFixed(1)
      : value.toFixed(2)

export const printed = ({ head, note, rows, title }: Report): string =>
  `### ${title}\n\n${note}\n\n${table(
    head,
    rows.map((row) => row.map(cell)),
  )}\n`
