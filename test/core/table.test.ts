import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Census } from '../../src/core/census.ts'
import { FAULT_TEXT, codeForVersion } from '../../src/core/fault.ts'
import { MappingTable } from '../../src/core/mapping-table.ts'
import type { Mapping } from '../../src/core/mapping.ts'
import { METHOD, STATE_VARIABLE, errorOf } from '../../src/core/rfc6970.ts'
import { millis, port, seconds } from '../../src/lib/units.ts'
import { RESULT_CODE, type ResultName } from '../../src/pcp/wire/constants.ts'
import { HOST } from '../support/core-bench.ts'

const mapping = (externalPort: number): Mapping => ({
  claim: {
    protocol: 'TCP',
    client: HOST,
    internalPort: port(1),
    wanPort: port(externalPort),
    generation: 0,
    knownAs: undefined,
    state: 'ACTIVE',
    asking: 0,
    askedAt: undefined,
    census: new Census(),
    place: undefined,
    former: [],
    unmapped: [],
    noting: undefined,
  },
  externalPort: port(externalPort),
  mac: undefined,
  preferFailure: true,
  grant: {
    external: { address: HOST, port: port(externalPort) },
    lifetime: seconds(1),
    from: millis(0),
    static: false,
  },
  filtered: false,
  static: false,
  entries: [],
})

describe('MappingTable', () => {
  it('keeps every index true through any order of adds, renewals and removals', () => {
    const step = fc.record({ port: fc.integer({ min: 1, max: 12 }), remove: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new MappingTable()
        const order: number[] = []
        for (const { port: p, remove } of steps) {
          const held = table.at('TCP', port(p))
          if (remove) {
            if (held) {
              table.remove(held)
              order.splice(order.indexOf(p), 1)
            }
            continue
          }
          const target = held ?? mapping(p)
          if (!held) {
            table.add(target)
            order.push(p)
          }
          table.putEntry({
            mapping: target,
            remoteHost: '',
            description: '',
            lease: 'infinite',
            leaseEnd: 'never',
          })
        }
        expect(Array.from({ length: table.size }, (_, i) => table.entryAt(i)?.mapping.externalPort)).toEqual(
          order,
        )
        expect(table.ofClient(HOST).size).toBe(order.length)
        expect(table.entriesOf(HOST)).toBe(order.length)
        expect(table.entryAt(order.length)).toBeUndefined()
      }),
    )
  })
})

describe('a port that the carrier gave away twice', () => {
  const twice = () => {
    const table = new MappingTable()
    const [first, second] = [mapping(1), mapping(2)]
    for (const one of [first, second]) {
      table.add(one)
      table.putEntry({ mapping: one, remoteHost: '', description: '', lease: 'infinite', leaseEnd: 'never' })
    }
    table.rekey(second, port(1))
    return { first, second, table }
  }

  it('hides neither mapping from those who go through all', () => {
    const { first, second, table } = twice()
    expect([...table.mappings()]).toEqual([first, second])
  })

  it.each(['first', 'second'] as const)('leaves the other in place when the %s goes', (which) => {
    const { table, ...both } = twice()
    table.remove(both[which])
    expect(table.size).toBe(1)
    expect(table.at('TCP', port(1))).toBe(which === 'first' ? both.second : undefined)
    expect([...table.mappings()]).toEqual([which === 'first' ? both.second : both.first])
  })
})

describe('RFC 6970 §4', () => {
  it('§4.1 names twelve state variables, §4.2 eight methods', () => {
    expect(Object.keys(STATE_VARIABLE)).toHaveLength(12)
    expect(Object.keys(METHOD)).toHaveLength(8)
  })

  // number, IGD:1, IGD:2 as in the RFC
  it.each([
    [1, 501, 501],
    [2, 718, 606],
    [3, 501, 501],
    [4, 501, 501],
    [5, 501, 501],
    [6, 501, 501],
    [7, 501, 501],
    [8, 501, 728],
    [9, 501, 501],
    [10, 501, 728],
    [11, 718, 718],
    [12, 501, 501],
    [13, 501, 501],
    [14, 501, 501],
    [26, 501, 501],
  ])('R6970-4.3-1 R6970-4.3-2: result %i is %i in IGD:1 and %i in IGD:2', (code, igd1, igd2) => {
    const name =
      (Object.keys(RESULT_CODE) as ResultName[]).find((result) => RESULT_CODE[result] === code) ?? 'UNKNOWN'
    expect(errorOf(name, 1)).toBe(igd1)
    expect(errorOf(name, 2)).toBe(igd2)
    expect(codeForVersion(errorOf(name, 2), 1, 'AddPortMapping')).toBe(igd1)
  })

  it.each([
    [606, 'AddPortMapping', 718],
    [606, 'DeletePortMapping', 714],
    [728, 'AddPortMapping', 501],
    [732, 'AddPortMapping', 402],
    [718, 'AddPortMapping', 718],
    [714, 'DeletePortMapping', 714],
  ] as const)('fault %i of %s is %i in IGD:1, and known there', (code, action, expected) => {
    expect(codeForVersion(code, 1, action)).toBe(expected)
    expect(codeForVersion(code, 2, action)).toBe(code)
    expect(FAULT_TEXT[expected]).toBeTruthy()
  })
})
