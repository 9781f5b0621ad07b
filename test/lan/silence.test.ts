import { expect, it } from 'vitest'
import { Silence } from '../../src/lan/silence.ts'
import { millis } from '../../src/lib/units.ts'
import { ipv4 as ip } from '../pcp/literals.ts'

const HOST = ip('192.168.1.10')
const HOUR = 3_600_000

/** Whether it is told, at each of the hours. */
const told = (...looks: [hour: number, isSeen: boolean][]) => {
  const silence = new Silence()
  return looks.map(([hour, isSeen]) => silence.note(HOST, isSeen, millis(hour * HOUR)))
}

it.each<[string, boolean[], ...Parameters<typeof told>]>([
  ['seen all the time', [false, false, false], [0, true], [23, true], [46, true]],
  ['unseen for less than a day', [false, false], [0, true], [23.9, false]],
  ['unseen for a day: told once', [false, true, false], [0, true], [24, false], [48, false]],
  ['unseen from the beginning', [false, false, true], [0, false], [1, false], [24, false]],
  ['seen again and lost again', [false, true, false, true], [0, true], [24, false], [30, true], [54, false]],
])('a host %s', (_what, expected, ...looks) => {
  expect(told(...looks)).toEqual(expected)
})

it('a host that has no mappings any more is forgotten', () => {
  const silence = new Silence()
  silence.note(HOST, true, millis(0))
  silence.keepOnly(new Set())
  expect(silence.note(HOST, false, millis(24 * HOUR))).toBe(false)
})
