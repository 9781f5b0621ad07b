import { isTable, parseToml, type TomlTable } from './toml.ts'

/**
 * The line, from 1, of every table, key and list item of a document that parses: `http`, `http.port`,
 * `access.rules.0`. The parser gives places only where it fails, so statements are found by adding lines until they
 * parse. That takes the square of the lines of a statement: ask only when there is a problem to place.
 */
export function tomlLines(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>()
  let table: readonly string[] = []
  let statement = ''
  let begin = 1
  text.split('\n').forEach((line, index) => {
    if (statement === '') begin = index + 1
    statement += `${line}\n`
    const whole = parseToml(statement)
    // A list that goes on in the next line shows the items it has so far when it is closed here.
    const soFar = whole.ok ? whole : parseToml(`${statement}]`)
    const isHeader = statement.trimStart().startsWith('[')
    if (soFar.ok) note(lines, soFar.value, { path: isHeader ? [] : table, begin, line: index + 1 })
    if (!whole.ok) return
    if (isHeader) table = opened(whole.value)
    statement = ''
  })
  return lines
}

interface Place {
  readonly path: readonly string[]
  /** Where the statement begins: the line of its keys. */
  readonly begin: number
  /** The line read last: that of the items not seen before. */
  readonly line: number
}

function note(lines: Map<string, number>, table: TomlTable, place: Place): void {
  for (const [name, value] of Object.entries(table)) {
    const path = [...place.path, name]
    noteFirst(lines, path.join('.'), place.begin)
    if (isTable(value)) note(lines, value, { ...place, path })
    if (Array.isArray(value)) {
      value.forEach((_, item) => noteFirst(lines, [...path, item].join('.'), place.line))
    }
  }
}

function noteFirst(lines: Map<string, number>, name: string, line: number): void {
  if (!lines.has(name)) lines.set(name, line)
}

/** The path of the table that a header opens. */
const opened = (table: TomlTable): readonly string[] =>
  Object.entries(table).flatMap(([name, value]) => [name, ...(isTable(value) ? opened(value) : [])])
