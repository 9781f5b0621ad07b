import { describe, expect, it } from 'vitest'
import { ANY_IPV6 } from '../../src/lib/ip.ts'
import { seconds } from '../../src/lib/units.ts'
import { ip } from '../pcp/literals.ts'
import {
  Bench,
  EXTERNAL,
  NEIGHBOUR,
  nonce,
  PREFER_FAILURE,
  TCP,
  thirdParty,
  UDP,
  unknownOption,
} from './bench.ts'

const NOBODY = '0.0.0.0:0'

describe('RFC 6887 §11.3: creating a mapping', () => {
  it('assigns the suggested port where it is free', () => {
    const bench = new Bench()
    expect(bench.map({ externalPort: 8080 })).toEqual({
      result: 'SUCCESS',
      lifetime: 3600,
      external: `${EXTERNAL}:8080`,
    })
    expect(bench.responder.mappings()).toMatchObject([
      { protocol: TCP, internalAddress: '100.64.0.2', internalPort: 49152, nonce: nonce(1) },
    ])
  })

  it.each([
    ['no preference', { externalPort: 0 }],
    ['a port that another client has', { externalPort: 8080 }],
    ['a reserved port', { externalPort: 5351, protocol: UDP }],
    ['a port outside the range', { externalPort: 80 }],
  ])('assigns some port of the range: %s', (_why, wish) => {
    const bench = new Bench({ ports: { first: 5350, last: 65535 } })
    bench.map({ externalPort: 8080, client: NEIGHBOUR.address })
    const { result } = bench.map(wish)
    expect(result).toBe('SUCCESS')
    const [mapping] = bench.responder
      .mappings()
      .filter(({ internalAddress }) => internalAddress === '100.64.0.2')
    expect(mapping?.external.port).toBeGreaterThan(5351)
    expect(mapping?.external.port).not.toBe(8080)
  })

  it('never harms a client for a foreign suggested address: the port is still honoured', () => {
    expect(new Bench().map({ externalAddress: ip('198.51.100.1') }).external).toBe(`${EXTERNAL}:8080`)
  })

  it('gives one external port to TCP and to UDP, and makes no mapping of the other protocol', () => {
    const bench = new Bench()
    bench.map({ protocol: TCP })
    expect(bench.ports).toEqual([8080])
    expect(bench.map({ protocol: UDP, client: NEIGHBOUR.address }).external).toBe(`${EXTERNAL}:8080`)
  })

  it('answers USER_EX_QUOTA for 30 s beyond the quota, and counts clients apart', () => {
    const bench = new Bench({ quota: 2 })
    bench.map({ internalPort: 1, externalPort: 0 })
    bench.map({ internalPort: 2, externalPort: 0 })
    expect(bench.map({ internalPort: 3 })).toMatchObject({ result: 'USER_EX_QUOTA', lifetime: 30 })
    expect(bench.map({ internalPort: 2, externalPort: 0 }).result).toBe('SUCCESS')
    expect(bench.map({ internalPort: 3, client: NEIGHBOUR.address }).result).toBe('SUCCESS')
    bench.delete({ internalPort: 1 })
    expect(bench.map({ internalPort: 3, externalPort: 0 }).result).toBe('SUCCESS')
  })

  it('counts mappings for third parties with the client that asks (§17.2)', () => {
    const bench = new Bench({ quota: 1 })
    bench.map({ options: [thirdParty('10.0.0.9')] })
    expect(bench.map({ options: [thirdParty('10.0.0.10')] }).result).toBe('USER_EX_QUOTA')
  })

  it('answers NO_RESOURCES for 30 s when no port is left, until one is given back', () => {
    const bench = new Bench({ ports: { first: 2000, last: 2001 } })
    bench.map({ internalPort: 1, externalPort: 0 })
    bench.map({ internalPort: 2, externalPort: 0 })
    expect(bench.ports).toEqual([2000, 2001])
    expect(bench.map({ internalPort: 3 })).toMatchObject({ result: 'NO_RESOURCES', lifetime: 30 })
    bench.delete({ internalPort: 1 })
    expect(bench.map({ internalPort: 3 }).result).toBe('SUCCESS')
  })

  it.each([
    ['protocol 132', { protocol: 132 }, 'UNSUPP_PROTOCOL'],
    ['all ports of TCP', { internalPort: 0 }, 'UNSUPP_PROTOCOL'],
    ['all protocols', { protocol: 0, internalPort: 0 }, 'UNSUPP_PROTOCOL'],
    ['a port of all protocols', { protocol: 0 }, 'MALFORMED_REQUEST'],
  ])('refuses %s with %s', (_what, wish, result) => {
    const bench = new Bench()
    expect(bench.map(wish)).toMatchObject({ result, lifetime: 1800 })
    expect(bench.ports).toEqual([])
  })
})

describe('RFC 6887 §11.3: a mapping that exists', () => {
  it('keeps its external pair whatever is suggested, and gets the new lifetime', () => {
    const bench = new Bench()
    bench.map({})
    expect(bench.map({ externalPort: 9090, lifetime: 7200 })).toEqual({
      result: 'SUCCESS',
      lifetime: 7200,
      external: `${EXTERNAL}:8080`,
    })
    expect(bench.ports).toEqual([8080])
  })

  it.each([
    ['renewal', 3600],
    ['delete', 0],
  ])('refuses a %s with another nonce for as long as it lives', async (_what, lifetime) => {
    const bench = new Bench()
    bench.map({ lifetime: 3600 })
    await bench.clock.advance(600_000)
    expect(bench.map({ nonce: nonce(2), lifetime })).toMatchObject({
      result: 'NOT_AUTHORIZED',
      lifetime: 3000,
    })
    expect(bench.ports).toEqual([8080])
  })

  it('checks the nonce before options that make no sense', () => {
    const bench = new Bench()
    bench.map({})
    const wish = { nonce: nonce(2), lifetime: 0, options: [PREFER_FAILURE] }
    expect(bench.map(wish).result).toBe('NOT_AUTHORIZED')
  })

  it('checks the protocol before the nonce, and unknown options before the protocol', () => {
    const bench = new Bench()
    bench.map({})
    expect(bench.map({ nonce: nonce(2), internalPort: 0 }).result).toBe('UNSUPP_PROTOCOL')
    expect(bench.map({ internalPort: 0, options: [unknownOption(60)] }).result).toBe('UNSUPP_OPTION')
  })
})

describe('RFC 6887 §15: lifetime', () => {
  it.each([
    [1, 120],
    [120, 120],
    [5000, 5000],
    [86_400, 86_400],
    [0xffffffff, 86_400],
  ])('asked for %d s it grants %d s', (asked, granted) => {
    expect(new Bench().map({ lifetime: asked }).lifetime).toBe(granted)
  })

  it('ends a mapping when its lifetime is over, and not before', async () => {
    const bench = new Bench()
    bench.map({ lifetime: 200 })
    await bench.clock.advance(199_999)
    expect(bench.ports).toEqual([8080])
    await bench.clock.advance(1)
    expect(bench.ports).toEqual([])
    expect(bench.clock.pending).toBe(0)
    expect(bench.map({ client: NEIGHBOUR.address }).external).toBe(`${EXTERNAL}:8080`)
  })

  it('counts from the last renewal, also where that shortens it', async () => {
    const bench = new Bench()
    bench.map({ lifetime: 200 })
    await bench.clock.advance(150_000)
    bench.map({ lifetime: 1000 })
    await bench.clock.advance(100_000)
    expect(bench.ports).toEqual([8080])
    bench.map({ lifetime: 120 })
    await bench.clock.advance(120_000)
    expect(bench.ports).toEqual([])
  })

  it('carries an infinite lifetime where the settings allow it', async () => {
    const bench = new Bench({ maxLifetime: seconds(0xffffffff) })
    expect(bench.map({ lifetime: 0xffffffff }).lifetime).toBe(0xffffffff)
    await bench.clock.advance(10 * 365 * 86_400_000)
    expect(bench.ports).toEqual([8080])
  })
})

describe('RFC 6887 §15.1: deleting', () => {
  it('answers with lifetime 0 and the zeros of the request, and frees the port', () => {
    const bench = new Bench()
    bench.map({})
    expect(bench.delete()).toEqual({ result: 'SUCCESS', lifetime: 0, external: NOBODY })
    expect(bench.ports).toEqual([])
    expect(bench.clock.pending).toBe(0)
  })

  it.each([
    ['a mapping that is not there', {}],
    ['one that was just deleted with the same request', { internalPort: 49153 }],
    ['all TCP mappings, of which there are none', { internalPort: 0 }],
    ['a DMZ host that never was', { protocol: 0, internalPort: 0, externalAddress: ANY_IPV6 }],
    ['a protocol that is never mapped', { protocol: 132 }],
  ])('answers SUCCESS for %s', (_what, wish) => {
    const bench = new Bench()
    bench.map({ internalPort: 49153, externalPort: 0 })
    bench.delete({ internalPort: 49153 })
    expect(bench.delete(wish)).toMatchObject({ result: 'SUCCESS', lifetime: 0 })
  })

  it('leaves the mapping of the same port of another client alone', () => {
    const bench = new Bench()
    bench.map({})
    bench.delete({ client: NEIGHBOUR.address })
    expect(bench.ports).toEqual([8080])
  })

  it('refuses a port of all protocols with MALFORMED_REQUEST', () => {
    expect(new Bench().delete({ protocol: 0 }).result).toBe('MALFORMED_REQUEST')
  })
})

describe('a full table', () => {
  it('holds a mapping on every port, and all of them go at a restart', () => {
    const bench = new Bench({ ports: { first: 2000, last: 2999 } })
    for (let internalPort = 1; internalPort <= 1000; internalPort += 1)
      bench.map({ internalPort, externalPort: 0 })
    expect(bench.ports).toEqual(Array.from({ length: 1000 }, (_, i) => 2000 + i))
    expect(bench.clock.pending).toBe(1000)
    bench.responder.restart()
    expect(bench.ports).toEqual([])
    expect(bench.clock.pending).toBe(0)
    expect(bench.map({ internalPort: 1, externalPort: 2500 }).external).toBe(`${EXTERNAL}:2500`)
  })
})
