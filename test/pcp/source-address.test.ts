import { expect, it } from 'vitest'
import type { IpAddress } from '../../src/lib/ip.ts'
import { followSourceAddress } from '../../src/pcp/source-address.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { ip } from './literals.ts'

const [A, B] = [ip('2001:db8::a'), ip('2001:db8::b')]

function following(client: IpAddress | undefined) {
  const clock = new VirtualClock()
  const world = { client, ours: new Set([A]) }
  let gone = 0
  const stop = followSourceAddress(
    { clock, client: () => world.client, isOurs: (address) => world.ours.has(address) },
    () => {
      gone++
    },
  )
  const lost = async (span: number) => {
    await clock.advance(span)
    return gone
  }
  return { clock, lost, stop, world }
}

it.each<[string, IpAddress | undefined, number]>([
  ['ours', A, 0],
  ['ours no more', B, 1],
  ['none, as nobody is asked', undefined, 0],
])('what we send from is %s', async (_what, client, times) => {
  const { lost } = following(client)
  expect(await lost(2000)).toBe(0)
  expect(await lost(2000)).toBe(times)
})

it('C-7.1-2: an address that goes is noticed within four seconds, and told once; so is the next one', async () => {
  const { lost, world } = following(A)
  expect(await lost(60_000)).toBe(0)
  world.ours.delete(A)
  expect(await lost(4000)).toBe(1)
  expect(await lost(60_000)).toBe(1)
  world.ours.add(B)
  world.client = B
  expect(await lost(60_000)).toBe(1)
  world.ours.delete(B)
  expect(await lost(4000)).toBe(2)
})

it('one that is ours again, or another one, before the next look is nothing to tell of', async () => {
  const { lost, world } = following(A)
  world.ours.delete(A)
  await lost(2000)
  world.ours.add(A)
  await lost(2000)
  world.ours.delete(A)
  await lost(2000)
  world.client = B
  expect(await lost(2000)).toBe(0)
})

it('nobody looks when it is stopped', async () => {
  const { clock, lost, stop } = following(B)
  stop()
  expect(await lost(60_000)).toBe(0)
  expect(clock.pending).toBe(0)
})
