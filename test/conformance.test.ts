import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

// docs/conformance.md says which test proves which rule; this says whether that is so.

const ID = /\b(?:R6970|C|S7488|S7723|D7291)-[\w.]*\w(?:-\w+)?|\b[EGT]\d{1,2}\b/g
const HERE = new URL('.', import.meta.url)

/** The ids in what stands before the first colon of a string: in a test, that is a name which claims to prove them. */
const idsOf = (source: string): Set<string> =>
  new Set(
    [...source.matchAll(/['"`]([^'"`:\n]*):/g)].flatMap(([, head]) =>
      [...(head ?? '').matchAll(ID)].map(([id]) => id),
    ),
  )

const claimed = new Map(
  readdirSync(HERE, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(test|lab)\.ts$/.test(file))
    .map((file) => [file, idsOf(readFileSync(new URL(file, HERE), 'utf8'))]),
)

const rows = readFileSync(new URL('../docs/conformance.md', HERE), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (id|---)/.test(line))
  .map((line) => {
    const [, id = '', rule = '', where = ''] = line.split('|').map((cell) => cell.trim())
    return { id, rule, where, files: [...where.matchAll(/`([^`]+\.ts)`/g)].map(([, file = '']) => file) }
  })

describe('docs/conformance.md', () => {
  it('has one row for each id, with a rule, and a test or a reason', () => {
    expect(rows.length).toBeGreaterThan(200)
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
    expect(rows.filter(({ id, rule, where }) => !id.match(ID) || rule === '' || where === '')).toEqual([])
  })

  it('names only files with a test of that id', () => {
    const wrong = rows.flatMap(({ id, files }) =>
      files.filter((file) => !claimed.get(file)?.has(id)).map((file) => `${id} is in no name in ${file}`),
    )
    expect(wrong).toEqual([])
  })

  it('has a row with a file for each id in the name of a test', () => {
    const proven = new Set(rows.filter(({ files }) => files.length > 0).map(({ id }) => id))
    const missing = [...claimed].flatMap(([file, ids]) =>
      [...ids].filter((id) => !proven.has(id)).map((id) => `add \`${file}\` to the row of ${id}`),
    )
    expect(missing).toEqual([])
  })
})
