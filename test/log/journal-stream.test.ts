import { expect, it } from 'vitest'
import { isJournalStream } from '../../src/log/journal-stream.ts'

it.each([
  ['10:12345', true],
  ['10:12346', false],
  ['11:12345', false],
  ['', false],
  [undefined, false],
])('JOURNAL_STREAM=%s names stream 10:12345: %s', (variable, expected) => {
  expect(isJournalStream(variable, { dev: 10n, ino: 12345n })).toBe(expected)
})
