import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseHookFile } from '../../src/pcp/discovery/dhcp-options.ts'

const execute = promisify(execFile)
const HOOKS = fileURLToPath(new URL('../../deploy/dhcp/', import.meta.url))

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'igd-pcp-dhcp-'))
})
afterEach(() => rm(folder, { recursive: true }))

const directory = () => join(folder, 'run')

const run = (file: string, args: readonly string[], variables: Readonly<Record<string, string>> = {}) =>
  execute(file, args, {
    env: {
      PATH: `${HOOKS}:${process.env['PATH'] ?? ''}`,
      IGD_PCP_PCP_DHCP_DIR: directory(),
      ...variables,
    },
  })

/** The shipped command, to its end. */
const command = (...args: readonly string[]) => run('igd-pcp-dhcp', args)

/** A hook, sourced as a DHCP client's script does it. */
const source = (hook: string, args: readonly string[], variables: Readonly<Record<string, string>>) =>
  run('sh', ['-euc', `. ${join(HOOKS, hook)}`, 'script', ...args], variables)

/** The servers that the daemon reads from a file. Undefined: there is none. */
async function named(file: string) {
  if (!(await readdir(directory())).includes(file)) return undefined
  const text = await readFile(join(directory(), file), 'utf8')
  const parsed = parseHookFile(file.endsWith('6') ? 6 : 4, text)
  return parsed.ok ? parsed.value : parsed.why
}

const A = '20010db8000000000000000000000001'
const B = '20010db8000000000000000000000002'
const TWO_SERVERS = [['192.0.2.1', '192.0.2.2'], ['192.0.2.9']]

interface Client {
  readonly name: string
  readonly hook: string
  readonly file: string
  readonly heard: readonly [readonly string[], Record<string, string>]
  readonly lost: readonly [readonly string[], Record<string, string>]
  readonly servers: readonly (readonly string[])[]
}

const CLIENTS: readonly Client[] = [
  {
    name: 'udhcpc',
    hook: 'udhcpc',
    file: 'wan.v4',
    heard: [['bound'], { interface: 'wan', opt158: '08c0000201c000020204c0000209' }],
    lost: [['deconfig'], { interface: 'wan' }],
    servers: TWO_SERVERS,
  },
  {
    name: 'dhclient',
    hook: 'dhclient',
    file: 'wan.v4',
    heard: [[], { interface: 'wan', reason: 'BOUND', new_pcp_server: '8:c0:0:2:1:c0:0:2:2:4:c0:0:2:9' }],
    lost: [[], { interface: 'wan', reason: 'EXPIRE' }],
    servers: TWO_SERVERS,
  },
  {
    name: 'dhclient -6',
    hook: 'dhclient',
    file: 'wan.v6',
    heard: [[], { interface: 'wan', reason: 'BOUND6', new_dhcp6_pcp_server: '2001:db8::1 2001:db8::2' }],
    lost: [[], { interface: 'wan', reason: 'EXPIRE6' }],
    servers: [['2001:db8::1', '2001:db8::2']],
  },
  {
    name: 'dhcpcd',
    hook: 'dhclient',
    file: 'wan.v4',
    heard: [[], { interface: 'wan', reason: 'REBOOT', new_pcp_server: '08c0000201c000020204c0000209' }],
    lost: [[], { interface: 'wan', reason: 'STOP' }],
    servers: TWO_SERVERS,
  },
  {
    name: 'odhcp6c',
    hook: 'odhcp6c',
    file: 'wan.v6',
    heard: [['wan', 'bound'], { OPTION_86: A }],
    lost: [['wan', 'unbound'], {}],
    servers: [['2001:db8::1']],
  },
  {
    name: 'odhcp6c with two options',
    hook: 'odhcp6c',
    file: 'wan.v6',
    heard: [['wan', 'updated'], { OPTION_86: B, PASSTHRU: `00560010${A}00560010${B}` }],
    lost: [['wan', 'stopped'], {}],
    servers: [['2001:db8::1'], ['2001:db8::2']],
  },
]

describe.each(CLIENTS)('the hook of $name', ({ hook, file, heard, lost, servers }) => {
  it('D7291-4: what the client heard is what the daemon reads', async () => {
    await source(hook, ...heard)
    expect(await named(file)).toEqual(servers)
  })

  it('D7291-4: a lease that is lost takes its servers along', async () => {
    await source(hook, ...heard)
    await source(hook, ...lost)
    expect(await readdir(directory())).toEqual([])
  })

  it('D7291-4: a lease that names no server any more takes the old one back', async () => {
    await source(hook, ...heard)
    const [args, { interface: wan = '', reason = '' }] = heard
    await source(hook, args, { interface: wan, reason })
    expect(await readdir(directory())).toEqual([])
  })
})

describe('what the hooks are silent about', () => {
  it.each([
    ['udhcpc', ['leasefail'], { interface: 'wan' }],
    ['dhclient', [], { interface: 'wan', reason: 'ROUTERADVERT' }],
    ['odhcp6c', ['wan', 'ra-updated'], {}],
  ])('%s %s changes nothing', async (hook, args, variables) => {
    await command('set', 'wan', 'v4', '04c0000201')
    await command('set', 'wan', 'v6', A)
    await source(hook, args, variables)
    expect(await readdir(directory())).toEqual(['wan.v4', 'wan.v6'])
  })
})

describe('igd-pcp-dhcp', () => {
  it('leaves one file, for the daemon to read whoever it runs as', async () => {
    await command('set', 'pppoe-wan', 'v4', '04c0000201')
    await command('set', 'pppoe-wan', 'v4', '04c0000202')
    expect(await readdir(directory())).toEqual(['pppoe-wan.v4'])
    expect(await named('pppoe-wan.v4')).toEqual([['192.0.2.2']])
    const modes = [directory(), join(directory(), 'pppoe-wan.v4')].map(
      async (path) => (await stat(path)).mode,
    )
    expect((await Promise.all(modes)).map((mode) => mode & 0o777)).toEqual([0o755, 0o644])
  })

  it('clears what is not there', async () => {
    await expect(command('clear', 'wan', 'v6')).resolves.toMatchObject({ stderr: '' })
  })

  it.each([
    '04c0000201;reboot',
    '$(reboot)',
    '`reboot`',
    '04c0000201\npassthru 00',
    'pcp.example.net',
    '../x',
  ])('D7291-4: of a value like %j nothing is kept, nor the one before', async (value) => {
    await command('set', 'wan', 'v4', '04c0000201')
    await expect(command('set', 'wan', 'v4', value)).rejects.toMatchObject({
      code: 1,
      stderr: 'igd-pcp-dhcp: DHCPv4 on wan: the PCP server option is neither hexadecimal nor addresses\n',
    })
    expect(await readdir(directory())).toEqual([])
  })

  it('D7291-4: nor of such a PASSTHRU', async () => {
    await expect(command('set', 'wan', 'v6', A, '00;')).rejects.toMatchObject({ code: 1 })
  })

  it.each(['', '.', '..', '../wan', 'a/b', 'eth0:1', 'eth 0', 'sixteen-letters0'])(
    '%j is no interface',
    async (name) => {
      await expect(command('set', name, 'v4', '04c0000201')).rejects.toMatchObject({
        code: 2,
        stderr: `igd-pcp-dhcp: '${name}' is not the name of an interface\n`,
      })
    },
  )

  it.each([
    [],
    ['set'],
    ['set', 'wan', 'v4'],
    ['set', 'wan', 'v5', '00'],
    ['clear', 'wan', 'v4', 'x'],
    ['get', 'wan', 'v4'],
  ])('wrong words get the usage: %s %s %s %s', async (...args) => {
    const refused = { code: 2, stderr: expect.stringMatching(/^igd-pcp-dhcp: usage: /) as string }
    await expect(command(...args)).rejects.toMatchObject(refused)
  })
})
