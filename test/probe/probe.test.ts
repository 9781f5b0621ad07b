import { describe, expect, it } from 'vitest'
import { parseArguments } from '../../src/commands/arguments.ts'
import { FLAG_OPTIONS, readFlags } from '../../src/pcp-server/flags.ts'
import type { Endpoint, PcpSocket } from '../../src/pcp/socket.ts'
import { probe, type ProbeWorld } from '../../src/probe/probe.ts'
import { fixedDice, seeded } from '../support/dice.ts'
import { ip } from '../support/fake-carrier.ts'
import { MemoryCarrier, SERVER } from '../support/memory-carrier.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

/** A probe of the embedded server, which does what these flags of its command line say. */
function start(flags: readonly string[], world: Partial<ProbeWorld> = {}) {
  const { values } = parseArguments({ args: [...flags], options: FLAG_OPTIONS })
  const options = readFlags(values)
  if (!options.ok) throw new Error(options.why)
  const clock = new VirtualClock()
  const carrier = new MemoryCarrier(clock, seeded(7), options.value.settings)
  Object.assign(carrier.responder.faults, options.value.faults)
  const stop = new AbortController()
  const usual: ProbeWorld = {
    clock,
    random: fixedDice(),
    connect: carrier.connect,
    natPmp: 'auto',
    nat: 'nftables',
    ipv4: () => undefined,
    say: () => undefined,
  }
  const before = clock.now()
  const running = probe({ server: SERVER, source: 'static' }, { ...usual, ...world }, stop.signal)
  return {
    carrier,
    clock,
    stop,
    /** What it found, in how many seconds, and what is still mapped. */
    found: async () => {
      const report = await clock.answered(running, 60_000)
      return { report, took: (clock.now() - before) / 1000, mapped: carrier.responder.mappings() }
    },
  }
}

const ABLE = {
  PREFER_FAILURE: { verdict: 'supported' },
  FILTER: { verdict: 'accepted' },
  THIRD_PARTY: { verdict: 'allowed' },
  DESCRIPTION: { verdict: 'ignored' },
}

describe('igd-pcp probe, of the embedded server', () => {
  it('tells all of a server that can do everything, and leaves nothing there', async () => {
    const { mapped, report } = await start([]).found()
    expect(report).toEqual({
      version: 1,
      server: '100.64.0.1:5351',
      source: 'static',
      works: true,
      reachable: true,
      protocol: 'PCP',
      protocolVersion: 2,
      epoch: 0,
      externalAddress: '203.0.113.1',
      lifetime: { least: 120, most: 86_400 },
      options: ABLE,
      left: [],
    })
    expect(mapped).toEqual([])
  })

  it.each([
    [['--no-prefer-failure'], { PREFER_FAILURE: { verdict: 'not supported' } }],
    [['--ignore-prefer-failure'], { PREFER_FAILURE: { verdict: 'ignored' } }],
    [['--no-filter'], { FILTER: { verdict: 'not supported' } }],
    [['--no-third-party'], { THIRD_PARTY: { verdict: 'not allowed', result: 'UNSUPP_OPTION' } }],
    [['--quota', '1'], {}],
  ])('%j: what it lacks, and works all the same', async (flags, lacks) => {
    const { mapped, report } = await start(flags).found()
    expect(report).toMatchObject({ works: true, options: { ...ABLE, ...lacks }, left: [] })
    expect(mapped).toEqual([])
  })

  it.each([
    [[], true],
    [['--no-third-party'], false],
    [['--natpmp-only'], false],
  ])(
    'R6970-5.4-1: %j: without NAT in the router every mapping takes THIRD_PARTY: works %s',
    async (flags, works) => {
      const { mapped, report } = await start(flags, { nat: 'none' }).found()
      expect(report).toMatchObject({ works, reachable: true, left: [] })
      expect(report.trouble ?? '').toContain(works ? '' : 'nat.mode')
      expect(mapped).toEqual([])
    },
  )

  it.each([
    [['--max-lifetime', '600'], { least: 120, most: 600 }],
    [['--min-lifetime', '7200'], { least: 7200, most: 86_400 }],
    [['--lifetime', '30'], { least: 30, most: 30 }],
    [['--min-lifetime', '1', '--max-lifetime', '4294967295'], { least: 1, most: 4_294_967_295 }],
  ])('%j: the limits of the lifetime', async (flags, lifetime) => {
    expect((await start(flags).found()).report).toMatchObject({ works: true, lifetime })
  })

  it.each([
    ['NO_RESOURCES', 'no ports or memory left (NO_RESOURCES)'],
    ['ADDRESS_MISMATCH', 'another NAT is in between'],
    ['NOT_AUTHORIZED', 'allows us no mappings (NOT_AUTHORIZED)'],
    ['USER_EX_QUOTA', 'in use (USER_EX_QUOTA)'],
    ['UNSUPP_OPTION', 'THIRD_PARTY'],
    ['UNSUPP_OPCODE', 'refuses mappings (UNSUPP_OPCODE)'],
  ])('%s for an answer: reachable, but port mapping will not work', async (result, trouble) => {
    const { report } = await start(['--result', result]).found()
    expect(report).toMatchObject({ reachable: true, protocol: 'PCP', epoch: 0, works: false, left: [] })
    expect(report.trouble).toContain(trouble)
    expect(report.externalAddress).toBeUndefined()
  })

  it.each(['100.70.0.1', '192.168.1.9'])('maps to %s: another NAT is behind it', async (address) => {
    const { mapped, report } = await start(['--external', address]).found()
    expect(report).toMatchObject({ works: false, externalAddress: address, options: ABLE })
    expect(report.trouble).toContain('another NAT behind the server')
    expect(mapped).toEqual([])
  })

  it('loses every fourth packet: the truth takes longer', async () => {
    const { mapped, report } = await start(['--drop-requests', '0.2', '--drop-responses', '0.1']).found()
    expect(report).toMatchObject({ works: true, options: ABLE, left: [] })
    expect(mapped).toEqual([])
  })
})

describe('igd-pcp probe, of a server that speaks NAT-PMP alone', () => {
  it('tells what that can do, and leaves nothing there', async () => {
    const { mapped, report } = await start(['--natpmp-only', '--epoch', '77']).found()
    expect(report).toMatchObject({
      works: true,
      reachable: true,
      protocol: 'NAT-PMP',
      protocolVersion: 0,
      epoch: 77,
      externalAddress: '203.0.113.1',
      lifetime: { least: 120, most: 86_400 },
      options: { PREFER_FAILURE: { verdict: 'not supported' }, THIRD_PARTY: { verdict: 'not supported' } },
      left: [],
    })
    expect(mapped).toEqual([])
  })

  it('pcp.natpmp = "off": the daemon would not use it', async () => {
    const { report } = await start(['--natpmp-only'], { natPmp: 'off' }).found()
    expect(report).toMatchObject({ works: false, reachable: true, protocol: 'NAT-PMP' })
    expect(report.trouble).toContain('pcp.natpmp')
  })
})

describe('igd-pcp probe, of nobody', () => {
  it('silence: known in 12 seconds', async () => {
    const { report, took } = await start(['--drop-requests', '1']).found()
    expect(report).toMatchObject({ works: false, reachable: false })
    expect(report.trouble).toContain('no answer')
    expect(took).toBeLessThanOrEqual(12.1)
  })

  it('no route: known at once', async () => {
    const error = Object.assign(new Error('connect ENETUNREACH'), { code: 'ENETUNREACH' })
    const { report, took } = await start([], { connect: () => Promise.reject(error) }).found()
    expect(report).toMatchObject({ works: false, reachable: false, trouble: 'there is no route to it' })
    expect(took).toBeLessThan(0.1)
  })

  it('an ICMP error: nothing listens there, known at once', async () => {
    const connect = async (server: Endpoint): Promise<PcpSocket> => {
      let fail: (error: Error) => void = () => undefined
      return await Promise.resolve({
        server,
        local: { address: ip('100.64.0.2'), port: 40_000 },
        send: () => fail(Object.assign(new Error('recv'), { code: 'ECONNREFUSED' })),
        onMessage: () => undefined,
        onError: (listener) => {
          fail = listener
        },
        close: () => undefined,
      })
    }
    const probing = start([], { connect })
    const { report, took } = await probing.found()
    expect(report).toMatchObject({
      works: false,
      reachable: false,
      trouble: 'nothing listens there',
      left: [],
    })
    expect(took).toBeLessThan(0.1)
  })
})

describe('igd-pcp probe, cut short', () => {
  it('stopped in the middle: what was mapped is deleted', async () => {
    const probing = start(['--delay', '500'])
    await probing.clock.advance(1600)
    expect(probing.carrier.responder.mappings()).toHaveLength(1)
    probing.stop.abort()
    const { mapped, report } = await probing.found()
    expect(report).toMatchObject({ works: false, trouble: 'the probe was stopped before its end', left: [] })
    expect(mapped).toEqual([])
  })

  it('stopped before an answer to the first mapping: that is deleted too', async () => {
    const probing = start(['--delay', '500'])
    await probing.clock.advance(600)
    expect(probing.carrier.responder.mappings()).toHaveLength(1)
    probing.stop.abort()
    expect((await probing.found()).mapped).toEqual([])
  })

  it('stopped while a refusal is on its way: that is no answer to the delete', async () => {
    const probing = start(['--delay', '500'])
    await probing.clock.advance(2100)
    probing.stop.abort()
    const { mapped, report } = await probing.found()
    expect({ left: report.left, mapped }).toEqual({ left: [], mapped: [] })
  })

  it('the server falls silent: says what may be left of it', async () => {
    const probing = start(['--delay', '500'])
    await probing.clock.advance(1600)
    probing.carrier.responder.faults.dropRequests = 1
    const { mapped, report } = await probing.found()
    expect(report.options).toMatchObject({
      FILTER: { verdict: 'unknown' },
      DESCRIPTION: { verdict: 'unknown' },
    })
    expect(mapped).toHaveLength(1)
    const [port = 0] = mapped.map(({ internalPort }) => internalPort)
    expect(report.left).toEqual([port, port + 1]) // the answer to the second may have been lost
    expect(report).toMatchObject({ works: false, trouble: 'it fell silent in the middle; ask again' })
  })
})

it('a third party is asked for that is no other subscriber', async () => {
  const probing = start([])
  const asked: unknown[] = []
  const { responder } = probing.carrier
  responder.faults.result = {
    code: 0,
    lifetime: 0,
    times: 100,
    when: ({ options }) => {
      asked.push(...options.flatMap((one) => (one.option === 'THIRD_PARTY' ? one.internalAddress : [])))
      return false
    },
  }
  await probing.found()
  expect(new Set(asked)).toEqual(new Set([ip('192.168.1.2')]))
})
