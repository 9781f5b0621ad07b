import { describe, expect, it } from 'vitest'
import { loadConfig, type Sources } from '../../src/config/load.ts'
import { describeProblem } from '../../src/config/setting.ts'

const INTERFACES = '[lan]\ninterfaces = ["br-lan"]\n[wan]\ninterface = "eth0"\n'

/** The config from a file, where there is one, and from what beats it. */
function load(text: string | undefined, others: Partial<Sources> = {}) {
  const file = text === undefined ? undefined : { name: 'r.toml', text }
  return loadConfig({ file, environment: {}, flags: {}, ...others })
}

function configOf(...args: Parameters<typeof load>) {
  const result = load(...args)
  if (!result.ok) throw new Error(result.why.map(describeProblem).join('\n'))
  return result.value
}

function problemsOf(...args: Parameters<typeof load>): string[] {
  const result = load(...args)
  return result.ok ? [] : result.why.map(describeProblem)
}

describe('a configuration', () => {
  it('has a safe default for every key but the interfaces', () => {
    expect(configOf(INTERFACES)).toEqual({
      lan: {
        interfaces: ['br-lan'],
        leases: [
          '/var/lib/misc/dnsmasq.leases',
          '/tmp/dhcp.leases',
          '/tmp/hosts/odhcpd',
          '/tmp/odhcpd.leases',
          '/var/lib/kea/kea-leases4.csv',
          '/var/lib/dhcp/dhcpd.leases',
        ],
        routed: [],
      },
      wan: { interface: 'eth0' },
      nat: {
        mode: 'nftables',
        ports: { first: 49152, last: 57343 },
        masquerade: 'confined',
        allowLanPcp: false,
      },
      pcp: {
        servers: [],
        dhcpDir: '/run/igd-pcp-dhcp',
        anycast: false,
        natpmp: 'auto',
        description: false,
        releaseOnExit: false,
      },
      igd: {
        default: 1,
        zeroLease: 'spec',
        emptyClient: 'refuse',
        probe: 'on',
        friendlyName: 'Internet gateway',
        manufacturer: 'igd-pcp',
        modelName: 'igd-pcp',
        modelDescription: 'UPnP IGD to PCP interworking function (RFC 6970)',
        upstreamBps: 1_000_000_000,
        downstreamBps: 1_000_000_000,
      },
      access: {
        rules: [],
        refusedPorts: [{ first: 3389, last: 3389 }],
        perHost: 64,
        total: 512,
        addRate: 2,
        addBurst: 10,
        totalRate: 20,
        totalBurst: 100,
      },
      state: { dir: '/var/lib/igd-pcp' },
      control: { path: '/run/igd-pcp/control.sock' },
      http: { port: 5000, page: 'own' },
      log: { level: 'info', format: 'auto' },
      metrics: { listen: { kind: 'nowhere' } },
    })
  })

  it('is frozen to the bottom', () => {
    const config = configOf(`${INTERFACES}[access]\nrules = ["deny 1 10.0.0.1 1"]\n`)
    const objects = [
      config,
      config.lan,
      config.lan.interfaces,
      config.nat.ports,
      config.access.rules[0]?.clients,
    ]
    expect(objects.map((object) => Object.isFrozen(object))).toEqual([true, true, true, true, true])
  })

  const file = `${INTERFACES}[http]\nport = 1\n`
  const environment = { IGD_PCP_HTTP_PORT: '2' }
  const flags = { 'http-port': '3' }
  it.each([
    ['default', INTERFACES, {}, 5000],
    ['file beats default', file, {}, 1],
    ['environment beats file', file, { environment }, 2],
    ['flag beats environment', file, { environment, flags }, 3],
    ['flag beats default', INTERFACES, { flags }, 3],
  ])('%s', (_name, text, others, port) => {
    expect(configOf(text, others).http.port).toBe(port)
  })

  it('can come from variables alone', () => {
    const config = configOf(undefined, {
      environment: {
        IGD_PCP_LAN_INTERFACES: 'br-lan, br-guest',
        IGD_PCP_WAN_INTERFACE: 'wan',
        IGD_PCP_PCP_MAX_LIFETIME: '3600',
        IGD_PCP_PCP_SERVERS: '192.0.2.1,[2001:db8::1]:1024',
        IGD_PCP_NAT_ALLOW_LAN_PCP: 'true',
        IGD_PCP_PCP_RELEASE_ON_EXIT: 'false',
        IGD_PCP_IGD_DEFAULT: '2',
        IGD_PCP_IGD_MODEL_NUMBER: '17',
        IGD_PCP_ACCESS_ADD_RATE: '0.5',
        IGD_PCP_ACCESS_RULES: '',
        PATH: '/bin',
        IGD_PCPX: 'of somebody else',
      },
    })
    expect(config.lan.interfaces).toEqual(['br-lan', 'br-guest'])
    expect(config.pcp).toEqual({
      maxLifetime: 3600,
      servers: [
        { address: '192.0.2.1', port: 5351 },
        { address: '2001:db8::1', port: 1024 },
      ],
      dhcpDir: '/run/igd-pcp-dhcp',
      anycast: false,
      natpmp: 'auto',
      description: false,
      releaseOnExit: false,
    })
    expect(config.nat.allowLanPcp).toBe(true)
    expect(config.igd.default).toBe(2)
    expect(config.igd.modelNumber).toBe('17')
    expect(config.access).toMatchObject({ addRate: 0.5, rules: [] })
  })
})

describe('problems', () => {
  it.each([
    ['[http]\nport = 70000', 'r.toml:6: http.port: must be a whole number from 1 to 65535; it is 70000'],
    ['[nat]\nports = "80-90"', 'r.toml:6: nat.ports: must begin at port 1024 or above; it is "80-90"'],
    ['[http]\nport = "80"', 'r.toml:6: http.port: must be a whole number from 1 to 65535; it is "80"'],
    ['[http]\nport = nan', 'r.toml:6: http.port: must be a whole number from 1 to 65535; it is NaN'],
    ['[http]\nprot = 80', 'r.toml:6: http.prot: is no key; [http] has port, page'],
    ['[http]\nconstructor = 80', 'r.toml:6: http.constructor: is no key; [http] has port, page'],
    [
      '[log.level]\nx = 1',
      'r.toml:5: log.level: must be one of "debug", "info", "warn", "error"; it is {"x":1}',
    ],
    ['[[http]]\nport = 80', 'r.toml:5: http: must be a section, begun by [http]'],
    [
      '[pcp]\nservers = [\n"192.0.2.1",\n"a.example",\n]',
      'r.toml:8: pcp.servers: must be an address as ADDR or ADDR:PORT, an IPv6 one with a port as [ADDR]:PORT; never a name; it is "a.example"',
    ],
    [
      `[igd]\nfriendlyName = "${'x'.repeat(500)}"`,
      `r.toml:6: igd.friendlyName: must be a text of 1 to 63 characters, none of them a control character; it is "${'x'.repeat(59)}...`,
    ],
  ])('names the line and the key in %j', (text, problem) => {
    expect(problemsOf(`${INTERFACES}${text}\n`)).toEqual([problem])
  })

  it.each([
    ['[gta]\nx = 1', 'gta: is no section; there are lan, wan, nat, pcp'],
    ['toString = 1', 'toString: is no section; there are lan'],
    ['lan = "br-lan"', 'lan: must be a section, begun by [lan]'],
  ])('names the line and the section in %j', (text, problem) => {
    expect(problemsOf(text)[0]).toContain(`r.toml:1: ${problem}`)
  })

  it.each([
    ['IGD_PCP_HTTP_PROT', '1', 'sets no key; there are IGD_PCP_HTTP_PORT, IGD_PCP_HTTP_PAGE'],
    ['IGD_PCP_PORT', '1', 'sets no key; a name is IGD_PCP_<SECTION>_<KEY>'],
    ['IGD_PCP_http_port', '1', 'sets no key; a name is IGD_PCP_<SECTION>_<KEY>'],
    ['IGD_PCP_HTTP_PORT', '', 'must be a whole number from 1 to 65535; it is ""'],
    ['IGD_PCP_HTTP_PORT', '5e3', 'must be a whole number from 1 to 65535; it is "5e3"'],
    ['IGD_PCP_NAT_ALLOW_LAN_PCP', 'yes', 'must be true or false; it is "yes"'],
    ['IGD_PCP_LAN_INTERFACES', '', 'must be a list with at least one interface, none twice; it is []'],
  ])('names the variable: %s=%s', (variable, text, problem) => {
    expect(problemsOf(INTERFACES, { environment: { [variable]: text } })).toEqual([`${variable}: ${problem}`])
  })

  it('names the flag', () => {
    const problems = problemsOf(INTERFACES, { flags: { 'http-port': '0', 'pcp-server': ['192.0.2.1', 'x'] } })
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual(['--pcp-server:', '--http-port:'])
  })

  it('says how to set what is missing', () => {
    expect(problemsOf(undefined)).toEqual([
      'lan.interfaces: not set; set it by --lan IF[,IF...] or IGD_PCP_LAN_INTERFACES or lan.interfaces in the file',
      'wan.interface: not set; set it by --wan IF or IGD_PCP_WAN_INTERFACE or wan.interface in the file',
    ])
  })

  it('refuses a WAN that is a LAN, whoever says so', () => {
    const [problem, ...rest] = problemsOf(INTERFACES, { flags: { wan: 'br-lan' } })
    expect(problem).toMatch(/^--wan: must not be one of lan\.interfaces.*; it is "br-lan"$/)
    expect(rest).toEqual([])
  })

  it('come all at once, the overruled ones too, each once and in the order of the sources', () => {
    const problems = problemsOf('[http]\nport = 0\n[lan]\ninterfaces = ["a b"]\nx = 1\n', {
      environment: { IGD_PCP_LOG_LEVEL: 'loud' },
      flags: { 'http-port': '80', nat: 'yes' },
    })
    expect(problems.map((problem) => problem.split(': ').slice(0, 2).join(': '))).toEqual([
      'r.toml:2: http.port',
      'r.toml:4: lan.interfaces',
      'r.toml:5: lan.x',
      'IGD_PCP_LOG_LEVEL: must be one of "debug", "info", "warn", "error"; it is "loud"',
      '--nat: must be one of "nftables", "none"; it is "yes"',
      'wan.interface: not set; set it by --wan IF or IGD_PCP_WAN_INTERFACE or wan.interface in the file',
    ])
  })

  it('are the place of the error where a file is no TOML, and nothing is called missing', () => {
    const problems = problemsOf('[http]\nport = \n', { environment: { IGD_PCP_LOG_LEVEL: 'loud' } })
    expect(problems).toHaveLength(2)
    expect(problems[0]).toMatch(/^r\.toml:2:\d+: Invalid TOML document: [^\n]+$/)
    expect(problems[1]).toMatch(/^IGD_PCP_LOG_LEVEL: /)
  })

  it('include a key that stands twice', () => {
    expect(problemsOf('[http]\nport = 1\nport = 2\n')[0]).toMatch(/^r\.toml:3:1: .*redefine/)
  })
})
