import { describe, expect, it } from 'vitest'
import type { Place } from '../../src/core/place.ts'
import type { MapRequest, PcpOutcome } from '../../src/core/ports.ts'
import { aborted, sharedAbort, sleepUntil } from '../../src/lib/abort.ts'
import { millis, port, seconds } from '../../src/lib/units.ts'
import type { LinkEvents, OpenLink } from '../../src/pcp/link.ts'
import { Upstream } from '../../src/pcp/upstream.ts'
import { ip } from '../support/fake-carrier.ts'
import { FIRST_REQUEST } from '../support/first-request.ts'
import { settle, VirtualClock } from '../support/virtual-clock.ts'

/** One address of a server: answers at once, or never. */
class FakeAddress {
  answers: boolean
  routed = true
  /** Says by ICMP that nobody listens there. */
  refuses = false
  /** Gives up by itself, as NAT-PMP does after nine packets. */
  tires = false
  /** How many of the next requests nothing comes of. */
  loses = 0
  /** Milliseconds until an answer. */
  delay = 0
  asked = 0
  signsOfLife = 0
  closed = 0
  events: LinkEvents | undefined
  readonly name: string
  readonly place: Place
  readonly deleted: number[] = []
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock, name: string, answers = true, server = 'a server') {
    this.#clock = clock
    this.name = name
    this.place = { server, client: ip('100.64.0.2') }
    this.answers = answers
  }

  readonly open: OpenLink = (events) => {
    if (!this.routed) return Promise.resolve(undefined)
    this.events = events
    return Promise.resolve({
      name: this.name,
      facts: () => ({ source: 'static', protocol: 'PCP', epoch: undefined }),
      place: this.place,
      map: (_request, signal) => {
        this.asked++
        if (this.loses-- > 0) return aborted(signal).then(() => ({ kind: 'silent' }))
        return this.#answer(signal, this.#granted())
      },
      unmap: ({ internalPort }, signal) => {
        this.deleted.push(internalPort)
        return this.#answer(signal, { kind: 'deleted', lifetime: seconds(0) })
      },
      alive: async (signal) => {
        this.signsOfLife++
        if (this.refuses) this.events?.unreachable('ECONNREFUSED')
        return (await this.#answer(signal, this.#granted())).kind !== 'silent'
      },
      close: () => {
        this.closed++
      },
    })
  }

  #granted(): PcpOutcome {
    const external = { address: ip('203.0.114.1'), port: port(8080) }
    return { kind: 'granted', external, lifetime: seconds(3600), sentAt: this.#clock.now() }
  }

  async #answer<O>(signal: AbortSignal, outcome: O): Promise<O | { kind: 'silent' }> {
    if (this.delay > 0) await sleepUntil(this.#clock, millis(this.#clock.now() + this.delay), signal)
    if (!this.answers && !this.tires) await aborted(signal)
    else this.events?.heard()
    return this.answers ? outcome : { kind: 'silent' }
  }
}

async function upstreamOver(...answering: boolean[]) {
  const clock = new VirtualClock()
  const told: string[] = []
  const tell = (what: string) => () => void told.push(what)
  const log = { debug: tell('debug'), info: tell('info'), warn: tell('warn'), error: tell('error') }
  const events = {
    switched: tell('switched'),
    lost: tell('lost'),
    lostState: tell('lost'),
    returned: tell('returned'),
    doubtful: tell('doubt'),
    mappingUpdate: tell('update'),
  }
  const addresses = answering.map((answers, i) => new FakeAddress(clock, `address ${i}`, answers))
  /** The servers that can still be reached when they are left, and whether the address of ours is still ours. */
  const left = { servers: [] as FakeAddress[], owned: true }
  const reach = {
    owns: () => left.owned,
    open: async ({ server }: Place) => {
      const found = left.servers.find(({ place }) => place.server === server)
      return await found?.open({ heard: () => undefined, unreachable: () => undefined, inUse: () => false })
    },
  }
  const upstream = new Upstream({ clock, log, reach })
  upstream.listen(events)
  await upstream.use(addresses.map(({ open }) => open))
  const until = (most: number) => {
    const stop = sharedAbort()
    clock.at(millis(clock.now() + most), () => stop.abort())
    return stop.signal
  }
  /** As the core asks: at the place that is asked now. */
  const ask = async (most = 25_000, sending: MapRequest['sending'] = 'until-answered') => {
    const signal = until(most)
    for (;;) {
      const outcome = await upstream.map({ ...FIRST_REQUEST, place: upstream.place, sending }, signal)
      if (outcome.kind !== 'elsewhere') return outcome
    }
  }
  const unmap = (place: Place | undefined, most = 25_000) =>
    upstream.unmap({ ...FIRST_REQUEST, place }, until(most))
  return { addresses, ask, clock, events: told, left, unmap, upstream }
}

describe('one server with several addresses (RFC 7488 §3)', () => {
  it('S7488-3-6 C-8.1.1-5: keeps to the address that works', async () => {
    const { addresses, ask } = await upstreamOver(true, true)
    await ask()
    await ask()
    expect(addresses.map(({ asked }) => asked)).toEqual([2, 0])
  })

  it('S7488-3-2: a silent one is given up when another answers, and what waits is asked there', async () => {
    const { addresses, ask, clock } = await upstreamOver(false, false, true)
    const outcome = ask()
    await clock.advance(19_000)
    expect((await outcome).kind).toBe('granted')
    expect(addresses.map(({ asked }) => asked)).toEqual([1, 0, 1])
    expect(addresses[0]?.closed).toBe(1)
    await ask()
    expect(addresses[2]?.asked).toBe(2)
  })

  it('S7488-3-4 T8: an ICMP error moves on at once', async () => {
    const { addresses, ask, clock } = await upstreamOver(false, true)
    const outcome = ask()
    await settle()
    addresses[0]?.events?.unreachable('ECONNREFUSED')
    await clock.advance(100)
    expect((await outcome).kind).toBe('granted')
  })

  it('S7488-3-4 T8: also from one that is only tried', async () => {
    const { addresses, ask, clock } = await upstreamOver(false, false, true)
    const [first, second] = addresses
    if (second) second.refuses = true
    const outcome = ask()
    await settle()
    first?.events?.unreachable('ECONNREFUSED')
    await clock.advance(100)
    expect((await outcome).kind).toBe('granted')
    expect(addresses.map(({ closed }) => closed)).toEqual([1, 1, 0])
  })

  it('S7488-3-5: when all were in vain they are left alone for 15 minutes', async () => {
    const { addresses, ask, clock } = await upstreamOver(false, false)
    const outcome = ask()
    await clock.advance(26_000)
    expect((await outcome).kind).toBe('silent')
    const tried = addresses[1]?.signsOfLife
    await clock.advance(600_000)
    expect(addresses[1]?.signsOfLife).toBe(tried)
    await clock.advance(400_000)
    expect(addresses[1]?.signsOfLife).toBeGreaterThan(tried ?? 0)
  })

  it('S7488-3-6: one that answered since is given up anew when it falls silent again', async () => {
    const { addresses, ask, clock } = await upstreamOver(false, false)
    const [first, second] = addresses
    if (!first || !second) throw new Error('there are two')
    await Promise.all([ask(12_000), clock.advance(25_000)])
    first.answers = true
    await ask()
    first.answers = false
    second.answers = true
    const outcome = ask()
    await clock.advance(12_000)
    expect((await outcome).kind).toBe('granted')
    expect(second.asked).toBe(1)
  })

  it('S7488-3-6: one that lost a renewal of one packet and is alive is kept', async () => {
    const { addresses, ask, clock, upstream } = await upstreamOver(true, true)
    const [first] = addresses
    if (first) first.loses = 1
    await Promise.all([ask(60_000, 'once'), clock.advance(60_000)])
    expect([upstream.server?.address, first?.signsOfLife]).toEqual(['address 0', 1])
  })

  it.each([
    ['of one, none', [false], 0],
    ['of several, one', [false, false], 1],
  ])(
    'T30: however many renewals are lost, a single sign of life is asked for: %s',
    async (_what, answering, signs) => {
      const { addresses, ask, clock } = await upstreamOver(...answering)
      for (let n = 0; n < 20; n++) void ask(15_000, 'once')
      await clock.advance(19_000)
      expect(addresses[0]?.signsOfLife).toBe(signs)
    },
  )

  it('S7488-3-2: one that is silent to a sign of life too is given up', async () => {
    const { ask, clock, upstream } = await upstreamOver(false, true)
    await Promise.all([ask(60_000, 'once'), clock.advance(60_000)])
    expect(upstream.server?.address).toBe('address 1')
  })

  it('S7488-3-6: one that answers while another is tried is kept', async () => {
    const { addresses, ask, clock, upstream } = await upstreamOver(false, true)
    const [first, second] = addresses
    if (second) second.delay = 1000
    const outcome = ask(12_000)
    await clock.advance(9500)
    first?.events?.heard()
    await clock.advance(12_000)
    await outcome
    expect([upstream.server?.address, second?.closed]).toEqual(['address 0', 1])
  })

  it('T7 S7488-3-3: what a given-up address says later changes nothing', async () => {
    const { addresses, ask, clock, events } = await upstreamOver(false, true)
    const outcome = ask()
    await clock.advance(10_000)
    await outcome
    const before = events.length
    addresses[0]?.events?.heard()
    addresses[0]?.events?.unreachable('late')
    expect(events).toHaveLength(before)
  })

  it('one that gives up by itself is asked on for as long as who waits for it wants', async () => {
    const { addresses, ask, clock } = await upstreamOver(false)
    const [first] = addresses
    if (first) first.tires = true
    const outcome = ask(600_000)
    await clock.advance(100_000)
    expect(first?.asked).toBe(4)
    if (first) first.answers = true
    await clock.advance(30_000)
    expect((await outcome).kind).toBe('granted')
  })

  it('a renewal of one packet is not repeated elsewhere', async () => {
    const { addresses, ask, clock } = await upstreamOver(false, true)
    const outcome = ask(20_000, 'once')
    await clock.advance(20_000)
    expect((await outcome).kind).toBe('silent')
    expect(addresses[1]?.asked).toBe(0)
  })
})

describe('a carrier that is down', () => {
  it('is known after a wait in vain, asked for a sign of life every 30 s, and told of when it is back', async () => {
    const { addresses, ask, clock, events, upstream } = await upstreamOver(false)
    const outcome = ask()
    await clock.advance(25_000)
    await outcome
    expect(upstream.reachable).toBe(false)
    await clock.advance(91_000)
    const [address] = addresses
    expect(address?.signsOfLife).toBe(3)
    expect(address?.asked).toBe(1)
    if (address) address.answers = true
    await clock.advance(30_000)
    expect(upstream.reachable).toBe(true)
    expect(events).toContain('returned')
  })

  it('is known also while who asks waits on', async () => {
    const { ask, clock, upstream } = await upstreamOver(false)
    void ask(3_600_000)
    await clock.advance(21_000)
    expect(upstream.reachable).toBe(false)
  })

  it('is asked where it was asked before when all its servers are back', async () => {
    const { addresses, ask, clock, upstream } = await upstreamOver(false, false)
    await Promise.all([ask(), clock.advance(26_000)])
    for (const address of addresses) address.answers = true
    await clock.advance(60_000)
    expect([upstream.reachable, upstream.server?.address]).toEqual([true, 'address 0'])
  })

  it('one packet in vain proves nothing', async () => {
    const { ask, clock, upstream } = await upstreamOver(false)
    void ask(3_600_000, 'once')
    await clock.advance(600_000)
    expect(upstream.reachable).toBe(true)
  })

  it('a short wait in vain proves nothing', async () => {
    const { ask, clock, upstream } = await upstreamOver(false)
    const outcome = ask(3000)
    await clock.advance(3000)
    await outcome
    expect(upstream.reachable).toBe(true)
  })

  it('without a route it is looked for again, and found', async () => {
    const { addresses, clock, events, upstream } = await upstreamOver(true)
    const [address] = addresses
    if (!address) throw new Error('no address')
    address.routed = false
    await upstream.use([address.open])
    expect(upstream.reachable).toBe(false)
    address.routed = true
    await clock.advance(31_000)
    expect(upstream.reachable).toBe(true)
    expect(events).toContain('returned')
  })

  it('without any server nothing is asked and nothing answers', async () => {
    const { ask, clock, upstream } = await upstreamOver()
    expect(upstream.reachable).toBe(false)
    const outcome = ask(1000)
    await clock.advance(1000)
    expect((await outcome).kind).toBe('silent')
  })
})

describe('another server', () => {
  it('is told, so that all mappings are made anew; the first is not', async () => {
    const { addresses, clock, events, upstream } = await upstreamOver(true)
    expect(events).not.toContain('switched')
    await upstream.use([new FakeAddress(clock, 'other').open])
    expect(events).toContain('switched')
    expect(addresses[0]?.closed).toBe(1)
  })

  it('without an address of our own nobody is asked; with a new one all is made anew', async () => {
    const { addresses, ask, clock, events, upstream } = await upstreamOver(true)
    upstream.lose('the WAN has no address')
    expect(upstream.reachable).toBe(false)
    const waiting = ask()
    await clock.advance(5000)
    await upstream.use(addresses.map(({ open }) => open))
    await clock.advance(10)
    expect((await waiting).kind).toBe('granted')
    expect(upstream.reachable).toBe(true)
    expect(events.filter((what) => what === 'switched')).toHaveLength(1)
  })

  it('gets what was waiting for the old one', async () => {
    const { ask, clock, upstream } = await upstreamOver(false)
    const outcome = ask()
    await clock.advance(1000)
    await upstream.use([new FakeAddress(clock, 'other').open])
    await clock.advance(10)
    expect((await outcome).kind).toBe('granted')
  })

  it('closed, every wait ends in silence', async () => {
    const { ask, upstream } = await upstreamOver(false)
    const outcome = ask()
    await settle()
    upstream.close()
    expect((await outcome).kind).toBe('silent')
  })
})

describe('places that were left', () => {
  async function moved() {
    const bench = await upstreamOver(true)
    const [old] = bench.addresses
    if (!old) throw new Error('no address')
    bench.left.servers.push(old)
    const next = new FakeAddress(bench.clock, 'next', true, 'another server')
    await bench.upstream.use([next.open])
    return { ...bench, next, old }
  }

  it('C-11.2-2: nothing is asked at another place than the one of the request', async () => {
    const { next, old, upstream } = await moved()
    const { signal } = sharedAbort()
    expect(await upstream.map({ ...FIRST_REQUEST, place: old.place }, signal)).toEqual({ kind: 'elsewhere' })
    expect(await upstream.map(FIRST_REQUEST, signal)).toEqual({ kind: 'elsewhere' })
    expect([old.asked, next.asked]).toEqual([0, 0])
  })

  it('T7: who waits for an answer is told when it is another server that is asked', async () => {
    const { addresses, clock, upstream } = await upstreamOver(false)
    const outcome = upstream.map({ ...FIRST_REQUEST, place: addresses[0]?.place }, sharedAbort().signal)
    await settle()
    await upstream.use([new FakeAddress(clock, 'next', true, 'another server').open])
    expect(await outcome).toEqual({ kind: 'elsewhere' })
  })

  it('S7723-3-1: what stands there is deleted there, and its socket closed when that is done', async () => {
    const { clock, next, old, unmap } = await moved()
    expect(await unmap(old.place)).toMatchObject({ kind: 'deleted' })
    expect([old.deleted, next.deleted]).toEqual([[50_000], []])
    const closed = old.closed
    await clock.advance(10_000)
    expect(old.closed).toBe(closed + 1)
  })

  it('a LAN host’s own mapping is the same whichever address of ours asks', async () => {
    const { next, unmap } = await moved()
    expect(await unmap({ server: next.place.server })).toMatchObject({ kind: 'deleted' })
    expect(next.deleted).toEqual([50_000])
  })

  it('one that says nothing is asked once, and again after a quarter of an hour, by all who wait', async () => {
    const { clock, old, unmap, upstream } = await moved()
    old.answers = false
    const outcomes = [unmap(old.place, 3_600_000), unmap(old.place, 3_600_000)]
    await clock.advance(9000)
    expect([old.deleted.length, upstream.reaches(old.place)]).toEqual([1, false])
    await clock.advance(890_000)
    expect(old.deleted).toHaveLength(1)
    old.answers = true
    await clock.advance(20_000)
    expect(await Promise.all(outcomes)).toMatchObject([{ kind: 'deleted' }, { kind: 'deleted' }])
    expect(old.deleted).toHaveLength(3)
  })

  it('C-7.1-2: nothing leaves for it while its address is not ours', async () => {
    const { clock, left, old, unmap, upstream } = await moved()
    left.owned = false
    const outcome = unmap(old.place, 3_600_000)
    await clock.advance(600_000)
    expect([old.deleted, upstream.reaches(old.place)]).toEqual([[], false])
    left.owned = true
    expect(upstream.reaches(old.place)).toBe(true)
    await clock.advance(30_000)
    expect(await outcome).toMatchObject({ kind: 'deleted' })
  })

  it('it is asked as ever when it is the one in use again', async () => {
    const { clock, left, old, unmap, upstream } = await moved()
    left.owned = false
    const outcome = unmap(old.place)
    await clock.advance(1000)
    await upstream.use([old.open])
    expect(await outcome).toMatchObject({ kind: 'deleted' })
  })

  it('a delete that was on its way when the server changed goes on there', async () => {
    const { addresses, clock, left, unmap, upstream } = await upstreamOver(false)
    const [old] = addresses
    if (!old) throw new Error('no address')
    const again = new FakeAddress(clock, 'the same server, which answers now')
    left.servers.push(again)
    const outcome = unmap(old.place)
    await settle()
    await upstream.use([new FakeAddress(clock, 'next', true, 'another server').open])
    expect(await outcome).toMatchObject({ kind: 'deleted' })
    expect([old.deleted, again.deleted]).toEqual([[50_000], [50_000]])
  })
})

describe('several servers', () => {
  it('S7488-4-1: one is used; the next takes over when it is silent, and is told as another server', async () => {
    const { ask, clock, events, upstream } = await upstreamOver()
    const first = new FakeAddress(clock, 'first', true, 'first')
    const second = new FakeAddress(clock, 'second', true, 'second')
    await upstream.use([first.open, second.open])
    await ask()
    expect([first.asked, second.asked]).toEqual([1, 0])
    first.answers = false
    const outcome = ask()
    await clock.advance(9100)
    expect((await outcome).kind).toBe('granted')
    expect([second.signsOfLife, second.asked]).toEqual([1, 1])
    expect(events).toContain('switched')
  })

  it('S7723-2-1: a guess is asked for a sign of life first, and for nothing else while it gives none', async () => {
    const { ask, clock, upstream } = await upstreamOver()
    const guess = new FakeAddress(clock, 'anycast', false, 'anycast')
    await upstream.use([], [guess.open])
    const outcome = ask(15_000)
    await clock.advance(15_000)
    expect((await outcome).kind).toBe('silent')
    expect([guess.signsOfLife, guess.asked]).toEqual([1, 0])
  })

  it('S7723-2-1: it is used once it answers, but not before the default router', async () => {
    const { ask, clock, upstream } = await upstreamOver()
    const router = new FakeAddress(clock, 'router', true, 'router')
    const guess = new FakeAddress(clock, 'anycast', true, 'anycast')
    await upstream.use([router.open], [guess.open])
    await ask()
    expect([router.asked, guess.signsOfLife]).toEqual([1, 0])
    await upstream.use([], [guess.open])
    await clock.advance(10)
    await ask()
    expect([guess.signsOfLife, guess.asked]).toEqual([1, 1])
  })
})
