import { describe, expect, it } from 'vitest'
import { port } from '../../src/lib/units.ts'
import { encodeResponse } from '../../src/pcp/wire/packet.ts'
import { seeded } from '../support/dice.ts'
import { ClientBench, grantOf, isOver, keen, named, once, wanted } from './client-bench.ts'
import { EXTERNAL, SERVER } from './fake-wire.ts'
import { fromHex, ip, ipv4, toHex } from './literals.ts'

describe('RFC 6887 §8.1.1: retransmission', () => {
  it('C-8.1.1-1: sends at 0, 3, 9, 21 s and so on, and has no end of its own', async () => {
    const bench = new ClientBench()
    const done = bench.map()
    await bench.clock.advance(2_557_000)
    const at = [0, 3, 9, 21, 45, 93, 189, 381, 765, 1533, 2557]
    expect(bench.socket.sentSince(bench.start)).toEqual(at.map((s) => s * 1000))
    expect(await isOver(done)).toBe(false)
  })

  it('C-8.1.1-3, T1: three packets lost, the fourth answered at 21 s: one mapping, identical octets', async () => {
    const bench = new ClientBench()
    const done = bench.map()
    await bench.clock.advance(21_000)
    bench.deliver()
    expect(await done).toEqual({ ...grantOf(), sentAt: bench.start + 21_000 })
    await bench.clock.advance(2_000_000)
    expect(bench.socket.sent).toHaveLength(4)
    expect(bench.socket.distinct).toHaveLength(1)
  })

  it('C-8.1.1-4: two clients are not in phase', async () => {
    const benches = [1, 2].map((seed) => new ClientBench({ random: seeded(seed) }))
    for (const bench of benches) {
      void bench.map()
      await bench.clock.advance(60_000)
    }
    const [a, b] = benches.map((bench) => bench.socket.sentSince(bench.start))
    expect(a).not.toEqual(b)
  })

  it('C-11.2.1-1: a renewal is one packet', async () => {
    const bench = new ClientBench()
    const done = bench.map(once)
    await bench.clock.advance(1_000_000)
    expect(bench.socket.sent).toHaveLength(1)
    bench.deliver()
    expect(await done).toEqual({ ...grantOf(), sentAt: bench.start })
  })

  it('§7.3: a success repeats the options that the server processed', async () => {
    const bench = new ClientBench()
    const done = bench.map({ ...keen, remotePeers: [ipv4('198.51.100.7')] })
    bench.deliver()
    expect(await done).toMatchObject({ kind: 'granted', processed: ['PREFER_FAILURE', 'FILTER'] })
  })

  it('leaves no timer behind', async () => {
    const bench = new ClientBench()
    const answered = bench.unmap()
    bench.deliver()
    await answered
    void bench.map()
    void bench.map(once)
    void bench.announce()
    bench.abort()
    await bench.clock.advance(0)
    expect(bench.clock.pending).toBe(0)
  })
})

describe('RFC 6887 §11.2: the nonce', () => {
  const nonceIn = (bench: ClientBench) => {
    const { body } = bench.socket.last
    return body.opcode === 'MAP' ? toHex(body.map.nonce) : undefined
  }

  it('R6970-5-1, C-11.2-1: one for create, renewal and delete', async () => {
    const bench = new ClientBench()
    const nonces = new Set<string | undefined>()
    await bench.granted()
    nonces.add(nonceIn(bench))
    void bench.map({ ...once, suggestedPort: port(9000), suggestedAddress: EXTERNAL })
    nonces.add(nonceIn(bench))
    void bench.unmap()
    nonces.add(nonceIn(bench))
    expect(nonces.size).toBe(1)
  })

  it.each([
    ['C-11.2-4: the next life of the mapping', { ...wanted, generation: 2 }],
    ['C-11.2-3: another protocol', { ...wanted, protocol: 'UDP' as const }],
    ['C-11.2-3: another port', { ...wanted, internalPort: port(49153) }],
    ['C-11.2-3: another host', { ...wanted, internalAddress: ipv4('192.168.1.2') }],
  ])('%s has another', (_name, other) => {
    const bench = new ClientBench()
    void bench.map()
    const first = nonceIn(bench)
    void bench.map(other)
    expect(nonceIn(bench)).not.toBe(first)
  })

  it('is that of the own address where the host named is the client itself', () => {
    const bench = new ClientBench()
    void bench.map()
    void bench.map({ ...wanted, internalAddress: ipv4('100.64.0.2') })
    expect(bench.socket.distinct).toHaveLength(1)
  })
})

it('C-7.1-2: the client address is the source of the socket', () => {
  const bench = new ClientBench({ client: ipv4('100.64.7.7') })
  void bench.map()
  expect(bench.socket.last.clientAddress).toBe('100.64.7.7')
})

describe('RFC 6887 §8.3: what is ignored', () => {
  const flipped = (packet: Uint8Array, at: number) => packet.map((octet, i) => (i === at ? octet ^ 1 : octet))
  const asPeer = (packet: Uint8Array) => {
    const bytes = new Uint8Array(80)
    bytes.set(packet)
    bytes.set(fromHex('02820000'))
    return bytes
  }

  it.each([
    ['T5: one bit of the nonce flipped', (p: Uint8Array) => flipped(p, 35), SERVER, 'unknown nonce'],
    ['C-8.3-2: a nonce never used', (p: Uint8Array) => p.fill(0xaa, 24, 36), SERVER, 'unknown nonce'],
    ['another protocol', (p: Uint8Array) => flipped(p, 36), SERVER, 'other mapping'],
    ['another internal port', (p: Uint8Array) => flipped(p, 41), SERVER, 'other mapping'],
    [
      'T6: another source address',
      (p: Uint8Array) => p,
      { ...SERVER, address: ip('100.64.0.9') },
      'foreign source',
    ],
    ['T6: port 5352', (p: Uint8Array) => p, { ...SERVER, port: 5352 }, 'foreign source'],
    ['T9: 61 octets', (p: Uint8Array) => Uint8Array.of(...p, 0), SERVER, 'malformed'],
    ['PEER', asPeer, SERVER, 'nobody asked'],
  ])('%s: dropped, counted, and retransmission goes on', async (_name, change, from, why) => {
    const bench = new ClientBench()
    const done = bench.map()
    bench.socket.deliver(change(bench.answer()), from)
    await bench.clock.advance(9_000)
    expect(await isOver(done)).toBe(false)
    expect(bench.socket.sent).toHaveLength(3)
    expect([...bench.client.dropped]).toEqual([[why, 1]])
    expect(bench.responses).toEqual([])
    bench.deliver()
    expect(await done).toMatchObject(grantOf())
  })

  it('C-8.3-2: a flood of strange nonces changes nothing and is only counted', async () => {
    const bench = new ClientBench()
    await bench.granted()
    const dice = seeded(3)
    for (let i = 0; i < 1000; i++) bench.deliver({ nonce: dice.bytes(12), externalPort: 1 })
    expect(bench.client.dropped.get('unknown nonce')).toBe(1000)
    expect(bench.updates).toEqual([])
    expect(bench.responses).toHaveLength(1)
  })

  it('T9: a truncated option costs only itself', async () => {
    const bench = new ClientBench()
    const done = bench.map()
    bench.socket.deliver(Uint8Array.of(...bench.answer(), 1, 0, 0, 64, 0, 0, 0, 0))
    expect(await done).toMatchObject(grantOf())
  })

  it('T10: an unknown option in the mandatory range is accepted', async () => {
    const bench = new ClientBench()
    const done = bench.map()
    bench.deliver({ options: [{ option: 'UNKNOWN', code: 60, data: new Uint8Array(5) }] })
    expect(await done).toMatchObject(grantOf())
  })
})

describe('RFC 6887 §11.4: outcomes of a request', () => {
  it.each([
    ['C-15-1: more than asked is accepted', { lifetime: 86_400 }, grantOf(8080, 86_400)],
    ['R6970-5.6.1-1: another port', { externalPort: 40_001 }, grantOf(40_001)],
    ['an error', { result: 10, lifetime: 30 }, { kind: 'refused', result: 'USER_EX_QUOTA', lifetime: 30 }],
    [
      'T21: without a lifetime',
      { result: 2, lifetime: 0 },
      { kind: 'refused', result: 'NOT_AUTHORIZED', lifetime: 0 },
    ],
    ['a code of RFC 7652', { result: 15 }, { kind: 'refused', result: 'AUTHENTICATION_REQUIRED' }],
    ['R6970-4.3-2: a code no registry has', { result: 200 }, { kind: 'refused', result: 'UNKNOWN' }],
  ])('%s', async (_name, fields, outcome) => {
    const bench = new ClientBench()
    const done = bench.map()
    bench.deliver(fields)
    expect(await done).toMatchObject(outcome)
  })

  it('R6970-4.1-11: a mapping for a LAN host is matched by THIRD_PARTY', async () => {
    const bench = new ClientBench()
    const done = bench.map({ ...wanted, internalAddress: ipv4('192.168.1.23') })
    bench.deliver({ options: [] })
    bench.deliver({ options: [{ option: 'THIRD_PARTY', internalAddress: ip('192.168.1.24') }] })
    expect(bench.client.dropped.get('other mapping')).toBe(2)
    bench.deliver()
    expect(await done).toMatchObject(grantOf())
  })

  it.each([
    ['T29: lifetime 0', { lifetime: 0 }],
    ['T29: port 0', { externalPort: 0 }],
    ['T29: address 0.0.0.0', { externalAddress: ip('0.0.0.0') }],
    ['T29: address ::', { externalAddress: ip('::') }],
  ])('C-x-1: SUCCESS with %s is no grant, and refuses only when it stands', async (_name, fields) => {
    const bench = new ClientBench()
    const done = bench.map()
    bench.deliver(fields)
    bench.deliver(fields)
    await bench.clock.advance(2_999)
    expect(await isOver(done)).toBe(false)
    await bench.clock.advance(1)
    bench.deliver(fields)
    expect(await done).toEqual({ kind: 'refused', result: 'UNKNOWN', lifetime: 4 })
  })

  it('C-x-1: the late answer to a delete does not end a request made after it', async () => {
    const bench = new ClientBench()
    void bench.unmap()
    const late = bench.answer()
    bench.abort()
    const done = bench.map(wanted, new AbortController().signal)
    bench.socket.deliver(late)
    expect(await isOver(done)).toBe(false)
    bench.deliver()
    expect(await done).toMatchObject(grantOf())
  })
})

describe('RFC 6887 §13.2: PREFER_FAILURE', () => {
  it('as asked: granted at once', async () => {
    const bench = new ClientBench()
    const done = bench.map(keen)
    bench.deliver()
    expect(await done).toMatchObject(grantOf())
  })

  it('CANNOT_PROVIDE_EXTERNAL: refused at once', async () => {
    const bench = new ClientBench()
    const done = bench.map(keen)
    bench.deliver({ result: 11, lifetime: 0 })
    expect(await done).toEqual({ kind: 'refused', result: 'CANNOT_PROVIDE_EXTERNAL', lifetime: 0 })
  })

  it('T22: another port for a new mapping is what the server gave, so it is reported at once', async () => {
    const bench = new ClientBench()
    const done = bench.map(keen)
    bench.deliver({ externalPort: 9000 })
    expect(await done).toMatchObject(grantOf(9000))
  })

  it.each([
    ['port', keen, { externalPort: 9000 }, { address: EXTERNAL, port: 9000 }],
    [
      'address',
      { ...keen, suggestedAddress: EXTERNAL },
      { externalAddress: ip('203.0.114.2') },
      { address: '203.0.114.2', port: 8080 },
    ],
  ])(
    'T22: another %s for one that stands counts when it comes again after a retransmission',
    async (_name, request, given, external) => {
      const bench = new ClientBench()
      await bench.granted(request)
      const done = bench.map(request)
      bench.deliver(given)
      bench.deliver(given)
      await bench.clock.advance(3_000)
      expect(await isOver(done)).toBe(false)
      expect(bench.socket.sent).toHaveLength(3)
      bench.deliver(given)
      expect(await done).toMatchObject({ kind: 'granted', external })
    },
  )

  it('E18: an address nobody suggested is not compared', async () => {
    const bench = new ClientBench()
    await bench.granted(keen)
    const done = bench.map(keen)
    bench.deliver({ externalAddress: ip('203.0.114.2') })
    expect(await done).toMatchObject({ kind: 'granted' })
  })

  it('T22: where only one packet is sent, the other port counts when the time for the answer is over', async () => {
    const bench = new ClientBench()
    await bench.granted(keen)
    const done = bench.map({ ...keen, sending: 'once' })
    bench.deliver({ externalPort: 9000 })
    await bench.clock.advance(2_999)
    expect(await isOver(done)).toBe(false)
    await bench.clock.advance(1)
    expect(await done).toMatchObject(grantOf(9000))
    expect(bench.socket.sent).toHaveLength(2)
  })

  it('T24: a Mapping Update that races the request is told, and not taken for its answer', async () => {
    const bench = new ClientBench()
    await bench.granted(keen)
    const done = bench.map(keen)
    for (const wait of [0, 250, 500]) {
      await bench.clock.advance(wait)
      bench.deliver({ externalPort: 9000 })
    }
    expect(await isOver(done)).toBe(false)
    expect(bench.updates).toEqual([[named, expect.objectContaining(grantOf(9000))]])
    bench.deliver({ result: 11, lifetime: 30 })
    expect(await done).toEqual({ kind: 'refused', result: 'CANNOT_PROVIDE_EXTERNAL', lifetime: 30 })
  })
})

describe('RFC 6887 §15.1: delete', () => {
  it.each([
    ['SUCCESS', {}, { kind: 'deleted', lifetime: 0 }],
    ['C-15.1-2: time that is left', { lifetime: 300 }, { kind: 'deleted', lifetime: 300 }],
    [
      'with the external address filled in, as miniupnpd has it',
      { externalAddress: EXTERNAL },
      { kind: 'deleted', lifetime: 0 },
    ],
    [
      'C-11.4-3: a mapping that miniupnpd does not have',
      { result: 8, lifetime: 30, externalAddress: EXTERNAL },
      { kind: 'deleted', lifetime: 0 },
    ],
    ['NO_RESOURCES', { result: 8, lifetime: 30 }, { kind: 'refused', result: 'NO_RESOURCES', lifetime: 30 }],
    [
      'NOT_AUTHORIZED',
      { result: 2, lifetime: 90 },
      { kind: 'refused', result: 'NOT_AUTHORIZED', lifetime: 90 },
    ],
  ])('%s', async (_name, fields, outcome) => {
    const bench = new ClientBench()
    await bench.granted()
    const done = bench.unmap()
    bench.deliver(fields)
    expect(await done).toEqual(outcome)
  })

  it('T2: is sent until it is answered, the same octets each time', async () => {
    const bench = new ClientBench()
    const done = bench.unmap()
    await bench.clock.advance(21_000)
    expect(bench.socket.sent).toHaveLength(4)
    expect(bench.socket.distinct).toHaveLength(1)
    bench.deliver()
    expect(await done).toEqual({ kind: 'deleted', lifetime: 0 })
  })

  it('T3: the late SUCCESS of the request before it is not its answer', async () => {
    const bench = new ClientBench()
    void bench.map()
    const late = bench.answer()
    bench.abort()
    const done = bench.unmap(wanted, new AbortController().signal)
    bench.socket.deliver(late)
    expect(await isOver(done)).toBe(false)
    await bench.clock.advance(3_000)
    expect(bench.socket.sent).toHaveLength(3)
    bench.deliver()
    expect(await done).toEqual({ kind: 'deleted', lifetime: 0 })
  })

  it('T29: a server that keeps naming the port still ends the delete', async () => {
    const bench = new ClientBench()
    const done = bench.unmap()
    bench.deliver({ lifetime: 300, externalPort: 8080 })
    await bench.clock.advance(3_000)
    bench.deliver({ lifetime: 300, externalPort: 8080 })
    expect(await done).toEqual({ kind: 'deleted', lifetime: 300 })
  })
})

describe('several requests at once', () => {
  it('identical ones are all answered by one response, with the time of the newest send', async () => {
    const bench = new ClientBench()
    const first = bench.map()
    await bench.clock.advance(1_000)
    const second = bench.map()
    bench.deliver()
    expect(await first).toEqual({ ...grantOf(), sentAt: bench.start })
    expect(await second).toEqual({ ...grantOf(), sentAt: bench.start + 1_000 })
    expect(bench.responses).toEqual([expect.objectContaining({ sentAt: bench.start + 1_000 })])
  })

  it('one that is aborted leaves the others waiting', async () => {
    const bench = new ClientBench()
    const stop = new AbortController()
    const first = bench.map(wanted, stop.signal)
    const second = bench.map()
    stop.abort()
    expect(await first).toEqual({ kind: 'silent' })
    bench.deliver()
    expect(await second).toMatchObject(grantOf())
  })

  it('T4: three copies of an answer and an older one after it: one outcome, no update', async () => {
    const bench = new ClientBench()
    const older = bench.map(once)
    const late = bench.answer({ lifetime: 200, epoch: 999 })
    await bench.clock.advance(5_000)
    const newer = bench.map(once)
    for (let copy = 0; copy < 3; copy++) bench.deliver()
    bench.socket.deliver(late)
    expect(await newer).toEqual({ ...grantOf(), sentAt: bench.start + 5_000 })
    expect(await older).toMatchObject(grantOf())
    bench.socket.deliver(late)
    bench.deliver()
    expect(bench.updates).toEqual([])
  })

  it('each mapping gets its own answer, in any order', async () => {
    const bench = new ClientBench()
    const ports = Array.from({ length: 200 }, (_, i) => port(50_000 + i))
    const answers: Uint8Array[] = []
    const all = ports.map((internalPort) => {
      const done = bench.map({ ...wanted, internalPort })
      answers.push(bench.answer({ externalPort: internalPort - 10_000 }))
      return done
    })
    for (const answer of answers.reverse()) bench.socket.deliver(answer)
    expect(
      (await Promise.all(all)).map((outcome) => outcome.kind === 'granted' && outcome.external.port),
    ).toEqual(ports.map((n) => n - 10_000))
  })
})

describe('waits', () => {
  const asks = [
    ['map', (bench: ClientBench, signal: AbortSignal) => bench.map(wanted, signal)],
    ['map once', (bench: ClientBench, signal: AbortSignal) => bench.map(once, signal)],
    ['unmap', (bench: ClientBench, signal: AbortSignal) => bench.unmap(wanted, signal)],
    ['announce', (bench: ClientBench, signal: AbortSignal) => bench.announce(signal)],
  ] as const

  it.each(asks)('%s: silent when aborted, and nothing is sent any more', async (_name, ask) => {
    const bench = new ClientBench()
    const stop = new AbortController()
    const done = ask(bench, stop.signal)
    await bench.clock.advance(1_000)
    stop.abort()
    expect(await done).toEqual({ kind: 'silent' })
    await bench.clock.advance(100_000)
    expect(bench.socket.sent).toHaveLength(1)
  })

  it.each(asks)(
    '%s: silent at once, and nothing sent, where the signal is aborted already',
    async (_name, ask) => {
      const bench = new ClientBench()
      expect(await ask(bench, AbortSignal.abort())).toEqual({ kind: 'silent' })
      expect(bench.socket.sent).toEqual([])
    },
  )

  it.each(asks)('%s: silent when the client closes, and afterwards', async (_name, ask) => {
    const bench = new ClientBench()
    const done = ask(bench, new AbortController().signal)
    bench.client.close()
    expect(await done).toEqual({ kind: 'silent' })
    expect(await ask(bench, new AbortController().signal)).toEqual({ kind: 'silent' })
    expect(bench.socket.closed).toBe(true)
    expect(bench.socket.sent).toHaveLength(1)
    expect(bench.clock.pending).toBe(0)
  })

  it('closing forgets what stands', async () => {
    const bench = new ClientBench()
    await bench.granted()
    bench.client.close()
    expect(bench.clock.pending).toBe(0)
  })
})

describe('RFC 6887 §14.1.2: ANNOUNCE as a probe', () => {
  const announced = (epoch: number, result = 0) =>
    encodeResponse({
      result,
      lifetime: 0,
      epoch,
      body: { opcode: 'ANNOUNCE' },
      options: [],
      truncated: false,
    })

  it('C-14.1-5: gives the epoch', async () => {
    const bench = new ClientBench()
    const done = [bench.announce(), bench.announce()]
    await bench.clock.advance(3_000)
    bench.socket.deliver(announced(77))
    for (const probe of done) expect(await probe).toEqual({ kind: 'alive', epoch: 77, result: 'SUCCESS' })
    const [receivedAt, sentAt] = [bench.start + 3_000, bench.start + 3_000]
    expect(bench.responses).toEqual([{ opcode: 'ANNOUNCE', epoch: 77, receivedAt, sentAt }])
  })

  it('a server that refuses is alive', async () => {
    const bench = new ClientBench()
    const done = bench.announce()
    bench.socket.deliver(announced(5, 12))
    expect(await done).toEqual({ kind: 'alive', epoch: 5, result: 'ADDRESS_MISMATCH' })
  })

  it('C-14.1-2: one that nobody asked for is told, and answers nothing', async () => {
    const bench = new ClientBench()
    const done = bench.map()
    bench.socket.deliver(announced(0))
    expect(bench.responses).toEqual([
      { opcode: 'ANNOUNCE', epoch: 0, receivedAt: bench.start, sentAt: undefined },
    ])
    expect(await isOver(done)).toBe(false)
  })
})

describe('RFC 6887 §8.3, §14.2: what the server says unasked', () => {
  it('C-14.2-1: a Mapping Update, three copies, is told once', async () => {
    const bench = new ClientBench()
    await bench.granted()
    for (const wait of [1000, 250, 500]) {
      await bench.clock.advance(wait)
      bench.deliver({ externalPort: 9000, lifetime: 300 })
    }
    const update = { ...grantOf(9000, 300), sentAt: bench.start + 1000 }
    expect(bench.updates).toEqual([[named, update]])
    expect(bench.responses.map(({ sentAt }) => sentAt)).toEqual([
      bench.start,
      undefined,
      undefined,
      undefined,
    ])
  })

  it('C-8-2: SUCCESS, then NOT_AUTHORIZED 5 s later, then SUCCESS again', async () => {
    const bench = new ClientBench()
    await bench.granted()
    await bench.clock.advance(5_000)
    bench.deliver({ result: 2, lifetime: 1800 })
    bench.deliver({ result: 2, lifetime: 1799 })
    bench.deliver()
    expect(bench.updates.map(([, outcome]) => outcome)).toEqual([
      { kind: 'refused', result: 'NOT_AUTHORIZED', lifetime: 1800 },
      expect.objectContaining(grantOf()),
    ])
  })

  it('C-8.3-1: answers to retransmissions change nothing', async () => {
    const bench = new ClientBench()
    await bench.granted()
    bench.deliver({ epoch: 1001, lifetime: 119 })
    expect(bench.updates).toEqual([])
    expect(bench.responses).toHaveLength(2)
  })

  it.each([
    ['never asked for', () => undefined],
    ['deleted', (bench: ClientBench) => deleted(bench)],
    ['past its lifetime', (bench: ClientBench) => bench.clock.advance(120_000)],
  ])('C-8.3-2: a mapping %s is unknown', async (name, lose) => {
    const bench = new ClientBench()
    if (name === 'never asked for') void bench.map()
    else await bench.granted()
    const update = bench.answer({ externalPort: 9000 })
    bench.abort()
    await lose(bench)
    await bench.clock.advance(0)
    bench.socket.deliver(update)
    expect(bench.updates).toEqual([])
    expect([...bench.client.dropped]).toEqual([['unknown nonce', 1]])
  })

  const deleted = async (bench: ClientBench) => {
    const done = bench.unmap(wanted, new AbortController().signal)
    bench.deliver()
    await done
  }

  it('a renewal keeps it known for the new lifetime', async () => {
    const bench = new ClientBench()
    await bench.granted()
    await bench.clock.advance(100_000)
    await bench.granted(once)
    await bench.clock.advance(119_000)
    bench.deliver({ externalPort: 9000 })
    expect(bench.updates).toHaveLength(1)
  })
})

describe('RFC 6887 §9: a server without version 2', () => {
  it.each([
    ['T11: NAT-PMP with OP 0', '00000001 00000e10', 0, 1800],
    ['T11: NAT-PMP with OP 128+1', '00810001 00000e10', 0, 1800],
    ['version 1', '01810001 0000000a', 1, 10],
  ])('%s refuses all that waits', async (_name, hex, version, lifetime) => {
    const bench = new ClientBench()
    const waits = [bench.map(), bench.unmap(), bench.announce()]
    bench.socket.deliver(fromHex(hex))
    for (const wait of waits)
      expect(await wait).toEqual({ kind: 'refused', result: 'UNSUPP_VERSION', lifetime })
    expect(bench.versions).toEqual([version])
  })

  it('T12: is not believed of a server that spoke version 2 before', async () => {
    const bench = new ClientBench()
    await bench.granted()
    const done = bench.map(once)
    for (let copy = 0; copy < 5; copy++) bench.socket.deliver(fromHex('00000001 00000e10'))
    expect(await isOver(done)).toBe(false)
    expect(bench.versions).toEqual([])
    expect([...bench.client.dropped]).toEqual([['version 2 worked before', 5]])
  })

  it('is dropped where nothing waits', () => {
    const bench = new ClientBench()
    bench.socket.deliver(fromHex('00000001 00000e10'))
    expect(bench.versions).toEqual([])
    expect([...bench.client.dropped]).toEqual([['nobody asked', 1]])
  })
})

it('T8: an ICMP error is told at once and ends nothing', async () => {
  const bench = new ClientBench()
  const done = bench.map()
  const refused = new Error('ECONNREFUSED')
  bench.socket.fail(refused)
  expect(bench.errors).toEqual([refused])
  await bench.clock.advance(3_000)
  expect(bench.socket.sent).toHaveLength(2)
  bench.deliver()
  expect(await done).toMatchObject(grantOf())
})
