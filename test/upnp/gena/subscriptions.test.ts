import { beforeEach, describe, expect, it } from 'vitest'
import { millis, seconds } from '../../../src/lib/units.ts'
import {
  type Claim,
  Subscriptions,
  grantedTimeout,
  newSid,
  nextSeq,
} from '../../../src/upnp/gena/subscriptions.ts'
import { fixedDice, seeded } from '../../support/dice.ts'
import { ip } from '../../support/fake-carrier.ts'
import { PEER, ROUTER } from '../bench.ts'

const PATH = '/igd1/event/wan-ip-connection'
const NOW = millis(1_000_000)
const LEASE = seconds(300)
const at = (passed: number) => millis(NOW + passed * 1000)
const claim = (over: Partial<Claim> = {}): Claim => ({ sid: 'uuid:1', host: PEER, path: PATH, ...over })

let table: Subscriptions
let failing: Set<string>
const subscribe = (sid: string, host = PEER, now = NOW) =>
  table.subscribe({ host, lanAddress: ROUTER, path: PATH, callbacks: [] }, sid, LEASE, now)
const sids = (now = NOW) => table.live(now).map(({ sid }) => sid)

beforeEach(() => {
  failing = new Set()
  table = new Subscriptions(({ sid }) => failing.has(sid))
})

describe('how long', () => {
  it('ends at its timeout', () => {
    subscribe('uuid:1')
    expect(sids(at(299))).toEqual(['uuid:1'])
    expect(sids(at(300))).toEqual([])
  })

  it('a renewal counts from when it comes, and cannot wake the dead', () => {
    subscribe('uuid:1')
    expect(table.renew(claim(), seconds(600), at(200))).toBe(true)
    expect(sids(at(799))).toEqual(['uuid:1'])
    expect(table.renew(claim(), LEASE, at(800))).toBe(false)
    expect(sids(at(800))).toEqual([])
  })

  it.each([
    [undefined, 1800],
    ['', 1800],
    ['Second-300', 300],
    ['second-900', 900],
    [' Second-1800 ', 1800],
    ['Second-1801', 1800],
    ['Second-299', 300],
    ['Second-0', 300],
    ['Second-infinite', 1800],
    ['infinite', 1800],
    ['Second--1', 1800],
    ['Second-1e3', 1800],
    [`Second-${'9'.repeat(400)}`, 1800],
  ])('TIMEOUT %j is granted as %d s', (header, granted) => {
    expect(grantedTimeout(header)).toBe(granted)
  })
})

describe('whose', () => {
  it.each([
    ['an unknown SID', { sid: 'uuid:2' }],
    ['no SID', { sid: '' }],
    ['another host', { host: ip('192.168.1.11') }],
    ['another eventSubURL', { path: '/igd2/event/wan-ip-connection' }],
  ])('%s neither renews nor ends it', (_what, over) => {
    subscribe('uuid:1')
    expect(table.renew(claim(over), LEASE, NOW)).toBe(false)
    expect(table.unsubscribe(claim(over), NOW)).toBeUndefined()
    expect(sids()).toEqual(['uuid:1'])
  })

  it('ends once', () => {
    const made = subscribe('uuid:1')
    expect(table.unsubscribe(claim(), NOW)).toBe(made)
    expect(table.unsubscribe(claim(), NOW)).toBeUndefined()
    expect(sids()).toEqual([])
  })
})

describe('G21: how many', () => {
  it('eight a host, and what ends makes room', () => {
    for (let n = 1; n <= 8; n++) expect(subscribe(`uuid:${n}`)).toBeDefined()
    expect(subscribe('uuid:9')).toBeUndefined()
    expect(subscribe('uuid:9', ip('192.168.1.11'))).toBeDefined()
    table.unsubscribe(claim(), NOW)
    expect(subscribe('uuid:10')).toBeDefined()
  })

  it('64 in all, until the first expire', () => {
    for (let n = 0; n < 64; n++)
      expect(subscribe(`uuid:${n}`, ip(`192.168.1.${10 + Math.floor(n / 8)}`))).toBeDefined()
    expect(subscribe('uuid:64', ip('192.168.1.99'))).toBeUndefined()
    expect(subscribe('uuid:64', ip('192.168.1.99'), at(300))).toBeDefined()
  })
})

describe('how many, where some take no events', () => {
  it('one of the host itself gives its place away, and is over', () => {
    const made = Array.from({ length: 8 }, (_, n) => subscribe(`uuid:${n}`))
    failing.add('uuid:3')
    expect(subscribe('uuid:8')).toBeDefined()
    expect(made[3]?.expires).toBe(NOW)
    expect(sids()).toEqual(['0', '1', '2', '4', '5', '6', '7', '8'].map((n) => `uuid:${n}`))
    expect(subscribe('uuid:9')).toBeUndefined()
  })

  it('one of another host does so only when all places are taken', () => {
    const host = (n: number) => ip(`192.168.1.${10 + Math.floor(n / 8)}`)
    for (let n = 0; n < 64; n++) subscribe(`uuid:${n}`, host(n))
    failing.add('uuid:63')
    expect(subscribe('uuid:64', host(0))).toBeUndefined()
    expect(sids()).toHaveLength(64)
    expect(subscribe('uuid:64', ip('192.168.1.99'))).toBeDefined()
    expect(sids()).not.toContain('uuid:63')
  })
})

describe('names and numbers', () => {
  it.each([fixedDice(0), fixedDice(0.999), seeded(1)])('a SID is a random UUID (RFC 4122 §4.4)', (dice) => {
    expect(newSid(dice)).toMatch(/^uuid:[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  })

  it('a SID uses all of its chance', () => {
    const dice = seeded(1)
    expect(newSid(dice)).not.toBe(newSid(dice))
  })

  it.each([
    [0, 1],
    [1, 2],
    [2 ** 32 - 2, 2 ** 32 - 1],
    [2 ** 32 - 1, 1],
  ])('UDA 1.1 §4.3.1: after SEQ %d comes %d', (seq, next) => {
    expect(nextSeq(seq)).toBe(next)
  })
})
