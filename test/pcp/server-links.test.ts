import { describe, expect, it } from 'vitest'
import type { IpAddress } from '../../src/lib/ip.ts'
import { sharedAbort } from '../../src/lib/abort.ts'
import { Announcements } from '../../src/pcp/announcements.ts'
import { epochMemory } from '../../src/pcp/epoch-memory.ts'
import { serverLinks } from '../../src/pcp/server-links.ts'
import type { Endpoint } from '../../src/pcp/socket.ts'
import { seeded } from '../support/dice.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { wanted } from './client-bench.ts'
import { answerTo, FakeSocket } from './fake-wire.ts'
import { ip, ipv4 } from './literals.ts'

const at = (address: string): Endpoint => ({ address: ip(address), port: 5351 })

interface Circumstances {
  readonly client?: IpAddress
  /** Which of the addresses are in use, by their place in the list. */
  readonly inUse?: (index: number) => boolean
}

/** The first request that each address of a server gets. */
async function firstRequests(
  server: readonly Endpoint[],
  { client = ip('100.64.0.2'), inUse = () => true }: Circumstances = {},
) {
  const clock = new VirtualClock()
  const sockets: FakeSocket[] = []
  const stop = sharedAbort()
  const line = () => undefined
  const told: string[] = []
  const ways = serverLinks(server, {
    clock,
    random: seeded(1),
    log: { debug: line, info: line, warn: line, error: line },
    source: 'static',
    epochs: epochMemory(undefined, () => undefined),
    secret: new Uint8Array(32).fill(7),
    natPmp: 'auto',
    announcements: new Announcements(),
    ipv4: () => ipv4('192.0.0.2'),
    connect: () => {
      const socket = new FakeSocket(clock, client)
      sockets.push(socket)
      return Promise.resolve(socket)
    },
    events: {
      switched: line,
      lost: line,
      lostState: () => told.push('lostState'),
      returned: line,
      doubtful: () => told.push('doubtful'),
      mappingUpdate: line,
    },
  })
  const opened = await Promise.all(
    ways.links.map((open, index) => open({ heard: line, unreachable: line, inUse: () => inUse(index) })),
  )
  const outcomes = opened.map((link) => link?.map(wanted, stop.signal))
  await clock.advance(1)
  const requests = sockets.map(({ last }) => last)
  return { clock, giveUp: () => ways.stop(), links: opened, outcomes, requests, sockets, stop, told }
}

const nonceOf = ({ body }: Awaited<ReturnType<typeof firstRequests>>['requests'][number]) =>
  body.opcode === 'MAP' ? Buffer.from(body.map.nonce).toString('hex') : undefined

describe('RFC 7488: the addresses of one server', () => {
  it('S7488-3-7: have one nonce for a mapping, another server has another', async () => {
    const { requests } = await firstRequests([at('192.0.2.1'), at('192.0.2.2')])
    const [one, two] = requests.map(nonceOf)
    const [other] = (await firstRequests([at('192.0.2.2')])).requests.map(nonceOf)
    expect(one).toMatch(/^[0-9a-f]{24}$/)
    expect(two).toBe(one)
    expect(other).not.toBe(one)
  })

  it.each([
    { it: 'the only one that was opened', server: ['192.0.2.1'] },
    { it: 'another was tried in vain since', server: ['192.0.2.1', '192.0.2.2'] },
  ])('S7488-3-6: the one in use tells that the server lost its state: $it', async ({ server }) => {
    const inUse = (index: number) => index === 0
    const { clock, sockets, told } = await firstRequests(server.map(at), { inUse })
    const [first] = sockets
    if (!first) throw new Error('nothing was sent')
    first.deliver(answerTo(first.last, { epoch: 50_000 }))
    await clock.advance(60_000)
    first.deliver(answerTo(first.last, { epoch: 3 }))
    expect(told).toEqual(['lostState'])
  })
})

describe('a server that is given up', () => {
  /** How often a server that was young when it answered is asked for its age in an hour. */
  async function probes(act: (bench: Awaited<ReturnType<typeof firstRequests>>) => void): Promise<number> {
    const bench = await firstRequests([at('192.0.2.1')])
    const [socket] = bench.sockets
    if (!socket) throw new Error('nothing was sent')
    socket.deliver(answerTo(socket.last, { epoch: 10 }))
    act(bench)
    const before = socket.sent.length
    await bench.clock.advance(3_600_000)
    return socket.sent.slice(before).length
  }

  it('is asked for its age no more', async () => {
    expect(await probes(() => undefined)).toBeGreaterThan(0)
    expect(await probes(({ giveUp }) => giveUp())).toBe(0)
  })
})

describe('a server that is asked over IPv6', () => {
  it('S7488-5-1: gets the IPv4 address of the router as THIRD_PARTY, and what it grants stands', async () => {
    const bench = await firstRequests([at('2001:db8::1')], { client: ip('2001:db8::2') })
    const [request] = bench.requests
    const [socket] = bench.sockets
    if (!request || !socket) throw new Error('nothing was sent')
    expect(request.clientAddress).toBe('2001:db8::2')
    expect(request.options).toContainEqual({ option: 'THIRD_PARTY', internalAddress: '192.0.0.2' })
    expect(request.body).toMatchObject({ map: { externalAddress: '0.0.0.0' } })
    socket.deliver(answerTo(request))
    expect((await bench.outcomes[0])?.kind).toBe('granted')
    expect(bench.links[0]?.place).toEqual({
      server: '[2001:db8::1]:5351',
      client: '2001:db8::2',
      self: '192.0.0.2',
    })
  })

  it('S7488-5-1: a LAN host is named as ever', async () => {
    const bench = await firstRequests([at('2001:db8::1')], { client: ip('2001:db8::2') })
    const lan = { ...wanted, internalAddress: ipv4('192.168.1.10') }
    void bench.links[0]?.map(lan, bench.stop.signal)
    await bench.clock.advance(1)
    expect(bench.sockets[0]?.last.options).toContainEqual({
      option: 'THIRD_PARTY',
      internalAddress: '192.168.1.10',
    })
  })
})
