import { afterEach, expect, it, vi } from 'vitest'
import { bootTime } from '../../src/lib/boot-time.ts'

const HOUR = 3_600_000
const YEARS = 10 * 365 * 24 * HOUR

afterEach(() => void vi.useRealTimers())

/** Kernel clocks that a test sets: boot 5000 s ago. */
function kernel() {
  const at = { monotonic: 5_000_000, slept: 0, rounding: 0 }
  const read = bootTime({
    monotonic: () => at.monotonic,
    boot: () => at.monotonic + at.slept + at.rounding,
  })
  return { at, read }
}

it('counts milliseconds since boot', () => {
  const { at, read } = kernel()
  const before = read()
  at.monotonic += 1234.5
  expect([before, read() - before]).toEqual([5_000_000, 1234.5])
})

it('T28: an hour of suspend is an hour, a tenth of a second after it', () => {
  const { at, read } = kernel()
  const before = read()
  at.slept = HOUR
  at.monotonic += 101
  expect(read() - before).toBe(HOUR + 101)
  at.monotonic += 5000
  expect(read() - before).toBe(HOUR + 5101)
})

it('never goes back, and the rounding of the uptime does not move it', () => {
  const { at, read } = kernel()
  let last = read()
  for (let n = 0; n < 1000; n++) {
    at.monotonic += 97
    at.rounding = (n % 3) * 10 - 10
    expect(read() - last).toBe(97)
    last = read()
  }
})

it.each([YEARS, -YEARS])('T28: a wall clock that jumps by %i ms is not noticed', (jump) => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const read = bootTime()
  const before = read()
  vi.setSystemTime(Date.now() + jump)
  expect(Math.abs(read() - before)).toBeLessThan(HOUR)
})
