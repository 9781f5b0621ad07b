import { expect, it } from 'vitest'
import { claimTable } from '../../src/nat/table-claim.ts'

it('the table is one daemon’s at a time', async () => {
  const first = await claimTable()
  expect(first).toBeDefined()
  expect(await claimTable()).toBeUndefined()
  await first?.[Symbol.asyncDispose]()
  const second = await claimTable()
  expect(second).toBeDefined()
  await second?.[Symbol.asyncDispose]()
})
