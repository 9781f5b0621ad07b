import type { InjectOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import type { Service } from '../../../src/upnp/action.ts'
import { eventRoutes } from '../../../src/upnp/gena/routes.ts'
import type { Subscription } from '../../../src/upnp/gena/subscriptions.ts'
import { buildApp } from '../../../src/upnp/http/app.ts'
import { seeded } from '../../support/dice.ts'
import { VirtualClock, settle } from '../../support/virtual-clock.ts'
import { LAN, PEER, ROUTER, fakeGateway, fakeLog, worldOf } from '../bench.ts'

const PATH = '/igd2/event/wan-ip-connection'
const SERVER = 'Linux/6.1 UPnP/1.1 igd-pcp/0.1.0'
const CALLBACK = `<http://${PEER}:49152/evt>`
const NT = 'upnp:event'
const NOBODY = 'uuid:00000000-0000-4000-8000-000000000000'

type Headers = Readonly<Record<string, string>>

function bench() {
  const clock = new VirtualClock()
  const begun: { readonly subscription: Subscription; readonly service: Service }[] = []
  const ended: Subscription[] = []
  const failing = new Set<string>()
  const notifier = {
    begin: (subscription: Subscription, service: Service) => void begun.push({ subscription, service }),
    end: (subscription: Subscription) => void ended.push(subscription),
    isFailing: (subscription: Subscription) => failing.has(subscription.sid),
  }
  const app = buildApp({
    log: fakeLog(),
    world: worldOf(fakeGateway().gateway),
    serverHeader: SERVER,
    paths: [],
    documents: () => undefined,
    lans: () => [LAN],
    endsOf: ({ remoteAddress }) => ({ peer: remoteAddress, local: ROUTER, localPort: 5000 }),
    routes: [eventRoutes({ clock, random: seeded(1), notifier, serverHeader: SERVER })],
  })
  const inject = async (method: string, headers: Headers, over: InjectOptions = {}) => {
    const options = { remoteAddress: PEER, url: PATH, ...over, method, headers: { host: ROUTER, ...headers } }
    // Its type knows fewer methods than HTTP.
    const answer = await app.inject(options as InjectOptions)
    await settle()
    return answer
  }
  const subscribe = (headers: Headers = {}, over: InjectOptions = {}) =>
    inject('SUBSCRIBE', { callback: CALLBACK, nt: NT, ...headers }, over)
  const sidOf = async () => String((await subscribe()).headers['sid'])
  return { begun, clock, ended, failing, inject, sidOf, subscribe }
}

describe('UDA 1.1 §4.1.2: SUBSCRIBE', () => {
  it('is answered with SID and TIMEOUT and nothing else', async () => {
    const { body, headers, statusCode } = await bench().subscribe({ timeout: 'Second-600' })
    expect([statusCode, body]).toEqual([200, ''])
    expect(headers).toMatchObject({
      timeout: 'Second-600',
      server: SERVER,
      'content-length': '0',
      connection: 'close',
    })
    expect(headers['sid']).toMatch(/^uuid:/)
  })

  it('begins the events of the service of that path, to the peer and from our address there', async () => {
    const { begun, sidOf } = bench()
    const sid = await sidOf()
    expect(begun).toMatchObject([
      {
        subscription: { sid, host: PEER, lanAddress: ROUTER, path: PATH, callbacks: [{ address: PEER }] },
        service: { name: 'WANIPConnection', version: 2 },
      },
    ])
  })

  it.each<readonly [string, number, Headers]>([
    ['no CALLBACK', 412, { nt: NT }],
    ['an empty CALLBACK', 412, { nt: NT, callback: '' }],
    ['a CALLBACK of somebody else', 412, { nt: NT, callback: '<http://8.8.8.8/>' }],
    ['the peer as user name', 412, { nt: NT, callback: `<http://${PEER}:80@8.8.8.8/>` }],
    ['no NT', 412, { callback: CALLBACK }],
    ['another NT', 412, { callback: CALLBACK, nt: 'upnp:propchange' }],
    ['nothing', 412, {}],
    ['an unknown SID', 412, { sid: NOBODY }],
    ['SID and NT', 400, { sid: NOBODY, nt: NT }],
    ['SID and CALLBACK', 400, { sid: NOBODY, callback: CALLBACK }],
    ['all three', 400, { sid: NOBODY, nt: NT, callback: CALLBACK }],
  ])('G21: %s is %d', async (_what, status, headers) => {
    const { begun, inject } = bench()
    expect((await inject('SUBSCRIBE', headers)).statusCode).toBe(status)
    expect(begun).toEqual([])
  })

  it.each(['/igd1/event/nothing', '/igd3/event/wan-ip-connection', '/event', '/'])(
    'G21: there is nothing to subscribe to at %s',
    async (url) => {
      const { begun, subscribe } = bench()
      expect((await subscribe({}, { url })).statusCode).toBe(404)
      expect(begun).toEqual([])
    },
  )

  it('G21: one more than there may be is refused', async () => {
    const { begun, subscribe } = bench()
    for (let n = 0; n < 8; n++) expect((await subscribe()).statusCode).toBe(200)
    expect((await subscribe()).statusCode).toBe(503)
    expect(begun).toHaveLength(8)
  })

  it('a host at its limit loses a subscription that takes no events', async () => {
    const { failing, inject, sidOf, subscribe } = bench()
    const sids = []
    for (let n = 0; n < 8; n++) sids.push(await sidOf())
    const [, dead = '', ...others] = sids
    failing.add(dead)
    expect((await subscribe()).statusCode).toBe(200)
    expect((await inject('SUBSCRIBE', { sid: dead })).statusCode).toBe(412)
    for (const sid of others) expect((await inject('SUBSCRIBE', { sid })).statusCode).toBe(200)
    expect((await subscribe()).statusCode).toBe(503)
  })

  it('a renewal answers the same SID, and there is no second initial event', async () => {
    const { begun, clock, inject, sidOf } = bench()
    const sid = await sidOf()
    await clock.advance(1_700_000)
    const { headers, statusCode } = await inject('SUBSCRIBE', { sid, timeout: 'Second-infinite' })
    expect(statusCode).toBe(200)
    expect(headers).toMatchObject({ sid, timeout: 'Second-1800' })
    await clock.advance(1_700_000)
    expect((await inject('SUBSCRIBE', { sid })).statusCode).toBe(200)
    expect(begun).toHaveLength(1)
    await clock.advance(1_800_000)
    expect((await inject('SUBSCRIBE', { sid })).statusCode).toBe(412)
  })
})

describe('UDA 1.1 §4.1.4: UNSUBSCRIBE', () => {
  it('ends it, once', async () => {
    const { begun, ended, inject, sidOf } = bench()
    const sid = await sidOf()
    expect((await inject('UNSUBSCRIBE', { sid })).statusCode).toBe(200)
    expect(ended).toEqual([begun[0]?.subscription])
    expect((await inject('UNSUBSCRIBE', { sid })).statusCode).toBe(412)
    expect(ended).toHaveLength(1)
  })

  it.each<readonly [string, number, Headers]>([
    ['no SID', 412, {}],
    ['an unknown SID', 412, { sid: NOBODY }],
    ['SID and NT', 400, { sid: NOBODY, nt: NT }],
    ['SID and CALLBACK', 400, { sid: NOBODY, callback: CALLBACK }],
  ])('%s is %d', async (_what, status, headers) => {
    expect((await bench().inject('UNSUBSCRIBE', headers)).statusCode).toBe(status)
  })

  it('another host cannot', async () => {
    const { ended, inject, sidOf } = bench()
    const sid = await sidOf()
    const answer = await inject('UNSUBSCRIBE', { sid }, { remoteAddress: '192.168.1.11' })
    expect(answer.statusCode).toBe(412)
    expect(ended).toEqual([])
  })
})

it('no other method is for an eventSubURL', async () => {
  const { headers, statusCode } = await bench().inject('GET', {})
  expect([statusCode, headers['allow']]).toEqual([405, 'SUBSCRIBE, UNSUBSCRIBE'])
})
