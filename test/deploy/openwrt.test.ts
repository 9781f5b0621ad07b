import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'

const execute = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../deploy/openwrt/root/', import.meta.url))
const RC_COMMON = fileURLToPath(new URL('rc.common', import.meta.url))

describe('/etc/init.d/igd-pcp', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'igd-pcp-openwrt-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  /** What procd is told, line by line, and what syslog is. */
  async function start(config: string, devices = 'lan=br-lan guest=br-guest wan=pppoe-wan') {
    const script = await readFile(join(ROOT, 'etc/init.d/igd-pcp'), 'utf8')
    const [CONFIG, INIT] = [join(folder, 'config'), join(folder, 'init')]
    await writeFile(CONFIG, config)
    await writeFile(INIT, script.replace('. /lib/functions/network.sh', ':'))
    const env = { ...process.env, CONFIG, INIT, DEVICES: devices }
    const { stdout, stderr } = await execute('sh', [RC_COMMON], { env })
    return { calls: stdout.trim().split('\n'), log: stderr }
  }

  /** The environment that procd gives the daemon. */
  const environmentOf = (calls: readonly string[]): Record<string, string> =>
    Object.fromEntries(
      calls.flatMap((call) => {
        const [, name = '', value = ''] = /^procd_append_param env ([A-Z_]+)=(.*)$/.exec(call) ?? []
        return name === '' ? [] : [[name, value]]
      }),
    )

  const service = (more: string) =>
    `config service 'service'\n\toption enabled '1'\n\tlist lan 'lan'\n\toption wan 'wan'\n${more}`

  it('starts nothing as it is installed, and watches for changes', async () => {
    const { calls } = await start(await readFile(join(ROOT, 'etc/config/igd-pcp'), 'utf8'))
    expect(calls).toEqual([
      'procd_add_reload_trigger igd-pcp',
      'procd_add_reload_interface_trigger lan',
      'procd_add_reload_interface_trigger wan',
    ])
  })

  it('starts with the settings it is installed with once it is enabled', async () => {
    const installed = await readFile(join(ROOT, 'etc/config/igd-pcp'), 'utf8')
    const { calls } = await start(installed.replace("enabled '0'", "enabled '1'"))
    const environment = environmentOf(calls)
    expect(environment).toEqual({
      IGD_PCP_LAN_INTERFACES: 'br-lan',
      IGD_PCP_WAN_INTERFACE: 'pppoe-wan',
      IGD_PCP_STATE_DIR: '/etc/igd-pcp',
      IGD_PCP_LOG_FORMAT: 'text',
    })
    expect(loadConfig({ file: undefined, environment, flags: {} }).ok).toBe(true)
  })

  it('hands every kind of option to the daemon as its key', async () => {
    const { calls } = await start(
      service(`
config settings 'pcp'
	list servers '192.0.2.1'
	list servers '[2001:db8::1]:5351'
	option max_lifetime '3600'
config settings 'igd'
	option friendly_name 'Anna'\\''s router = 50 % $HOME'
config settings 'access'
	list rules 'allow 1024-65535 192.168.1.0/24 1024-65535'
	list rules 'deny 0-65535 0.0.0.0/0 0-65535'
	option per_host '5'
`),
    )
    const config = loadConfig({ file: undefined, environment: environmentOf(calls), flags: {} })
    expect(config).toMatchObject({
      ok: true,
      value: {
        pcp: { servers: [{ address: '192.0.2.1' }, { address: '2001:db8::1' }], maxLifetime: 3600 },
        access: { rules: [{ allow: true }, { allow: false }], perHost: 5 },
      },
    })
    expect(config.ok && config.value.igd.friendlyName).toBe("Anna's router = 50 % $HOME")
  })

  it('serves several networks', async () => {
    const { calls } = await start(service('').replace("'lan'\n", "'lan'\n\tlist lan 'guest'\n"))
    expect(environmentOf(calls)['IGD_PCP_LAN_INTERFACES']).toBe('br-lan,br-guest')
    expect(calls.at(-2)).toBe('procd_add_reload_interface_trigger guest')
  })

  it('takes no other section for settings', async () => {
    const { calls } = await start(service("config note 'pcp'\n\toption servers 'x'\n\tlist natpmp 'y'\n"))
    expect(Object.keys(environmentOf(calls))).toEqual(['IGD_PCP_LAN_INTERFACES', 'IGD_PCP_WAN_INTERFACE'])
  })

  it('opens an instance only when it also closes it', async () => {
    const { calls } = await start(service(''))
    const instance = calls.filter((call) => /instance|command/.test(call))
    expect(instance).toEqual([
      'procd_open_instance',
      'procd_set_param command /usr/bin/node /usr/lib/igd-pcp/igd-pcp.mjs run',
      'procd_close_instance',
    ])
  })

  it.each([
    ['lan', 'wan=eth1'],
    ['wan', 'lan=br-lan'],
  ])('waits, and says so, while network %s has no device', async (missing, devices) => {
    const { calls, log } = await start(service(''), devices)
    expect(log).toContain(`network ${missing} has no device yet`)
    expect(calls.filter((call) => call.includes('instance'))).toEqual([])
    expect(calls).toContain(`procd_add_reload_interface_trigger ${missing}`)
  })
})
