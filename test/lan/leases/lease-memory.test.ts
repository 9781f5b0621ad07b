import { expect, it } from 'vitest'
import { GRACE, LeaseMemory } from '../../../src/lan/leases/lease-memory.ts'
import type { MacAddress } from '../../../src/lib/mac.ts'
import { millis } from '../../../src/lib/units.ts'
import { ipv4 as ip } from '../../pcp/literals.ts'
import { mac } from '../../support/fake-hosts.ts'

const A = mac('02:00:00:00:00:0a')
const B = mac('02:00:00:00:00:0b')
const HOST = ip('192.168.1.10')
const OTHER = ip('192.168.1.20')

/** What is told ended at each of the moments; `looks` gives who has HOST leased, 'nobody', and at which time. */
function ended(...looks: [at: number, holder: MacAddress | undefined | 'nobody'][]) {
  const memory = new LeaseMemory()
  return looks.map(([at, holder]) => {
    const leases = new Map(holder === 'nobody' ? [[OTHER, A]] : [[HOST, holder]])
    return memory.learn(leases, millis(at)).filter(({ address }) => address === HOST)
  })
}

const OVER = [{ address: HOST, successor: undefined }]

it.each<[string, ...Parameters<typeof ended>]>([
  ['stays', [0, A], [1000, A], [9000, A]],
  ['is renewed by a client that the server knows by no MAC', [0, undefined], [1000, A], [2000, undefined]],
  ['is missing while the file is written anew', [0, A], [1000, 'nobody'], [1000 + GRACE - 1, A], [9000, A]],
  ['was never there', [0, 'nobody'], [1000, 'nobody'], [9000, 'nobody']],
  ['comes', [0, 'nobody'], [1000, A]],
])('a lease that %s has not ended', (_what, ...looks) => {
  expect(ended(...looks).flat()).toEqual([])
})

it('a lease that is missing for a moment longer than that has ended, once', () => {
  const looks = ended([0, A], [1000, 'nobody'], [1000 + GRACE, 'nobody'], [9000, 'nobody'])
  expect(looks).toEqual([[], [], OVER, []])
})

it('each absence counts for itself', () => {
  const looks = ended([0, A], [1000, 'nobody'], [1100, A], [1200, 'nobody'], [1300, 'nobody'])
  expect(looks.flat()).toEqual([])
})

it('an address leased to another MAC: its lease has ended at once, and we know for whom', () => {
  expect(ended([0, A], [1000, B])).toEqual([[], [{ address: HOST, successor: B }]])
})

it('says when to look again', () => {
  const memory = new LeaseMemory()
  memory.learn(
    new Map([
      [HOST, A],
      [OTHER, B],
    ]),
    millis(0),
  )
  memory.learn(new Map([[HOST, A]]), millis(1000))
  expect(memory.doubtUntil).toBe(1000 + GRACE)
  expect([...memory.leases.keys()].sort()).toEqual([HOST, OTHER])
  memory.learn(new Map(), millis(1100))
  expect(memory.doubtUntil).toBe(1000 + GRACE)
  memory.learn(new Map([[OTHER, B]]), millis(1200))
  expect(memory.doubtUntil).toBe(1100 + GRACE)
})

it('a file that is not there ends nothing, and makes all of it unknown', () => {
  const memory = new LeaseMemory()
  memory.learn(new Map([[HOST, A]]), millis(0))
  memory.forget()
  expect(memory.learn(new Map(), millis(10_000))).toEqual([])
  expect(memory.learn(new Map(), millis(20_000))).toEqual([])
})
