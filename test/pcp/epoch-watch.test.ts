import { describe, expect, it } from 'vitest'
import type { EpochReading } from '../../src/pcp/epoch.ts'
import { EpochWatch } from '../../src/pcp/epoch-watch.ts'
import { millis, seconds } from '../../src/lib/units.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const watching = (known?: EpochReading) => {
  const clock = new VirtualClock(0)
  const told: string[] = []
  const readings: EpochReading[] = []
  const tell = (what: string) => () => void told.push(what)
  const watch = new EpochWatch(
    clock,
    {
      lostState: tell('lost'),
      doubtful: tell('doubt'),
      probe: tell('probe'),
      read: (reading) => void readings.push(reading),
    },
    () => known,
  )
  const seen = (opcode: 'MAP' | 'ANNOUNCE', epoch: number, asked = true) =>
    watch.seen({
      opcode,
      epoch: seconds(epoch),
      receivedAt: clock.now(),
      sentAt: asked ? millis(0) : undefined,
    })
  return { clock, readings, seen, told, watch }
}

describe('whose epoch is believed', () => {
  it('C-14.1-3: a valid epoch causes nothing', async () => {
    const { clock, seen, told } = watching()
    seen('MAP', 5000)
    await clock.advance(60_000)
    seen('ANNOUNCE', 5060, false)
    seen('MAP', 5060)
    expect(told).toEqual([])
  })

  it('a MAP response, which has a nonce, decides', async () => {
    const { clock, seen, told } = watching()
    seen('MAP', 5000)
    await clock.advance(60_000)
    seen('MAP', 3)
    expect(told).toEqual(['lost'])
  })

  it.each([true, false])(
    'T17: an ANNOUNCE, asked for: %s, is a hint and is not remembered',
    async (asked) => {
      const { clock, seen, told } = watching()
      seen('MAP', 5000)
      await clock.advance(60_000)
      seen('ANNOUNCE', 0, asked)
      expect(told).toEqual(['doubt'])
      seen('MAP', 5060)
      expect(told).toEqual(['doubt'])
    },
  )

  it('T15: a server young at first contact is probed, and a restart then found', async () => {
    const { clock, seen, told } = watching()
    seen('MAP', 100)
    await clock.advance(61_000)
    expect(told).toEqual(['probe'])
    await clock.advance(900_000)
    expect(told).toEqual(['probe', 'probe', 'probe'])
  })

  it('T15: one that started anew is young again, and probed again', async () => {
    const { clock, seen, told } = watching()
    seen('MAP', 5000)
    await clock.advance(1_000_000)
    seen('MAP', 3)
    await clock.advance(901_000)
    expect(told).toEqual(['lost', 'probe', 'probe', 'probe'])
  })

  it('stops probing when stopped', async () => {
    const { clock, seen, told, watch } = watching()
    seen('MAP', 100)
    watch.stop()
    await clock.advance(1_000_000)
    expect(told).toEqual([])
  })
})

describe('what was known of the server before this run (RFC 6887 §8.5)', () => {
  const hourAgo = { server: 5000, client: millis(-3_600_000) }

  it.each<[string, number, string[]]>([
    ['goes on', 8600, []],
    ['is a little late, as its clock may be', 8400, []],
    ['began anew', 1800, ['lost']],
    ['is older than it can be', 12_700, ['lost']],
  ])('%s', (_what, epoch, expected) => {
    const { seen, told } = watching(hourAgo)
    seen('MAP', epoch)
    expect(told).toEqual(expected)
  })

  it('T17: an ANNOUNCE that does not fit is a hint', () => {
    const { seen, told } = watching(hourAgo)
    seen('ANNOUNCE', 3)
    expect(told).toEqual(['doubt'])
  })

  it('T15: a young server is probed all the same', async () => {
    const { clock, seen, told } = watching({ server: 10, client: millis(-60_000) })
    seen('MAP', 70)
    await clock.advance(61_000)
    expect(told).toEqual(['probe'])
  })

  it('is not what it said: that is known with the first answer', () => {
    const { seen, watch } = watching(hourAgo)
    expect(watch.last).toBeUndefined()
    seen('MAP', 8600)
    expect(watch.last?.server).toBe(8600)
  })

  it('each reading that is believed is told, to be kept', () => {
    const { readings, seen } = watching()
    seen('MAP', 100)
    seen('ANNOUNCE', 100)
    seen('ANNOUNCE', 5, false)
    seen('MAP', 3)
    expect(readings.map(({ server }) => server)).toEqual([100, 100, 3])
  })
})
