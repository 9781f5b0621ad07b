import { describe, expect, it } from 'vitest'
import type { MapRequest } from '../../../src/core/ports.ts'
import { millis, port, seconds } from '../../../src/lib/units.ts'
import type { EpochReading } from '../../../src/pcp/epoch.ts'
import { NatPmpClient } from '../../../src/pcp/natpmp/client.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { isOver, wanted } from '../client-bench.ts'
import { FakeSocket, SERVER } from '../fake-wire.ts'
import { fromHex, ip, ipv4, toHex } from '../literals.ts'

// Octets as RFC 6886 §3 draws them: version, OP, result, epoch and the rest.

const ADDRESS_REPLY = '00 80 0000 00001000 cb007201'
const MAP_REPLY = '00 82 0000 00001000 c000 1f90 00000e10'
const DELETE_REPLY = '00 82 0000 00001000 c000 0000 00000000'

/** Of a PCP server that knows no NAT-PMP: version 2, UNSUPP_VERSION. */
const PCP_ALONE = `02 80 00 01 ${'00'.repeat(20)}`

const ASK_ADDRESS = '0000'
const ASK_MAP = '00020000c0001f9000000e10'
const ASK_DELETE = '00020000c000000000000000'

const bench = (known?: EpochReading) => {
  const clock = new VirtualClock(0)
  const socket = new FakeSocket(clock)
  const told: string[] = []
  const client = new NatPmpClient({
    socket,
    clock,
    known,
    read: () => undefined,
    heard: () => void told.push('heard'),
    lostState: () => void told.push('lost'),
    doubtful: () => void told.push('doubt'),
    unreachable: (why) => void told.push(why),
    outgrown: () => void told.push('outgrown'),
  })
  const stop = new AbortController()
  const map = (request: MapRequest = wanted, signal: AbortSignal = stop.signal) => client.map(request, signal)
  const unmap = (signal: AbortSignal = stop.signal) => client.unmap(wanted, signal)
  /** Comes in, and what it leads to happens. */
  const deliver = async (hex: string, from = SERVER) => {
    socket.deliver(fromHex(hex), from)
    await clock.advance(0)
  }
  const sent = () => socket.sent.map(({ packet }) => toHex(packet))
  /** A mapping that stands, so that the external address is known. */
  const mapped = async () => {
    const outcome = map()
    await clock.advance(0)
    await deliver(ADDRESS_REPLY)
    await deliver(MAP_REPLY)
    return await outcome
  }
  return { client, clock, deliver, map, mapped, sent, socket, stop, told, unmap }
}

describe('a mapping', () => {
  it('RFC 6886 §3.2, §3.3: address and port come from two answers, asked one after the other', async () => {
    const { mapped, sent } = bench()
    expect(await mapped()).toEqual({
      kind: 'granted',
      external: { address: ip('203.0.114.1'), port: 8080 },
      lifetime: 3600,
      sentAt: 0,
    })
    expect(sent()).toEqual([ASK_ADDRESS, ASK_MAP])
  })

  it('§3.2: the address is asked for once', async () => {
    const { clock, mapped, map, sent } = bench()
    await mapped()
    void map()
    await clock.advance(0)
    expect(sent()).toEqual([ASK_ADDRESS, ASK_MAP, ASK_MAP])
  })

  it('another port than the suggested is reported as it is, PREFER_FAILURE or not', async () => {
    const { clock, deliver, map, mapped } = bench()
    await mapped()
    const outcome = map({ ...wanted, preferFailure: true })
    await clock.advance(0)
    await deliver('00 82 0000 00001000 c000 2000 00000e10')
    expect(await outcome).toMatchObject({ kind: 'granted', external: { port: 0x2000 } })
  })

  it('§3.4: a delete names one port, and no external one', async () => {
    const { clock, deliver, sent, unmap } = bench()
    const outcome = unmap()
    await clock.advance(0)
    expect(sent()).toEqual([ASK_DELETE])
    await deliver(DELETE_REPLY)
    expect(await outcome).toEqual({ kind: 'deleted', lifetime: 0 })
  })

  it.each([
    ['for another host (THIRD_PARTY)', { ...wanted, internalAddress: ipv4('192.168.1.2') }],
    ['for some remote hosts (FILTER)', { ...wanted, remotePeers: [ipv4('192.0.2.1')] }],
  ])('%s is refused without a packet', async (_what, request) => {
    const { map, sent } = bench()
    expect(await map(request)).toMatchObject({ kind: 'refused', result: 'UNSUPP_OPTION' })
    expect(sent()).toEqual([])
  })

  it('for the own address, named, is none for another host', async () => {
    const { clock, map, sent } = bench()
    void map({ ...wanted, internalAddress: ipv4('100.64.0.2') })
    await clock.advance(0)
    expect(sent()).toEqual([ASK_ADDRESS])
  })
})

describe('RFC 6886 §3.5: results', () => {
  it.each([
    ['0001', 'UNSUPP_VERSION'],
    ['0002', 'NOT_AUTHORIZED'],
    ['0003', 'NETWORK_FAILURE'],
    ['0004', 'NO_RESOURCES'],
    ['0005', 'UNSUPP_OPCODE'],
    ['0102', 'UNKNOWN'],
  ])('%s to a mapping is %s', async (code, result) => {
    const { clock, deliver, map, mapped } = bench()
    await mapped()
    const outcome = map()
    await clock.advance(0)
    await deliver(`00 82 ${code} 00001000 c000 0000 00000000`)
    expect(await outcome).toMatchObject({ kind: 'refused', result })
  })

  it.each([
    ['0003, as §3.5 has it', '00 80 0003 00001000 00000000'],
    ['success and no address', '00 80 0000 00001000 00000000'],
  ])('a gateway without an external address, %s, is NETWORK_FAILURE', async (_what, reply) => {
    const { clock, deliver, map, sent } = bench()
    const outcome = map()
    await clock.advance(0)
    await deliver(reply)
    expect(await outcome).toMatchObject({ kind: 'refused', result: 'NETWORK_FAILURE' })
    expect(sent()).toEqual([ASK_ADDRESS])
  })
})

describe('what is no answer', () => {
  it.each([
    ['§3.2: of another address', MAP_REPLY, { ...SERVER, address: ip('100.64.0.9') }],
    ['of another port', MAP_REPLY, { ...SERVER, port: 5350 }],
    ['for another port', '00 82 0000 00001000 c001 1f90 00000e10', SERVER],
    ['for another protocol', '00 81 0000 00001000 c000 1f90 00000e10', SERVER],
    ['§3.4: of the delete before', DELETE_REPLY, SERVER],
    ['truncated', '00 82 0000 00001000 c000 1f90', SERVER],
    ['a request', ASK_MAP, SERVER],
    ['T11: another version from another address', PCP_ALONE, { ...SERVER, address: ip('100.64.0.9') }],
    ['T11: a version that is no refusal', PCP_ALONE.replace('01', '00'), SERVER],
  ])('%s', async (_what, reply, from) => {
    const { clock, deliver, map, mapped } = bench()
    await mapped()
    const outcome = map()
    await clock.advance(0)
    await deliver(reply, from)
    expect(await isOver(outcome)).toBe(false)
    await deliver(MAP_REPLY)
    expect(await outcome).toMatchObject({ kind: 'granted' })
  })

  it('T11: a refusal of version 0 ends the request, and says nothing to one that asked nothing', async () => {
    const { clock, deliver, map, told } = bench()
    await deliver(PCP_ALONE)
    expect(told).toEqual([])
    const outcome = map()
    await clock.advance(0)
    await deliver(PCP_ALONE)
    expect(await outcome).toEqual({ kind: 'refused', result: 'UNSUPP_VERSION', lifetime: 0 })
    expect(told).toEqual(['heard', 'outgrown'])
  })

  it('§3.4: a late grant does not answer a delete', async () => {
    const { clock, deliver, unmap } = bench()
    const outcome = unmap()
    await clock.advance(0)
    await deliver(MAP_REPLY)
    expect(await isOver(outcome)).toBe(false)
  })

  it('a stranger neither shows life nor tells an epoch', async () => {
    const { deliver, mapped, told } = bench()
    await mapped()
    const before = [...told]
    await deliver('00 80 0000 00000000 cb007201', { ...SERVER, address: ip('100.64.0.9') })
    expect(told).toEqual(before)
  })
})

describe('RFC 6886 §3.1: how requests are sent', () => {
  it('nine times, from 250 ms on twice as long each time, then silence', async () => {
    const { clock, socket, unmap } = bench()
    const outcome = unmap()
    await clock.advance(127_749)
    expect(socket.sentSince(0)).toEqual([0, 250, 750, 1750, 3750, 7750, 15_750, 31_750, 63_750])
    expect(await isOver(outcome)).toBe(false)
    await clock.advance(1)
    expect(await outcome).toEqual({ kind: 'silent' })
    expect(clock.pending).toBe(0)
  })

  it('one at a time: the next when the one before is answered', async () => {
    const { clock, deliver, map, mapped, sent } = bench()
    await mapped()
    const outcomes = [map(), map({ ...wanted, internalPort: port(0xc001) })]
    await clock.advance(100)
    expect(sent().slice(2)).toEqual([ASK_MAP])
    await deliver(MAP_REPLY)
    await deliver('00 82 0000 00001000 c001 1f90 00000e10')
    expect(await Promise.all(outcomes)).toMatchObject([{ kind: 'granted' }, { kind: 'granted' }])
  })

  it('a wait ends with its signal, though another request still has its turn', async () => {
    const { clock, deliver, map, mapped, sent, unmap } = bench()
    await mapped()
    const first = map()
    await clock.advance(0)
    const stop = new AbortController()
    const second = unmap(stop.signal)
    await clock.advance(100)
    stop.abort()
    expect(await second).toEqual({ kind: 'silent' })
    await deliver(MAP_REPLY)
    expect(await first).toMatchObject({ kind: 'granted' })
    await clock.advance(1000)
    expect(sent()).not.toContain(ASK_DELETE)
  })

  it('nothing is sent after the signal aborts', async () => {
    const { clock, sent, stop, unmap } = bench()
    const outcome = unmap()
    await clock.advance(100)
    stop.abort()
    expect(await outcome).toEqual({ kind: 'silent' })
    await clock.advance(10_000)
    expect(sent()).toEqual([ASK_DELETE])
    expect(clock.pending).toBe(0)
  })

  it('closing ends every wait with silence', async () => {
    const { client, clock, socket, map, unmap } = bench()
    const outcomes = [unmap(), map()]
    await clock.advance(100)
    client.close()
    expect(await Promise.all(outcomes)).toEqual([{ kind: 'silent' }, { kind: 'silent' }])
    expect(socket.closed).toBe(true)
    expect(clock.pending).toBe(0)
  })

  it('an ICMP error is told', () => {
    const { socket, told } = bench()
    socket.fail(new Error('ECONNREFUSED'))
    expect(told).toEqual(['ECONNREFUSED'])
  })

  it('no lifetime is longer than a day, which gateways take for a mistake', async () => {
    const { clock, map, mapped, sent } = bench()
    await mapped()
    void map({ ...wanted, lifetime: seconds(0xffffffff) })
    await clock.advance(0)
    expect(sent().at(-1)).toBe('00020000c0001f9000015180')
  })
})

describe('RFC 6886 §3.6: the epoch', () => {
  it.each([
    ['as long as ours', 0x1000 + 800, false],
    ['7/8 as fast as ours, and 2 s', 0x1000 + 698, false],
    ['a second slower still', 0x1000 + 697, true],
    ['from the start', 0, true],
  ])('800 s later %s (epoch %i): lost: %s', async (_what, epoch, lost) => {
    const { clock, deliver, mapped, told } = bench()
    await mapped()
    await clock.advance(800_000)
    await deliver(`00 80 0000 ${epoch.toString(16).padStart(8, '0')} cb007201`)
    expect(told.includes('lost')).toBe(lost)
  })

  it('what it said before this run is compared with its first reply', async () => {
    const { deliver, told } = bench({ server: 9000, client: millis(-60_000) })
    await deliver(ADDRESS_REPLY)
    expect(told).toContain('lost')
  })

  it('after a loss the external address is asked for anew', async () => {
    const { clock, deliver, map, mapped, sent } = bench()
    await mapped()
    await clock.advance(800_000)
    await deliver('00 82 0000 00000003 c000 1f90 00000e10')
    void map()
    await clock.advance(0)
    expect(sent().at(-1)).toBe(ASK_ADDRESS)
  })
})

describe('RFC 6886 §3.2.1: an announced address', () => {
  const ADDRESS = ipv4('203.0.114.1')

  it.each([
    ['the same, at the epoch that is due', { address: ADDRESS, epoch: 0x1000 + 800 }, false],
    ['the same, from the start', { address: ADDRESS, epoch: 0 }, true],
    ['another', { address: ipv4('203.0.114.2'), epoch: 0x1000 + 800 }, true],
  ])('%s', async (_what, announcement, doubtful) => {
    const { client, clock, mapped, told } = bench()
    await mapped()
    await clock.advance(800_000)
    client.announced(announcement)
    expect(told.slice(2)).toEqual(doubtful ? ['doubt'] : [])
  })

  it('is not believed: the gateway is asked, and its own epoch counts', async () => {
    const { client, clock, deliver, map, mapped, sent, told } = bench()
    await mapped()
    client.announced({ address: ipv4('203.0.114.9'), epoch: 0 })
    const outcome = map()
    await clock.advance(0)
    expect(sent().at(-1)).toBe(ASK_ADDRESS)
    await deliver(ADDRESS_REPLY)
    await deliver(MAP_REPLY)
    expect(await outcome).toMatchObject({ external: { address: ADDRESS } })
    expect(told).not.toContain('lost')
  })

  it('says nothing to a client that has not asked yet', () => {
    const { client, told } = bench()
    client.announced({ address: ADDRESS, epoch: 0 })
    expect(told).toEqual([])
  })
})
