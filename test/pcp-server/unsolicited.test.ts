import { describe, expect, it } from 'vitest'
import { groupOf } from '../../src/pcp-server/unsolicited.ts'
import { at, Bench, CPE, decode, filter, mapRequest, PREFER_FAILURE, seen, TCP, thirdParty } from './bench.ts'

const TUPLE = { protocol: TCP, internalAddress: CPE.address, internalPort: 49152 }

describe('RFC 6887 §14.1.3: unsolicited ANNOUNCE', () => {
  it.each([
    ['192.0.2.1', '224.0.0.1'],
    ['2001:db8::1', 'ff02::1'],
  ])('a server on %s sends to %s port 5350', (listens, group) => {
    expect(groupOf(at(listens, 5351).address)).toEqual({ address: group, port: 5350 })
  })

  it('up to ten copies, at least 250 ms apart and twice as long each time, each with its own epoch', async () => {
    const bench = new Bench()
    await bench.clock.advance(500_000)
    bench.responder.restart()
    await bench.clock.advance(600)
    const sent = bench.responder.announcements(groupOf(CPE.address), 99)
    const told = sent.map((datagram) => ({ after: datagram.after, epoch: decode(datagram.bytes).epoch }))
    expect(told).toEqual([
      { after: 0, epoch: 0 },
      { after: 250, epoch: 0 },
      { after: 750, epoch: 1 },
      { after: 1750, epoch: 2 },
      { after: 3750, epoch: 4 },
      { after: 7750, epoch: 8 },
      { after: 15_750, epoch: 16 },
      { after: 31_750, epoch: 32 },
      { after: 63_750, epoch: 64 },
      { after: 127_750, epoch: 128 },
    ])
    expect(sent.every(({ to }) => to.address === '224.0.0.1' && to.port === 5350)).toBe(true)
  })

  it('says SUCCESS, with lifetime 0 and without payload', () => {
    const [sent] = new Bench().responder.announcements(CPE, 1)
    expect(sent?.bytes.length).toBe(24)
    expect(sent && decode(sent.bytes)).toMatchObject({ result: 0, lifetime: 0, body: { opcode: 'ANNOUNCE' } })
  })
})

describe('RFC 6887 §14.2: Mapping Update', () => {
  it('goes three times, 250 and 500 ms apart, to where the last request came from', async () => {
    const bench = new Bench()
    bench.map({})
    bench.ask(mapRequest({ options: [filter('192.0.2.1')] }), { ...CPE, port: 46000 })
    await bench.clock.advance(600_500)
    const sent = bench.responder.moveMapping(TUPLE, at('203.0.113.2', 9090))
    expect(sent.map((datagram) => datagram.after)).toEqual([0, 250, 750])
    expect(sent.map(({ bytes }) => decode(bytes).epoch)).toEqual([600, 600, 601])
    for (const { bytes, to } of sent) {
      expect(to).toEqual({ ...CPE, port: 46000 })
      expect(seen(decode(bytes))).toEqual({ result: 'SUCCESS', lifetime: 3000, external: '203.0.113.2:9090' })
      expect(decode(bytes).options).toEqual([filter('192.0.2.1')])
    }
  })

  it('is what later requests are answered with, and the old port is free', () => {
    const bench = new Bench()
    bench.map({})
    bench.responder.moveMapping(TUPLE, at('203.0.113.1', 9090))
    expect(bench.ports).toEqual([9090])
    expect(bench.map({}).external).toBe('203.0.113.1:9090')
    expect(bench.map({ internalPort: 2 }).external).toBe('203.0.113.1:8080')
  })

  it('carries THIRD_PARTY where the mapping is for one', () => {
    const bench = new Bench()
    bench.map({ options: [thirdParty('10.0.0.9')] })
    const tuple = { ...TUPLE, internalAddress: at('10.0.0.9', 0).address }
    const [sent] = bench.responder.moveMapping(tuple, at('203.0.113.1', 9090))
    expect(sent?.to).toEqual(CPE)
    expect(sent && decode(sent.bytes).options).toEqual([thirdParty('10.0.0.9')])
  })

  it('is CANNOT_PROVIDE_EXTERNAL where PREFER_FAILURE was asked for, and the mapping is gone', () => {
    const bench = new Bench()
    bench.map({ options: [PREFER_FAILURE] })
    const [sent, ...more] = bench.responder.moveMapping(TUPLE, at('203.0.113.1', 9090))
    expect(more).toHaveLength(2)
    expect(sent && seen(decode(sent.bytes))).toEqual({
      result: 'CANNOT_PROVIDE_EXTERNAL',
      lifetime: 1800,
      external: '203.0.113.1:8080',
    })
    expect(sent && decode(sent.bytes).options).toEqual([PREFER_FAILURE])
    expect(bench.ports).toEqual([])
  })

  it('is nothing where there is no mapping', () => {
    expect(new Bench().responder.moveMapping(TUPLE, at('203.0.113.1', 9090))).toEqual([])
  })

  it('wants a free port', () => {
    const bench = new Bench()
    bench.map({})
    bench.map({ internalPort: 2, externalPort: 9090 })
    expect(() => bench.responder.moveMapping(TUPLE, at('203.0.113.1', 9090))).toThrow('port 9090 is not free')
    expect(bench.ports).toEqual([8080, 9090])
  })
})
