import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Grant } from '../../src/core/mapping.ts'
import { holdTime, renewalTime, retryTime } from '../../src/core/renewal.ts'
import { millis, port, seconds } from '../../src/lib/units.ts'
import { ip } from '../support/fake-carrier.ts'

const grant = (lifetime: number): Grant => ({
  external: { address: ip('203.0.114.1'), port: port(8080) },
  lifetime: seconds(lifetime),
  from: millis(0),
  static: false,
})

describe('RFC 6887 §11.2.1', () => {
  it.each([
    [3600, 1, 1800, 2250],
    [3600, 2, 2700, 2925],
    [3600, 3, 3150, 3262.5],
    [120, 1, 60, 75],
    [120, 2, 90, 97.5],
    [120, 3, 105, 108.75],
  ])('C-11.2.1-1: %i s, attempt %i falls in %d..%d s', (lifetime, n, from, to) => {
    expect(renewalTime(grant(lifetime), n, 0)).toBe(from * 1000)
    expect(renewalTime(grant(lifetime), n, 0.999_999_999)).toBe(to * 1000)
  })

  it('C-11.2.1-2: never less than 4 s apart, never after the lifetime', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 86_400 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (lifetime, dice) => {
          let last: number | undefined
          for (let n = 1; n < 40; n++) {
            const due = renewalTime(grant(lifetime), n, dice, last === undefined ? undefined : millis(last))
            if (due === undefined) return
            expect(due).toBeLessThan(lifetime * 1000)
            if (last !== undefined) expect(due - last).toBeGreaterThanOrEqual(4000)
            last = due
          }
        },
      ),
    )
  })

  it('C-11.2.1-2: at most two attempts in 16 s', () => {
    expect(renewalTime(grant(16), 3, 0, millis(12_000))).toBeUndefined()
  })
})

describe('RFC 6887 §7.4, §8.3', () => {
  it.each([
    ['NO_RESOURCES', 0, 30],
    ['USER_EX_QUOTA', 45, 45],
    ['NOT_AUTHORIZED', 0, 1800],
    ['NOT_AUTHORIZED', 0xffffffff, 86_400],
    ['UNSUPP_PROTOCOL', 0xffffffff, 1800],
    ['UNKNOWN', 7, 7],
  ] as const)('C-x-2 T21: %s with lifetime %i is held for %i s', (result, lifetime, held) => {
    expect(holdTime(result, seconds(lifetime))).toBe(held)
  })

  it.each([
    ['USER_EX_QUOTA', 30, [30, 60, 120, 240, 480, 960, 1800, 1800]],
    ['USER_EX_QUOTA', 0, [30, 60]],
    ['USER_EX_QUOTA', 1000, [1000, 1800]],
    ['USER_EX_QUOTA', 0xffffffff, [1800, 1800]],
    ['CANNOT_PROVIDE_EXTERNAL', 30, [30, 30, 30]],
  ] as const)('C-7.4-1 C-8.3-4: %s with lifetime %i is asked again after %j s', (result, lifetime, waits) => {
    const asked = waits.map((_, i) => retryTime(result, seconds(lifetime), 0, i + 1) / 1000)
    expect(asked).toEqual(waits)
  })
})
