import { describe, expect, it } from 'vitest'
import type { MapRequest, PcpOutcome } from '../../src/core/ports.ts'
import { aborted } from '../../src/lib/abort.ts'
import { millis, port, seconds } from '../../src/lib/units.ts'
import { type LinkEvents, type OpenLink, Upstream } from '../../src/pcp/upstream.ts'
import { ip } from '../support/fake-carrier.ts'
import { settle, VirtualClock } from '../support/virtual-clock.ts'

const REQUEST: MapRequest = {
  protocol: 'TCP',
  internalAddress: undefined,
  internalPort: port(50_000),
  generation: 0,
  suggestedPort: port(8080),
  suggestedAddress: undefined,
  lifetime: seconds(3600),
  preferFailure: true,
  remotePeers: undefined,
  description: '',
  sending: 'until-answered',
  renews: false,
}

/** One address of a server: answers at once, or never. */
class FakeAddress {
  answers: boolean
  routed = true
  asked = 0
  signsOfLife = 0
  closed = 0
  events: LinkEvents | undefined
  readonly name: string
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock, name: string, answers = true) {
    this.#clock = clock
    this.name = name
    this.answers = answers
  }

  readonly open: OpenLink = (events) => {
    if (!this.routed) return Promise.resolve(undefined)
    this.events = events
    return Promise.resolve({
      name: this.name,
      facts: () => ({ source: 'static', protocol: 'PCP', epoch: undefined }),
      map: (_request, signal) => {
        this.asked++
        return this.#answer(signal, this.#granted())
      },
      unmap: (_mapping, signal) => this.#answer(signal, { kind: 'deleted', lifetime: seconds(0) }),
      alive: async (signal) => {
        this.signsOfLife++
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
    if (!this.answers) await aborted(signal)
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
  const upstream = new Upstream({ clock, log })
  upstream.listen(events)
  await upstream.use(addresses.map(({ open }) => open))
  const ask = (most = 25_000, sending: MapRequest['sending'] = 'until-answered') => {
    const stop = new AbortController()
    clock.at(millis(clock.now() + most), () => stop.abort())
    return upstream.map({ ...REQUEST, sending }, stop.signal)
  }
  return { addresses, ask, clock, events: told, upstream }
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
    upstream.lose()
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
