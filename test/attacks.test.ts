import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

// docs/attacks.md names a test for each attack; this says whether it is there.

const HERE = new URL('.', import.meta.url)

const rows = readFileSync(new URL('../docs/attacks.md', HERE), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (attack|---)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))

const TEST = /`([\w/.-]+\.ts)` _([^_]+)_/g

describe('docs/attacks.md', () => {
  it('names for each attack what must happen, and a test', () => {
    expect(rows.length).toBeGreaterThan(30)
    for (const [, attack = '', must = '', tests = ''] of rows) {
      expect(must, attack).not.toBe('')
      expect([...tests.matchAll(TEST)].length, attack).toBeGreaterThan(0)
      expect(tests.replaceAll(TEST, '').replaceAll(', ', ''), attack).toBe('')
    }
  })

  it('names tests that are there', () => {
    const named = rows.flatMap(([, , , tests = '']) => [...tests.matchAll(TEST)])
    const missing = named.filter(
      ([, file = '', name = '']) => !readFileSync(new URL(file, HERE), 'utf8').includes(name),
    )
    expect(missing.map(([whole]) => whole)).toEqual([])
  })
})
