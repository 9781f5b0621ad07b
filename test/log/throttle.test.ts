import { describe, expect, it } from 'vitest'
import type { Log } from '../../src/lib/log.ts'
import { throttle } from '../../src/log/throttle.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

function throttled(perMinute: number) {
  const lines: string[] = []
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`)
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  const clock = new VirtualClock()
  return { log: throttle(log, clock, perMinute), clock, lines }
}

describe('the same kind of line', () => {
  it('is written a few times a minute, then counted', async () => {
    const { log, clock, lines } = throttled(2)
    for (let n = 1; n <= 5; n++) log.warn({ n }, 'refused')
    expect(lines).toEqual(['warn refused {"n":1}', 'warn refused {"n":2}'])
    await clock.advance(59_999)
    expect(lines).toHaveLength(2)
    await clock.advance(1)
    expect(lines.slice(2)).toEqual(['warn refused (3 more) {"n":5}'])
  })

  it('is written again in the next minute', async () => {
    const { log, clock, lines } = throttled(1)
    log.info({}, 'a')
    log.info({}, 'a')
    await clock.advance(60_000)
    log.info({}, 'a')
    expect(lines).toEqual(['info a {}', 'info a (1 more) {}', 'info a {}'])
  })

  it('is summed up only when some were kept back, and then forgotten', async () => {
    const { log, clock, lines } = throttled(2)
    log.error({}, 'a')
    log.error({}, 'a')
    await clock.advance(120_000)
    expect(lines).toEqual(['error a {}', 'error a {}'])
    expect(clock.pending).toBe(0)
  })

  it('is told by level and message', () => {
    const { log, lines } = throttled(1)
    log.info({}, 'a')
    log.warn({}, 'a')
    log.error({}, 'a')
    log.info({}, 'b')
    log.info({ other: 1 }, 'a')
    expect(lines).toEqual(['info a {}', 'warn a {}', 'error a {}', 'info b {}'])
  })

  it('passes whole at debug', () => {
    const { log, clock, lines } = throttled(1)
    log.debug({}, 'a')
    log.debug({}, 'a')
    expect(lines).toHaveLength(2)
    expect(clock.pending).toBe(0)
  })
})
