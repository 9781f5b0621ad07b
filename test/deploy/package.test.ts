import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

type Overrides = string | { readonly [name: string]: Overrides }

const values = (overrides: Overrides): readonly string[] =>
  typeof overrides === 'string' ? [overrides] : Object.values(overrides).flatMap(values)

// npm 9, which Debian 13 has, says of any other that there is no package-lock.json. An alias stands in `dependencies`.
it('overrides are versions', () => {
  const { overrides } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly overrides: Overrides }
  expect(values(overrides).length).toBeGreaterThan(0)
  for (const value of values(overrides)) expect(value).toMatch(/^\d+\.\d+\.\d+$/)
})
