import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const execute = promisify(execFile)
const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url))
const PROGRAM = '#!/usr/bin/env node\n'

// A checkout with a bundle in it, and the root of the system that it is installed on.
let checkout = ''
let root = ''
beforeEach(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'igd-pcp-install-'))
  root = join(checkout, 'root')
  await cp(DEPLOY, join(checkout, 'deploy'), { recursive: true })
  await write(join(checkout, 'bundle/igd-pcp.mjs'), PROGRAM)
  await mkdir(root)
})
afterEach(() => rm(checkout, { recursive: true }))

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

const read = (path: string) => readFile(join(root, path), 'utf8')
const modeOf = async (path: string) => (await stat(join(root, path))).mode & 0o777

/** Every file below the root. */
async function installed(): Promise<readonly string[]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true })
  const files = found.filter((entry) => !entry.isDirectory())
  return files.map(({ name, parentPath }) => join(parentPath, name).slice(root.length)).toSorted()
}

/** The install of a folder of deploy, with what it says. */
async function install(folder: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const { stdout } = await execute(join(checkout, 'deploy', folder, 'install'), args, {
    env: { ...process.env, ...env },
  })
  return stdout
}

describe('deploy/systemd/install', () => {
  const run = (...args: readonly string[]) => install('systemd', args, { DESTDIR: root })

  const FILES = [
    '/etc/igd-pcp/igd-pcp.toml',
    '/etc/sysctl.d/igd-pcp.conf',
    '/etc/systemd/system/igd-pcp.service',
    '/usr/bin/igd-pcp',
    '/usr/lib/igd-pcp/dhcp/dhclient',
    '/usr/lib/igd-pcp/dhcp/odhcp6c',
    '/usr/lib/igd-pcp/dhcp/udhcpc',
    '/usr/lib/igd-pcp/igd-pcp.mjs',
    '/usr/sbin/igd-pcp-dhcp',
  ]

  it('installs what belongs to it, and tells of DHCP clients that it does not know', async () => {
    const said = await run()
    expect(await installed()).toEqual(FILES)
    expect(await read('/usr/bin/igd-pcp')).toBe(PROGRAM)
    expect(await modeOf('/usr/lib/igd-pcp/igd-pcp.mjs')).toBe(0o755)
    expect(await modeOf('/usr/sbin/igd-pcp-dhcp')).toBe(0o755)
    expect(said).toMatch(/neither dhclient nor dhcpcd is here.*finding-the-server/)
    expect(said).toMatch(/systemctl enable --now igd-pcp/)
  })

  it('the hook of each client that is there, and the options it has to ask for; once, however often it is run', async () => {
    await write(join(root, 'etc/dhcp/dhclient.conf'), 'request subnet-mask;\n')
    await write(join(root, 'etc/dhcpcd.conf'), 'persistent\n')
    await mkdir(join(root, 'usr/lib/dhcpcd/dhcpcd-hooks'), { recursive: true })
    expect(await run()).toMatch(/at the next lease: dhclient dhcpcd\n/)
    const first = [await read('/etc/dhcp/dhclient.conf'), await read('/etc/dhcpcd.conf')]
    await run()
    expect([await read('/etc/dhcp/dhclient.conf'), await read('/etc/dhcpcd.conf')]).toEqual(first)
    expect(first[0]).toMatch(/^request subnet-mask;\n# igd-pcp: .*\noption pcp-server code 158 = string;\n/)
    expect(first[1]).toMatch(/^persistent\n# igd-pcp: .*\ndefine 158 binhex pcp_server\n/)
    const hook = await readFile(join(DEPLOY, 'dhcp/dhclient'), 'utf8')
    expect(await read('/etc/dhcp/dhclient-exit-hooks.d/igd-pcp')).toBe(hook)
    expect(await read('/usr/lib/dhcpcd/dhcpcd-hooks/90-igd-pcp')).toBe(hook)
  })

  it('an option that somebody asks for already is left as it is', async () => {
    const own = 'option pcp-server code 158 = string;\n'
    await write(join(root, 'etc/dhcp/dhclient.conf'), own)
    expect(await run()).toMatch(/dhclient\.conf knows the option already/)
    expect(await read('/etc/dhcp/dhclient.conf')).toBe(own)
  })

  it('an update keeps the configuration', async () => {
    await write(join(root, 'etc/igd-pcp/igd-pcp.toml'), 'mine')
    await run()
    expect(await read('/etc/igd-pcp/igd-pcp.toml')).toBe('mine')
  })

  it('--uninstall leaves the configuration and what others wrote', async () => {
    await write(join(root, 'etc/dhcp/dhclient.conf'), 'request subnet-mask;\n')
    await run()
    expect(await run('--uninstall')).toMatch(/Yours to delete: \/etc\/igd-pcp and \/var\/lib\/igd-pcp/)
    expect(await installed()).toEqual(['/etc/dhcp/dhclient.conf', '/etc/igd-pcp/igd-pcp.toml'])
    expect(await read('/etc/dhcp/dhclient.conf')).toBe('request subnet-mask;\n')
    await run('--uninstall')
  })

  it('without the bundle it says how to make it, and installs nothing', async () => {
    await rm(join(checkout, 'bundle'), { recursive: true })
    await expect(run()).rejects.toThrow(/not built yet: npm ci && npm run bundle/)
    expect(await installed()).toEqual([])
  })

  it('refuses words it does not know', async () => {
    await expect(run('--remove')).rejects.toThrow(/usage: /)
    expect(await installed()).toEqual([])
  })
})

/** `uci` that keeps each setting in a file of its own. */
const UCI = `#!/bin/sh
[ "$1" != -q ] || shift
case $1 in
get) cat "$SETTINGS/$2" ;;
set) printf %s "\${2#*=}" >"$SETTINGS/\${2%%=*}" ;;
esac
`

/** `ssh` to a router whose root is a folder. */
const SSH = `#!/bin/sh
[ "$1" = root@router ] || exit 1
sh -c "$(printf %s "$2" | sed "s# /\\(etc\\|tmp\\)# $ROUTER/\\1#g; s#-C /\\$#-C $ROUTER#")"
`

describe('deploy/openwrt/install', () => {
  const settings = () => join(checkout, 'settings')

  beforeEach(async () => {
    for (const [name, text] of [
      ['uci', UCI],
      ['ssh', SSH],
    ] as const) {
      await write(join(checkout, 'bin', name), text)
      await chmod(join(checkout, 'bin', name), 0o755)
    }
    for (const name of ['tmp', 'etc']) await mkdir(join(root, name))
    await write(join(settings(), 'network.wan.proto'), 'dhcp')
    await write(join(settings(), 'network.wan6.proto'), 'dhcpv6')
  })

  const run = (args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
    install('openwrt', args, {
      PATH: `${join(checkout, 'bin')}:${process.env['PATH'] ?? ''}`,
      ROUTER: root,
      SETTINGS: settings(),
      ...more,
    })

  const setting = (name: string) => readFile(join(settings(), name), 'utf8')

  const FILES = [
    '/etc/config/igd-pcp',
    '/etc/init.d/igd-pcp',
    '/etc/odhcp6c.user.d/igd-pcp',
    '/etc/udhcpc.user.d/igd-pcp',
    '/lib/upgrade/keep.d/igd-pcp',
    '/usr/bin/igd-pcp',
    '/usr/lib/igd-pcp/igd-pcp.mjs',
    '/usr/sbin/igd-pcp-dhcp',
    '/usr/share/nftables.d/chain-post/forward/20-igd-pcp.nft',
    '/usr/share/nftables.d/chain-post/input_wan/20-igd-pcp.nft',
  ]

  it('puts it on the router, and has its DHCP clients ask for the PCP server', async () => {
    await run(['root@router'])
    expect(await installed()).toEqual(FILES)
    for (const path of ['/etc/init.d/igd-pcp', '/usr/sbin/igd-pcp-dhcp', '/usr/lib/igd-pcp/igd-pcp.mjs'])
      expect(await modeOf(path), path).toBe(0o755)
    expect(await modeOf('/etc')).toBe(0o755)
    expect([await setting('network.wan.reqopts'), await setting('network.wan6.reqopts')]).toEqual([
      '158',
      '86',
    ])
  })

  it('an update keeps the settings, and what the DHCP client asks for otherwise', async () => {
    await write(join(root, 'etc/config/igd-pcp'), 'mine')
    await write(join(settings(), 'network.wan.reqopts'), '121 43')
    await run(['root@router'])
    await run(['root@router'])
    expect(await read('/etc/config/igd-pcp')).toBe('mine')
    expect(await setting('network.wan.reqopts')).toBe('121 43 158')
    expect(await installed()).toEqual(FILES)
  })

  it('a WAN without DHCP is asked nothing', async () => {
    await write(join(settings(), 'network.wan.proto'), 'pppoe')
    await run(['root@router'])
    expect(await readdir(settings())).not.toContain('network.wan.reqopts')
  })

  it('fills the folder of an image, whose first boot does the rest', async () => {
    await run([], { DESTDIR: root })
    expect(await installed()).toEqual([...FILES, '/etc/uci-defaults/80-igd-pcp'].toSorted())
  })

  it('without a router and without a folder it says what it wants', async () => {
    await expect(run([])).rejects.toThrow(/usage: .* root@ROUTER, or DESTDIR=DIR/)
  })
})
