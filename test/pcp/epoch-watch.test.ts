import { describe, expect, it } from 'vitest'
import { EpochWatch } from '../../src/pcp/epoch-watch.ts'
import { millis, seconds } from '../../src/lib/units.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const watching = () => {
  const clock = new VirtualClock(0)
  const told: string[] = []
  const tell = (what: string) => () => void told.push(what)
  const watch = new EpochWatch(clock, {
    lostState: tell('lost'),
    doubtful: tell('doubt'),
    probe: tell('probe'),
  })
  const seen = (opcode: 'MAP' | 'ANNOUNCE', epoch: number, asked = true) =>
    watch.seen({
      opcode,
      epoch: seconds(epoch),
      receivedAt: clock.now(),
      sentAt: asked ? millis(0) : undefined,
    })
  return { clock, seen, told, watch }
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
