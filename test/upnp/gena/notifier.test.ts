import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Changes } from '../../../src/core/changes.ts'
import type { ConnectionStatus } from '../../../src/core/types.ts'
import { aborted } from '../../../src/lib/abort.ts'
import type { Ipv4Address } from '../../../src/lib/ip.ts'
import { millis, port } from '../../../src/lib/units.ts'
import { FACADE } from '../../../src/upnp/facade.ts'
import { Notifier } from '../../../src/upnp/gena/notifier.ts'
import type { Notify, Send } from '../../../src/upnp/gena/notify.ts'
import type { Subscription } from '../../../src/upnp/gena/subscriptions.ts'
import { ip } from '../../support/fake-carrier.ts'
import { VirtualClock, settle } from '../../support/virtual-clock.ts'
import { PEER, ROUTER, elementsOf, fakeGateway, fakeLog, worldOf } from '../bench.ts'

const OTHER = ip('192.168.1.20')
const CONNECTION = FACADE[2]['wan-ip-connection']?.[0]

/** Milliseconds from SUBSCRIBE to the initial event. */
const GRACE = 200

interface Sent {
  readonly to: string
  readonly seq: string | undefined
  readonly values: Readonly<Record<string, string>>
}

/** The variables of a propertyset. */
const valuesOf = (body: Buffer): Readonly<Record<string, string>> =>
  Object.fromEntries(
    elementsOf(body.toString())
      .filter(({ name }) => name !== 'propertyset' && name !== 'property')
      .map(({ name, text }) => [name, text]),
  )

let clock: VirtualClock
let changes: Changes
let notifier: Notifier
let entries: number
let status: ConnectionStatus
let notifies: Notify[]
let answer: Send
let inFlight: number
let mostInFlight: number
let up: boolean

/** What reached the sender, in order. */
const sent = (to?: string): Sent[] =>
  notifies
    .map(({ body, headers, to: { address, path } }) => ({
      to: `${address}${path}`,
      seq: headers['SEQ'],
      values: valuesOf(body),
    }))
    .filter((one) => to === undefined || one.to === to)

const seqs = (to?: string) => sent(to).map(({ seq }) => seq)

const send: Send = async (notify, signal) => {
  notifies.push(notify)
  inFlight += 1
  mostInFlight = Math.max(mostInFlight, inFlight)
  try {
    return await answer(notify, signal)
  } finally {
    inFlight -= 1
  }
}

const silent: Send = async (_notify, signal) => {
  await aborted(signal)
  throw new Error('aborted')
}

/** Answers 200 after so many milliseconds. */
const slow =
  (span: number): Send =>
  () =>
    new Promise((resolve) => void clock.at(millis(clock.now() + span), () => resolve(200)))

const subscription = (over: Partial<Subscription> = {}, host: Ipv4Address = PEER): Subscription => ({
  sid: `uuid:${host}`,
  host,
  lanAddress: ROUTER,
  path: '/igd2/event/wan-ip-connection',
  callbacks: [{ address: host, port: port(49_152), path: '/evt' }],
  expires: millis(clock.now() + 1_800_000),
  ...over,
})

async function begin(
  over: Partial<Subscription> = {},
  host?: Ipv4Address,
  service = CONNECTION,
): Promise<Subscription> {
  const made = subscription(over, host)
  if (!service) throw new Error('no such service')
  notifier.begin(made, service)
  await clock.advance(GRACE)
  return made
}

/** The table grows by one. */
async function add(): Promise<void> {
  entries += 1
  changes.table()
  await settle()
}

beforeEach(() => {
  clock = new VirtualClock()
  changes = new Changes()
  entries = 0
  status = 'Connected'
  notifies = []
  inFlight = 0
  mostInFlight = 0
  up = true
  answer = () => Promise.resolve(200)
  const { gateway } = fakeGateway({
    portMappingNumberOfEntries: () => entries,
    systemUpdateId: () => changes.systemUpdateId,
    connectionStatus: () => status,
  })
  const world = worldOf(gateway)
  const wan = { ...world.wan, up: () => up }
  notifier = new Notifier({ clock, log: fakeLog(), send }, { ...world, wan })
  notifier.start(changes)
})

afterEach(() => notifier.stop())

describe('UDA 1.1 §4.1: the initial event', () => {
  const made = () => {
    const subscribed = subscription()
    if (CONNECTION) notifier.begin(subscribed, CONNECTION)
    return subscribed
  }

  it('leaves a busy control point time to read its SID, whatever changes meanwhile', async () => {
    made()
    await add()
    await clock.advance(GRACE - 1)
    expect(notifies).toEqual([])
    await clock.advance(1)
    expect(sent().map(({ seq, values }) => [seq, values['SystemUpdateID']])).toEqual([['0', '1']])
  })

  it('is not sent to who unsubscribes before', async () => {
    notifier.end(made())
    await clock.advance(GRACE)
    expect(notifies).toEqual([])
  })
})

describe('UDA 1.1 §4.3: what is sent', () => {
  it('the headers, and from which address to which', async () => {
    await begin()
    const [first] = notifies
    expect(first).toMatchObject({
      from: ROUTER,
      to: { address: PEER, port: 49_152, path: '/evt' },
      headers: {
        HOST: `${PEER}:49152`,
        'CONTENT-TYPE': 'text/xml; charset="utf-8"',
        'CONTENT-LENGTH': String(first?.body.length),
        NT: 'upnp:event',
        NTS: 'upnp:propchange',
        SID: `uuid:${PEER}`,
        SEQ: '0',
      },
    })
  })

  it('the initial event holds everything, the next ones what changed', async () => {
    await begin()
    status = 'Disconnected'
    changes.notify()
    await settle()
    expect(sent().map(({ seq, values }) => [seq, values])).toEqual([
      [
        '0',
        {
          PossibleConnectionTypes: 'IP_Routed',
          ConnectionStatus: 'Connected',
          ExternalIPAddress: '203.0.114.1',
          PortMappingNumberOfEntries: '0',
          SystemUpdateID: '0',
        },
      ],
      ['1', { ConnectionStatus: 'Disconnected' }],
    ])
  })

  it('G22, WANIPConnection:2 §2.3.23: an added entry is one event with both variables, to both', async () => {
    await begin()
    await begin({}, OTHER)
    await add()
    for (const host of [PEER, OTHER])
      expect(sent(`${host}/evt`).slice(1)).toEqual([
        { to: `${host}/evt`, seq: '1', values: { PortMappingNumberOfEntries: '1', SystemUpdateID: '1' } },
      ])
  })

  it('what is told before it has happened waits for it', async () => {
    await begin()
    changes.table()
    entries += 1
    await settle()
    expect(
      sent()
        .slice(1)
        .map(({ values }) => values),
    ).toEqual([{ PortMappingNumberOfEntries: '1', SystemUpdateID: '1' }])
  })

  it('a change that nobody can see is none', async () => {
    await begin()
    changes.notify()
    await settle()
    expect(seqs()).toEqual(['0'])
  })
})

describe('G22: slow subscribers', () => {
  it('get one event at a time, skip what is in between, and do not lose the last value', async () => {
    answer = slow(4000)
    await begin()
    for (let n = 0; n < 5; n++) await add()
    expect(seqs()).toEqual(['0'])
    await clock.advance(20_000)
    expect(
      sent()
        .slice(1)
        .map(({ seq, values }) => [seq, values]),
    ).toEqual([['1', { PortMappingNumberOfEntries: '5', SystemUpdateID: '5' }]])
    expect(mostInFlight).toBe(1)
  })

  it('do not delay others', async () => {
    const later = silent
    answer = (notify, signal) => (notify.to.address === OTHER ? later(notify, signal) : Promise.resolve(200))
    await begin({}, OTHER)
    await begin()
    await add()
    await add()
    expect(seqs(`${PEER}/evt`)).toEqual(['0', '1', '2'])
    expect(seqs(`${OTHER}/evt`)).toEqual(['0'])
  })

  it('have 5 s to answer', async () => {
    answer = silent
    await begin()
    await clock.advance(4999)
    expect(inFlight).toBe(1)
    await clock.advance(1)
    expect(inFlight).toBe(0)
  })
})

describe('subscribers that fail', () => {
  it.each<readonly [string, Send]>([
    ['refuses the connection', () => Promise.reject(new Error('ECONNREFUSED'))],
    ['is silent', silent],
    ['answers 412', () => Promise.resolve(412)],
    ['redirects', () => Promise.resolve(301)],
  ])('one that %s is spared more and more, whatever changes, until it expires', async (_what, how) => {
    answer = how
    const { expires } = await begin()
    for (let n = 0; n < 1700; n++) {
      await add()
      await clock.advance(1000)
    }
    expect(notifies.length).toBeGreaterThan(5)
    expect(notifies.length).toBeLessThan(12)
    await clock.advance(expires - clock.now())
    const before = notifies.length
    for (let n = 0; n < 10; n++) {
      await add()
      await clock.advance(100_000)
    }
    expect(notifies).toHaveLength(before)
    expect(clock.pending).toBe(0)
  })

  it('one that is back gets the last values, and the gap in SEQ tells that something is missing', async () => {
    await begin()
    answer = () => Promise.reject(new Error('ECONNREFUSED'))
    await add()
    await add()
    answer = () => Promise.resolve(200)
    await clock.advance(10_000)
    expect(sent().map(({ seq, values }) => [seq, values['SystemUpdateID']])).toEqual([
      ['0', '0'],
      ['1', '1'],
      ['2', '2'],
    ])
  })

  it('a value that may have arrived is told again, even when it is the old one', async () => {
    await begin()
    answer = () => Promise.reject(new Error('reset'))
    status = 'Disconnected'
    changes.notify()
    await settle()
    answer = () => Promise.resolve(200)
    status = 'Connected'
    changes.notify()
    await clock.advance(10_000)
    expect(sent().at(-1)).toMatchObject({ seq: '2', values: { ConnectionStatus: 'Connected' } })
  })

  it('the next callback is tried at once', async () => {
    answer = ({ to }) => (to.path === '/1' ? Promise.reject(new Error('reset')) : Promise.resolve(200))
    const callbacks = ['/1', '/2', '/3'].map((path) => ({ address: PEER, port: port(80), path }))
    await begin({ callbacks })
    expect(sent().map(({ seq, to }) => [seq, to])).toEqual([
      ['0', `${PEER}/1`],
      ['0', `${PEER}/2`],
    ])
  })
})

describe('what nobody tells of', () => {
  const LINK = FACADE[1]['wan-common-interface-config']?.[0]

  it('PhysicalLinkStatus is evented within 2 s of a change of the link', async () => {
    await begin({}, PEER, LINK)
    up = false
    await clock.advance(2000)
    up = true
    await clock.advance(2000)
    expect(sent().map(({ values }) => values)).toEqual(
      ['Up', 'Down', 'Up'].map((PhysicalLinkStatus) => ({ PhysicalLinkStatus })),
    )
  })

  it('nobody looks while nobody is subscribed', async () => {
    expect(clock.pending).toBe(0)
    const made = await begin({}, PEER, LINK)
    expect(clock.pending).toBe(1)
    notifier.end(made)
    expect(clock.pending).toBe(0)
    const { expires } = await begin({}, PEER, LINK)
    await clock.advance(expires - clock.now() + 2000)
    expect(clock.pending).toBe(0)
  })
})

it('isFailing: from an event that did not arrive to the next that does', async () => {
  const made = await begin()
  expect(notifier.isFailing(made)).toBe(false)
  answer = () => Promise.resolve(412)
  await add()
  expect(notifier.isFailing(made)).toBe(true)
  answer = () => Promise.resolve(200)
  await clock.advance(10_000)
  expect(notifier.isFailing(made)).toBe(false)
})

describe('the end', () => {
  it.each<readonly [string, (made: Subscription) => void]>([
    ['UNSUBSCRIBE', (made) => notifier.end(made)],
    ['stop', () => notifier.stop()],
  ])('%s breaks off what is on the way, and what waits', async (_what, end) => {
    answer = silent
    const flying = await begin()
    end(flying)
    await add()
    expect([inFlight, clock.pending, notifies.length]).toEqual([0, 0, 1])
    answer = () => Promise.resolve(500)
    const waiting = await begin()
    end(waiting)
    await add()
    expect([clock.pending, notifies.length]).toEqual([0, 2])
  })
})
