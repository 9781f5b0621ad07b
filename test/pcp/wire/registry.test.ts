import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { OPCODE, OPTION_CODE, RESULT_CODE } from '../../../src/pcp/wire/constants.ts'

/** Rows of a registry table as [name, value], in its order. */
function registry(file: string): [string, number][] {
  const text = readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8')
  const rows = text.trim().split('\n').slice(1)
  return rows.map((row) => {
    const [value = '', name = '', reference = ''] = row.split(',')
    expect(reference).toMatch(/^RFC\d{4}$/)
    return [name, Number(value)]
  })
}

describe('the registries of PCP (RFC 6887 §19)', () => {
  it.each([
    ['§19.2 opcodes', 'pcp-opcodes.csv', OPCODE],
    ['§19.3 result codes', 'pcp-result-codes.csv', RESULT_CODE],
    ['§19.4 options', 'pcp-options.csv', OPTION_CODE],
  ])('%s: same names, values and order', (_name, file, table) => {
    expect(Object.entries(table)).toEqual(registry(file))
  })
})
