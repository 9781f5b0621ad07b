import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/commands/arguments.ts'
import { parseRunArguments, RUN_HELP } from '../../src/commands/run-arguments.ts'
import { loadConfig } from '../../src/config/load.ts'

const FLAGS = [
  '--config',
  '--lan',
  '--wan',
  '--pcp-server',
  '--nat',
  '--state-dir',
  '--http-port',
  '--control',
  '--log-level',
  '--release-on-exit',
]

/** The configuration that flags alone make. */
function configOf(...argv: string[]) {
  const { flags } = parseRunArguments(['--lan', 'br-lan', '--wan', 'eth0', ...argv])
  const config = loadConfig({ file: undefined, environment: {}, flags })
  if (!config.ok) throw new Error(JSON.stringify(config.why))
  return config.value
}

describe('igd-pcp run', () => {
  it.each([
    [['--lan', 'lan1'], { lan: { interfaces: ['br-lan', 'lan1'] } }],
    [['--lan=lan1,lan2'], { lan: { interfaces: ['br-lan', 'lan1', 'lan2'] } }],
    [['--wan', 'ppp0'], { wan: { interface: 'ppp0' } }],
    [
      ['--pcp-server', '192.0.2.1', '--pcp-server', '[2001:db8::1]:99'],
      {
        pcp: {
          servers: [
            { address: '192.0.2.1', port: 5351 },
            { address: '2001:db8::1', port: 99 },
          ],
        },
      },
    ],
    [['--nat', 'none'], { nat: { mode: 'none' } }],
    [['--state-dir', 'state'], { state: { dir: 'state' } }],
    [['--http-port', '80'], { http: { port: 80 } }],
    [['--control', '/c'], { control: { path: '/c' } }],
    [['--log-level', 'debug'], { log: { level: 'debug' } }],
    [['--release-on-exit'], { pcp: { releaseOnExit: true } }],
    [[], { pcp: { releaseOnExit: false } }],
  ])('%j', (argv, expected) => {
    expect(configOf(...argv)).toMatchObject(expected)
  })

  it('--config names the file', () => {
    expect(parseRunArguments(['--config', 'r.toml'])).toEqual({ help: false, file: 'r.toml', flags: {} })
  })

  it.each(['--help', '-h'])('%s asks for help', (flag) => {
    expect(parseRunArguments([flag]).help).toBe(true)
  })

  it.each([
    [['--lam', 'br-lan'], "Unknown option '--lam'"],
    [['--config'], "Option '--config <value>' argument missing"],
    [['--lan', '--wan', 'eth0'], "Option '--lan' argument is ambiguous"],
    [['--release-on-exit=no'], "Option '--release-on-exit' does not take an argument"],
    [['r.toml'], "Unexpected argument 'r.toml'"],
  ])('refuses %j', (argv, message) => {
    expect(() => parseRunArguments(argv)).toThrow(UsageError)
    expect(() => parseRunArguments(argv)).toThrow(message)
  })

  it.each(FLAGS)('its help has %s', (flag) => {
    expect(RUN_HELP).toMatch(new RegExp(`^  ${flag} .*\\.$`, 'm'))
  })
})
