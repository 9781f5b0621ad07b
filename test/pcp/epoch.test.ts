import { describe, expect, it } from 'vitest'
import { type EpochReading, isEpochValid, probeTimes } from '../../src/pcp/epoch.ts'
import { millis } from '../../src/lib/units.ts'

const reading = (server: number, clientSeconds: number): EpochReading => ({
  server,
  client: millis(clientSeconds * 1000),
})

describe('RFC 6887 §8.5', () => {
  it('the first response is valid', () => {
    expect(isEpochValid(undefined, reading(0, 0))).toBe(true)
  })

  // client seconds passed, least and greatest server seconds that are valid
  it.each([
    [0, 0, 2],
    [10, 8, 12],
    [60, 55, 66],
    [600, 561, 642],
    [3600, 3373, 3842],
    [86_400, 80_998, 92_162],
  ])('T14: after %i s the server may have counted %i to %i, and no step more', (client, least, greatest) => {
    const before = reading(100_000, 50)
    const after = (server: number) => isEpochValid(before, reading(100_000 + server, 50 + client))
    expect([after(least), after(greatest), after(greatest + 1)]).toEqual([true, true, false])
    if (least > 2) expect(after(least - 1)).toBe(false)
  })

  it.each([
    [-1, true],
    [-2, false],
  ])('T13: %i s is valid: %s', (step, valid) => {
    expect(isEpochValid(reading(500, 10), reading(500 + step, 10))).toBe(valid)
  })

  it('a server that starts again at 0 is found out', () => {
    expect(isEpochValid(reading(100, 0), reading(0, 3600))).toBe(false)
  })

  it('T15: a young server is looked at again, an old one is not', () => {
    expect(probeTimes(reading(100, 1))).toEqual([61_000, 301_000, 901_000])
    expect(probeTimes(reading(900, 1))).toEqual([])
  })
})
