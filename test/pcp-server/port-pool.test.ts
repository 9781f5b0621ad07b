import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PortPool } from '../../src/pcp-server/port-pool.ts'
import { fixedDice, seeded } from '../support/dice.ts'

const FIVE = { ports: { first: 2000, last: 2005 }, reservedPorts: [2003] }

describe('the pool of external ports', () => {
  it('holds the range without what is reserved', () => {
    const pool = new PortPool(FIVE)
    const free = Array.from({ length: 65536 }, (_, port) => port).filter((port) => pool.isFree(port))
    expect(free).toEqual([2000, 2001, 2002, 2004, 2005])
  })

  it('draws each port with each dice, and none when all are taken', () => {
    const pool = new PortPool(FIVE)
    const drawn = [0, 0.2, 0.4, 0.6, 0.999].map((value) => pool.draw(fixedDice(value)))
    expect(drawn).toEqual([2000, 2001, 2002, 2004, 2005])
    for (const port of [2000, 2001, 2002, 2004, 2005]) pool.take(port)
    expect(pool.draw(fixedDice())).toBeUndefined()
  })

  it.each([2003, 1999, 70_000])('has no %d to take', (port) => {
    const pool = new PortPool(FIVE)
    expect(() => pool.take(port)).toThrow(RangeError)
  })

  it('always knows the same free ports as a plain set', () => {
    const port = fc.constantFrom(2000, 2001, 2002, 2004, 2005)
    fc.assert(
      fc.property(fc.array(port), fc.integer(), (touched, seed) => {
        const pool = new PortPool(FIVE)
        const free = new Set([2000, 2001, 2002, 2004, 2005])
        for (const one of touched) {
          if (free.delete(one)) pool.take(one)
          else {
            pool.give(one)
            free.add(one)
          }
          expect([2000, 2001, 2002, 2004, 2005].filter((p) => pool.isFree(p))).toEqual([...free].sort())
          const drawn = pool.draw(seeded(seed))
          expect(drawn === undefined ? free.size === 0 : free.has(drawn)).toBe(true)
        }
      }),
    )
  })
})
