import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Deadlines } from '../../src/lib/deadlines.ts'
import { millis } from '../../src/lib/units.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const start = () => {
  const zero = Date.now()
  return new Deadlines(() => millis(Date.now() - zero))
}

describe('Deadlines', () => {
  it('runs what is due in the order of due times', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { maxLength: 60 }),
        fc.array(fc.nat(59), { maxLength: 20 }),
        (dues, drops) => {
          const clock = start()
          const ran: number[] = []
          const timers = dues.map((due) => clock.at(millis(due), () => ran.push(due)))
          const dropped = new Set(drops.filter((i) => i < dues.length))
          for (const i of dropped) timers[i]?.[Symbol.dispose]()
          vi.advanceTimersByTime(1001)
          expect(ran).toEqual(dues.filter((_, i) => !dropped.has(i)).sort((a, b) => a - b))
        },
      ),
    )
  })

  it('does not run what an earlier one of the same moment disposed', () => {
    const clock = start()
    const ran: string[] = []
    const timers: Disposable[] = []
    clock.at(millis(10), () => {
      ran.push('first')
      timers[0]?.[Symbol.dispose]()
    })
    timers.push(clock.at(millis(10), () => ran.push('second')))
    vi.advanceTimersByTime(20)
    expect(ran).toEqual(['first'])
  })

  it('C-x-6 T28: waits longer than 2^31 ms without a busy loop', () => {
    const clock = start()
    const run = vi.fn()
    const fifty = 50 * 86_400_000
    clock.at(millis(fifty), run)
    vi.advanceTimersByTime(fifty - 1)
    expect(run).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(run).toHaveBeenCalledOnce()
  })

  it('T28: a suspend of an hour: what became due meanwhile runs within a minute', () => {
    const zero = Date.now()
    let slept = 0
    const clock = new Deadlines(() => millis(Date.now() - zero + slept))
    const run = vi.fn()
    clock.at(millis(1_800_000), run)
    vi.advanceTimersByTime(1000)
    slept = 3_600_000
    vi.advanceTimersByTime(60_000)
    expect(run).toHaveBeenCalledOnce()
  })
})
