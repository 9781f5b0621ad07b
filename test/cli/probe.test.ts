import { describe, expect, it, onTestFinished } from 'vitest'
import { COMMANDS } from '../../src/commands/commands.ts'
import { dispatch } from '../../src/commands/dispatch.ts'
import { probeText } from '../../src/commands/probe-text.ts'
import { random } from '../../src/commands/random.ts'
import { bootTime } from '../../src/lib/boot-time.ts'
import { Deadlines } from '../../src/lib/deadlines.ts'
import { Responder } from '../../src/pcp-server/responder.ts'
import { PcpServer } from '../../src/pcp-server/server.ts'
import { DEFAULT_SETTINGS, type Settings } from '../../src/pcp-server/settings.ts'
import type { ProbeReport } from '../../src/probe/report.ts'
import { ip } from '../pcp/literals.ts'
import { FakeIo } from '../support/fake-io.ts'

async function probe(argv: readonly string[], environment: Record<string, string> = {}) {
  const io = new FakeIo(environment)
  return { code: await dispatch(COMMANDS, ['probe', ...argv], io), out: io.stdout, err: io.stderr }
}

/** A server on loopback, by where it listens. */
async function served(settings: Partial<Settings> = {}): Promise<string> {
  const clock = new Deadlines(bootTime())
  const quiet = { debug: ignore, info: ignore, warn: ignore, error: ignore }
  const responder = new Responder({ ...DEFAULT_SETTINGS, ...settings }, { clock, random, log: quiet })
  const server = new PcpServer(responder, { clock, log: quiet })
  const { address, port } = await server.start({ address: ip('127.0.0.1'), port: 0 })
  onTestFinished(() => server.stop())
  return `${address}:${port}`
}

const ignore = (): void => undefined

describe('igd-pcp probe', () => {
  it.each([
    [['router.example'], 'SERVER must be an address'],
    [['999.1.1.1'], 'SERVER must be an address'],
    [['192.0.2.1', '192.0.2.2'], 'give one SERVER'],
    [['--pcp-server', '192.0.2.1:0'], 'SERVER must be an address'],
    [['--lan', 'lo'], "Unknown option '--lan'"],
  ])('%j: one line, exit 2', async (argv, why) => {
    const { code, err, out } = await probe(argv)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^igd-pcp probe: [^\n]+\n$/)
    expect(err).toContain(why)
  })

  it('a configuration file that is not there: exit 2', async () => {
    const { code, err } = await probe(['--config', '/nowhere/igd-pcp.toml'])
    expect(code).toBe(2)
    expect(err).toContain('/nowhere/igd-pcp.toml')
  })

  it.each([[['--wan', 'nosuchwan']], [['192.0.2.1', '--wan', 'nosuchwan']]])(
    '%j: a WAN that is not there, exit 2',
    async (argv) => {
      const { code, err, out } = await probe(argv)
      expect({ code, err, out }).toEqual({
        code: 2,
        err: 'igd-pcp probe: there is no interface nosuchwan; see "ip link" for their names\n',
        out: '',
      })
    },
  )

  it('neither SERVER nor WAN: says how to name it', async () => {
    const { code, err } = await probe([])
    expect(code).toBe(2)
    expect(err).toContain('--wan')
    expect(err).not.toContain('--lan')
  })

  it('without SERVER the one of the configuration is asked, whatever sets it', async () => {
    const server = await served()
    const { code, out } = await probe(['--wan', 'lo', '--json'], { IGD_PCP_PCP_SERVERS: server })
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ version: 1, server, source: 'static', works: true })
  })

  it('no server to be found: says so, exit 1', async () => {
    const { code, err, out } = await probe(['--wan', 'lo'])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain('no PCP server is known')
  })

  it('a closed port, and then a server that works: the next is asked, as the daemon does', async () => {
    const server = await served({ supported: new Set(['PREFER_FAILURE', 'THIRD_PARTY']) })
    const { code, err, out } = await probe(['127.0.0.1:9', '--pcp-server', server])
    expect(code).toBe(0)
    expect(err).toContain('127.0.0.1:9: nothing listens there; trying the next\n')
    expect(out).toMatch(/ {2}FILTER {2,}not supported\n/)
    expect(out).toMatch(/\nPort mapping will work\.\n$/)
  })

  it('a closed port alone: exit 1', async () => {
    const { code, out } = await probe(['127.0.0.1:9', '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      works: false,
      reachable: false,
      trouble: 'nothing listens there',
    })
  })
})

describe('the report of a probe', () => {
  const report: ProbeReport = {
    version: 1,
    server: '100.64.0.1:5351',
    source: 'default-router',
    works: true,
    reachable: true,
    protocol: 'PCP',
    protocolVersion: 2,
    epoch: 77,
    externalAddress: ip('203.0.113.1'),
    lifetime: { least: 120, most: undefined },
    options: {
      PREFER_FAILURE: { verdict: 'supported' },
      FILTER: { verdict: 'accepted' },
      THIRD_PARTY: { verdict: 'not allowed', result: 'UNSUPP_OPTION' },
      DESCRIPTION: { verdict: 'ignored' },
    },
    left: [],
  }

  it('is a table and a sentence', () => {
    expect(probeText(report)).toBe(`PCP server 100.64.0.1:5351, the default router

  reachable         yes
  protocol          PCP, version 2
  epoch             77 s since it lost its state
  external address  203.0.113.1
  lifetimes         120 s to unknown
  PREFER_FAILURE    supported
  FILTER            accepted; what the server makes of it cannot be seen from here
  THIRD_PARTY       not allowed (UNSUPP_OPTION)
  DESCRIPTION       ignored

Port mapping will work.
`)
  })

  it('says why it will not work, and what may be left', () => {
    const text = probeText({ ...report, works: false, trouble: 'it fell silent', left: [61_000, 61_001] })
    expect(text).toMatch(/\n\nPort mapping will not work: it fell silent\.\nThe server did not confirm/)
    expect(text).toContain('UDP 61000, 61001')
  })
})
