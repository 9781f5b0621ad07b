import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { millis, port } from '../../src/lib/units.ts'
import { Counters } from '../../src/metrics/counters.ts'
import type { Place } from '../../src/metrics/place.ts'
import { Meters } from '../../src/metrics/meters.ts'
import { MetricsOffer } from '../../src/metrics/offer.ts'
import { ip } from '../support/fake-carrier.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { fakeLog } from '../upnp/bench.ts'
import { ask } from './ask.ts'
import { FACTS } from './facts.ts'

/** TEST-NET-1: no interface has it, so nothing is bound. */
const NOT_OURS: Place = { kind: 'address', address: ip('192.0.2.1'), port: port(9188) }

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'offer-'))
})
afterEach(() => rm(dir, { recursive: true }))

function bench() {
  const clock = new VirtualClock()
  const log = fakeLog()
  const meters = new Meters(new Counters())
  const offer = new MetricsOffer({ clock, log, meters, facts: () => FACTS })
  const at = (name: string): Place => ({ kind: 'socket', path: join(dir, name) })
  const isThere = (name: string) =>
    stat(join(dir, name)).then(
      (file) => file.isSocket(),
      () => false,
    )
  return { at, clock, isThere, log, meters, offer }
}

it('at one place at a time, and nowhere after the end', async () => {
  const { at, isThere, offer } = bench()
  await offer.use(at('a'))
  expect([await isThere('a'), await isThere('b')]).toEqual([true, false])
  await offer.use(at('b'))
  expect([await isThere('a'), await isThere('b')]).toEqual([false, true])
  await offer.stop()
  expect([await isThere('a'), await isThere('b')]).toEqual([false, false])
})

it('counts spans of time only since it is on, and once after it was off', async () => {
  const { at, meters, offer } = bench()
  await offer.use({ kind: 'nowhere' })
  meters.nat(millis(1), undefined)
  await offer.use(at('a'))
  await offer.use({ kind: 'nowhere' })
  await offer.use(at('a'))
  meters.nat(millis(1), undefined)
  const { text } = await ask(join(dir, 'a'))
  expect(text).toContain('igd_pcp_nat_change_seconds_count 1\n')
  await offer.stop()
})

it('one clear sentence where it cannot be', async () => {
  const { at, offer } = bench()
  await writeFile(join(dir, 'file'), 'mine')
  await expect(offer.use(at('file'))).rejects.toThrow(
    /^metrics\.listen: .*file is there and is no socket; move it away or choose another metrics\.listen$/,
  )
})

it('waits for an address that no interface has yet, and says so once', async () => {
  const { at, clock, isThere, log, offer } = bench()
  await offer.use(NOT_OURS)
  expect(clock.pending).toBe(1)
  await clock.advance(35_000)
  expect(log.lines).toEqual([
    {
      level: 'warn',
      fields: { address: '192.0.2.1:9188' },
      message: 'metrics.listen: no interface has this address yet; waiting for it',
    },
  ])
  await offer.use(at('a'))
  expect(await isThere('a')).toBe(true)
  expect(clock.pending).toBe(0)
  await offer.stop()
})
