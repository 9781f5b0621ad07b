import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WanPorts } from '../../src/core/wan-ports.ts'
import type { Protocol } from '../../src/core/types.ts'
import { type Port, port } from '../../src/lib/units.ts'
import { seeded } from '../support/dice.ts'

const BLOCK = { first: 50000, last: 50007 }
const block = () => new WanPorts(BLOCK)

const protocol = fc.constantFrom<Protocol>('TCP', 'UDP')
/** Around the block, both ends included. */
const anyPort = fc.integer({ min: BLOCK.first - 1, max: BLOCK.last + 1 }).map(port)
const call = fc.oneof(
  fc.record({
    does: fc.constant('allocate' as const),
    protocol,
    wanted: anyPort,
    dice: fc.double({ min: 0, max: 0.999, noNaN: true }),
  }),
  fc.record({
    does: fc.constantFrom('reserve' as const, 'release' as const),
    protocol,
    wanted: anyPort,
    dice: fc.constant(0),
  }),
)

describe('WanPorts', () => {
  it('never gives a port to two, and gives all there are', () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 200 }), (calls) => {
        const ports = block()
        const taken = { TCP: new Set<Port>(), UDP: new Set<Port>() }
        const isOfBlock = (p: Port) => p >= BLOCK.first && p <= BLOCK.last
        for (const { does, protocol, wanted, dice } of calls) {
          const used = taken[protocol]
          const isFree = isOfBlock(wanted) && !used.has(wanted)
          if (does === 'release') {
            if (used.delete(wanted)) ports.release(protocol, wanted)
          } else if (does === 'reserve') {
            expect(ports.reserve(protocol, wanted)).toBe(isFree)
            if (isFree) used.add(wanted)
          } else {
            const got = ports.allocate(protocol, wanted, dice)
            if (got === undefined) expect(used.size).toBe(8)
            else {
              expect(isOfBlock(got) && !used.has(got)).toBe(true)
              if (isFree) expect(got).toBe(wanted)
              used.add(got)
            }
          }
        }
      }),
    )
  })

  it('draws one port once, however often it was given back', () => {
    const ports = block()
    const used = ports.allocate('TCP', 0, 0)
    if (used === undefined) throw new Error('an empty block')
    ports.release('TCP', used)
    ports.release('TCP', used)
    const dice = seeded(1)
    const drawn = Array.from({ length: 9 }, () => ports.allocate('TCP', 0, dice.unit()))
    expect(new Set(drawn).size).toBe(9)
    expect(drawn.at(-1)).toBeUndefined()
  })

  it('draws any port, so that a new mapping rarely gets the one of an old', () => {
    const first = (dice: number) => block().allocate('UDP', 0, dice)
    expect(Array.from({ length: 8 }, (_, i) => first(i / 8))).toEqual(
      Array.from({ length: 8 }, (_, i) => BLOCK.first + i),
    )
  })
})
