import { expect, it } from 'vitest'
import { parseMac } from '../../src/lib/mac.ts'

it.each([
  ['ae:d6:31:43:8c:c3', 'ae:d6:31:43:8c:c3'],
  ['AE:D6:31:43:8C:C3', 'ae:d6:31:43:8c:c3'],
  ['0:d6:1:43:8c:c3', '00:d6:01:43:8c:c3'],
])('%s is %s', (text, expected) => {
  expect(parseMac(text)).toBe(expected)
})

it.each([
  '',
  '*',
  'ae:d6:31:43:8c',
  'ae:d6:31:43:8c:c3:00',
  'ae-d6-31-43-8c-c3',
  'aed631438cc3',
  'ae:d6:31:43:8c:',
  'ae:d6:31:43:8c:xx',
  ' ae:d6:31:43:8c:c3',
  'ae:d6:31:43:8c:c3\n',
])('%j is none', (text) => {
  expect(parseMac(text)).toBeUndefined()
})
