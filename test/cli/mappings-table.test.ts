import { describe, expect, it } from 'vitest'
import { mappingsTable } from '../../src/commands/status-text.ts'
import { MAPPING } from '../support/status.ts'

describe('the table of mappings', () => {
  it.each([
    [{}, 'ACTIVE '],
    [{ carrierStatic: true }, 'ACTIVE, static at the carrier '],
  ])('E23: the state of %j is %s', (over, state) => {
    expect(mappingsTable([{ ...MAPPING, ...over }])).toContain(` ${state}`)
  })
})
