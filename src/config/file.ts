import { decoded, type Decoded, malformed } from '../lib/decoded.ts'
import { KEYS, SECTIONS } from './keys.ts'
import type { Entry, Problem } from './setting.ts'
import { isTable, parseToml } from './toml.ts'
import { tomlLines } from './toml-lines.ts'

/** A configuration file, read but not parsed. */
export interface ConfigFile {
  /** As the operator named it. */
  readonly name: string
  readonly text: string
}

/** Says where a section, a key or an item of its list stands. */
type Finder = (name: string, item?: number) => string

const BY_NAME = new Map(KEYS.map((key) => [key.name, key]))

/** Reads TOML. Text that is no TOML is one problem: then no key has a place. */
export function readToml(file: ConfigFile): Decoded<readonly Entry[], Problem> {
  const document = parseToml(file.text)
  if (!document.ok) {
    const { line, column, message } = document.why
    return malformed({ where: `${file.name}:${line}:${column}`, what: firstLine(message) })
  }
  const where = finder(file)
  const sections = Object.entries(document.value)
  return decoded(sections.flatMap(([name, table]) => readSection(name, table, where)))
}

const firstLine = (text: string): string => text.split('\n', 1).join('')

function finder({ name: file, text }: ConfigFile): Finder {
  let lines: ReadonlyMap<string, number> | undefined
  return (name, item) => {
    lines ??= tomlLines(text)
    const line = lines.get(`${name}.${item ?? ''}`) ?? lines.get(name)
    return line === undefined ? `${file}: ${name}` : `${file}:${line}: ${name}`
  }
}

function readSection(section: string, table: unknown, where: Finder): readonly Entry[] {
  if (!SECTIONS.includes(section)) {
    return [{ where: where(section), what: `is no section; there are ${SECTIONS.join(', ')}` }]
  }
  if (!isTable(table)) return [{ where: where(section), what: `must be a section, begun by [${section}]` }]
  return Object.entries(table).map(([leaf, value]) => readKey(section, leaf, value, where))
}

function readKey(section: string, leaf: string, value: unknown, where: Finder): Entry {
  const name = `${section}.${leaf}`
  const key = BY_NAME.get(name)
  if (key) return { key, value, where: (item) => where(name, item) }
  return { where: where(name), what: `is no key; [${section}] has ${leavesOf(section)}` }
}

const leavesOf = (section: string): string =>
  KEYS.filter((key) => key.section === section)
    .map(({ leaf }) => leaf)
    .join(', ')
