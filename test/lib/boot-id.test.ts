import { expect, it } from 'vitest'
import { nextBootId } from '../../src/lib/boot-id.ts'

it.each([
  [0, 1],
  [7, 8],
  [2 ** 31 - 2, 2 ** 31 - 1],
  [2 ** 31 - 1, 0],
])('UDA 1.1 §1.2.2: after BOOTID %d comes %d, which fits 31 bits', (last, next) => {
  expect(nextBootId(last)).toBe(next)
})
