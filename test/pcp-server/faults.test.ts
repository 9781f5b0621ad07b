import { describe, expect, it } from 'vitest'
import { millis, seconds } from '../../src/lib/units.ts'
import type { Faults } from '../../src/pcp-server/faults.ts'
import { encodeRequest } from '../../src/pcp/wire/packet.ts'
import { Bench, CPE, decode, filter, mapRequest, nonce, PREFER_FAILURE, thirdParty } from './bench.ts'

const octets = encodeRequest(mapRequest({}))

function faulty(faults: Partial<Faults>): Bench {
  const bench = new Bench()
  Object.assign(bench.responder.faults, faults)
  return bench
}

/** How many of 1000 requests are answered how often. */
function answersOf(bench: Bench): Record<number, number> {
  const counts: Record<number, number> = {}
  for (let i = 0; i < 1000; i += 1) {
    const { length } = bench.hear(octets)
    counts[length] = (counts[length] ?? 0) + 1
  }
  return counts
}

describe('faults on the way', () => {
  it.each([
    ['no fault', {}, 1000, 0],
    ['dropRequests 0.2', { dropRequests: 0.2 }, 800, 0],
    ['dropRequests 1', { dropRequests: 1 }, 0, 0],
    ['dropResponses 0.2', { dropResponses: 0.2 }, 800, 0],
    ['duplicateResponses 0.1', { duplicateResponses: 0.1 }, 900, 100],
    ['duplicateResponses 1', { duplicateResponses: 1 }, 0, 1000],
  ])('%s', (_name, faults, once, twice) => {
    const counts = answersOf(faulty(faults))
    expect(Math.abs((counts[1] ?? 0) - once)).toBeLessThan(50)
    expect(Math.abs((counts[2] ?? 0) - twice)).toBeLessThan(50)
  })

  it('a lost request does nothing, a lost response has done it', () => {
    const [deaf, mute] = [faulty({ dropRequests: 1 }), faulty({ dropResponses: 1 })]
    for (const bench of [deaf, mute]) bench.hear(octets)
    expect([deaf.ports, mute.ports]).toEqual([[], [8080]])
  })

  it('delay and jitter say when an answer leaves', () => {
    const { responder } = faulty({ delay: millis(500), jitter: millis(100), duplicateResponses: 1 })
    const waits = Array.from({ length: 50 }, () => responder.handle(octets, CPE))
      .flat()
      .map((sent) => sent.after)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(500)
    expect(Math.max(...waits)).toBeLessThan(600)
    expect(new Set(waits).size).toBe(100)
  })

  it.each([true, false])('otherPort %s: the datagram says where it is to leave from', (otherPort) => {
    const [sent] = faulty({ otherPort }).responder.handle(octets, CPE)
    expect(sent?.fromOtherPort).toBe(otherPort)
  })

  it('flipNonce: one bit of the nonce, and only in MAP (T5)', () => {
    const bench = faulty({ flipNonce: true })
    const [good = octets] = new Bench().hear(octets)
    expect(bench.hear(octets)).toEqual([good.with(24, 0)])
    const announce = encodeRequest({ ...mapRequest({}), lifetime: 0, body: { opcode: 'ANNOUNCE' } })
    expect(bench.hear(announce)).toEqual(new Bench().hear(announce))
  })
})

describe('faults in what is answered', () => {
  it('result: the next answers, then the server works again', () => {
    const bench = faulty({ result: { code: 8, lifetime: 45, times: 2 } })
    const answers = [1, 2, 3].map(() => bench.map({}))
    expect(answers.map(({ result, lifetime }) => [result, lifetime])).toEqual([
      ['NO_RESOURCES', 45],
      ['NO_RESOURCES', 45],
      ['SUCCESS', 3600],
    ])
  })

  it.each([0, 13, 24, 200, 255])(
    'result: code %d for all, a copy of the request and nothing done',
    (code) => {
      const bench = faulty({ result: { code, lifetime: 0, times: Infinity } })
      const request = mapRequest({ options: [PREFER_FAILURE] })
      for (let i = 0; i < 3; i += 1) {
        const { options, body, ...header } = bench.ask(request)
        expect({ options, body }).toEqual({ options: request.options, body: request.body })
        expect(header).toMatchObject({ result: code, lifetime: 0 })
      }
      expect(bench.ports).toEqual([])
    },
  )

  it('result: only for the requests that it is meant for (T20)', () => {
    const bench = faulty({
      result: { code: 8, lifetime: 30, times: 1, when: ({ lifetime }) => lifetime === 0 },
    })
    expect(bench.map({}).result).toBe('SUCCESS')
    expect(bench.delete().result).toBe('NO_RESOURCES')
    expect(bench.delete().result).toBe('SUCCESS')
  })

  it('ignorePreferFailure: another port is granted, and the option does not come back (T22)', () => {
    const bench = faulty({ ignorePreferFailure: true })
    expect(bench.map({ externalPort: 8080 }).external).toBe('203.0.113.1:8080')
    const preferring = mapRequest({ internalPort: 2, externalPort: 9090, options: [PREFER_FAILURE] })
    const { result, body, options } = bench.ask(preferring)
    expect(result).toBe(0)
    expect(body).toMatchObject({ map: { externalPort: 9091, nonce: nonce(1) } })
    expect(options).toEqual([])
  })

  it.each([
    ['THIRD_PARTY', thirdParty('10.0.0.9')],
    ['PREFER_FAILURE', PREFER_FAILURE],
    ['FILTER', filter('192.0.2.1')],
  ] as const)('refuseOptions: %s, while the others work (T23)', (name, option) => {
    const others = [thirdParty('10.0.0.9'), PREFER_FAILURE, filter('192.0.2.1')].filter(
      (other) => other.option !== name,
    )
    const bench = faulty({ refuseOptions: [name] })
    expect(bench.map({ options: [option] }).result).toBe('UNSUPP_OPTION')
    expect(bench.map({ options: others }).result).toBe('SUCCESS')
    bench.responder.faults.refuseOptions = []
    expect(bench.map({ internalPort: 2, externalPort: 2000, options: [option] }).result).toBe('SUCCESS')
  })

  it.each([0, 1, 0xffffffff])(
    'lifetime: %d is granted whatever is asked, and holds (T29)',
    async (lifetime) => {
      const bench = faulty({ lifetime: seconds(lifetime) })
      expect(bench.map({ lifetime: 3600 })).toMatchObject({ result: 'SUCCESS', lifetime })
      await bench.clock.advance(1000)
      expect(bench.ports).toEqual(lifetime > 1 ? [8080] : [])
    },
  )

  it('epoch: stands still in every message, and runs again (T13, T14)', async () => {
    const bench = faulty({ epoch: 7 })
    await bench.clock.advance(60_000)
    const [announcement] = bench.responder.announcements(CPE, 2).slice(1)
    expect(bench.ask(mapRequest({})).epoch).toBe(7)
    expect(announcement && decode(announcement.bytes).epoch).toBe(7)
    bench.responder.faults.epoch = undefined
    expect(bench.ask(mapRequest({})).epoch).toBe(60)
  })
})
