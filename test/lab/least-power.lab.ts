import { chmod, chown, copyFile, mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { CLI, find, IGD1 } from './support/daemon.ts'
import { client, type Lab, useNetwork } from './support/lab.ts'
import { type Program, until } from './support/program.ts'
import { ADDRESS } from './support/topology.ts'
import { answers, ask, echo, flow, TRANSPORTS } from './support/traffic.ts'
import { grantedPort, redirections } from './support/upnpc.ts'
import { installedBundle, Unit } from './support/unit.ts'

// The daemon with no more rights than it is given by the unit that is shipped. There is no systemd in the lab; unit.py
// does to it what systemd would.

const outside = (transport: (typeof TRANSPORTS)[number]) =>
  ({ transport, address: ADDRESS.external, port: 7000 }) as const

async function expectAll(lab: Lab): Promise<void> {
  const { internet, lan1 } = lab.hosts
  const upnpc = await client(lab)
  for (const transport of TRANSPORTS) {
    await upnpc('-a', ADDRESS.lan1, 6000, 7000, transport, 600)
    await lab.carrier.complete()
    expect(await ask(internet, outside(transport))).toMatch(`${ADDRESS.internet}:`)
    const toInternet = { transport, address: ADDRESS.internet, port: 9000 }
    expect(await ask(lan1, toInternet, 6000)).toBe(`${ADDRESS.external}:7000`)
  }
}

describe('the service of the systemd unit', () => {
  const lab = useNetwork({ nat: 'nftables' })
  let unit: Unit
  let service: Program

  beforeAll(async () => {
    const { cpe, internet, lan1 } = lab().hosts
    for (const transport of TRANSPORTS) {
      await echo(lan1, transport, 6000)
      await echo(internet, transport, 9000)
    }
    await cpe.sysctl('net.ipv4.ip_local_reserved_ports=49152-57343') // igd-pcp.sysctl.conf
    unit = await Unit.install(lab())
    service = await unit.start()
  })

  it('is told ready', async () => {
    await service.line(/^notified READY=1$/)
  })

  it('runs as nobody in particular, with one capability and nothing to gain', async () => {
    const status = await readFile(`/proc/${service.pid ?? 0}/status`, 'utf8')
    const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1]
    const netAdmin = (1 << 12).toString(16).padStart(16, '0')
    expect(field('Uid')?.split('\t')).toEqual(Array(4).fill('61184'))
    expect(field('Groups')?.trim()).toBe('')
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(field(set), set).toBe(netAdmin)
    expect([field('NoNewPrivs'), field('Seccomp')]).toEqual(['1', '2'])
  })

  it.each([
    [
      'writes nowhere but where it must',
      'touch /usr/x /etc/x /var/lib/x /etc/igd-pcp/x',
      'Read-only file system',
    ],
    ['changes nothing of the kernel', 'echo 1 > /proc/sys/net/ipv4/ip_forward', ''],
    ['sees no home', 'ls /root /home', 'Permission denied'],
    ['sees no process of another user', 'ls /proc/1', 'No such file'],
    ['makes no namespace', 'unshare --user true', 'Operation not permitted'],
    ['has no packet socket', `python3 -c 'import socket; socket.socket(socket.AF_PACKET)'`, 'not supported'],
    ['has no raw socket', `python3 -c 'import socket; socket.socket(2, 3, 1)'`, 'not permitted'],
    ['debugs nobody', `python3 -c 'import ctypes; exit(ctypes.CDLL(None).ptrace(0, 0, 0, 0))'`, ''],
  ])('%s', async (_what, script, message) => {
    const { code, stderr } = await unit.run('sh', '-c', script)
    expect(code).not.toBe(0)
    expect(stderr).toContain(message)
  })

  it('maps, forwards both ways over both protocols, and lists', async () => {
    await expectAll(lab())
    expect(redirections(await (await client(lab()))('-l'))).toHaveLength(2)
  })

  it('is asked by the operator, who also sees another gateway that it cannot see', async () => {
    const { cpe } = lab().hosts
    const ask = [process.execPath, CLI, 'status', '--control', unit.controlPath]
    const alone = await cpe.must(ask)
    expect(alone).toContain('7000')
    expect(alone).not.toContain('miniupnpd')
    const program = join(lab().directory, 'miniupnpd') // told by the name of its process
    await copyFile('/bin/sleep', program)
    await using rival = cpe.start([program, '60'])
    await until('it is seen', 5000, async () => (await cpe.must(ask)).includes('miniupnpd runs') || undefined)
    expect(rival.running).toBe(true)
  })

  it('goes on after it was killed, and a flow with it', async () => {
    const running = await flow(lab().hosts.internet, outside('UDP'))
    await service.stop('SIGKILL')
    service = await unit.start()
    expect(await answers(running)).toBeGreaterThan(10)
    await expectAll(lab())
  })

  it('is reloaded', async () => {
    service.signal('SIGHUP')
    await service.line(/the configuration is read again/)
  })

  it('cuts a running flow with its mapping', async () => {
    const { internet } = lab().hosts
    const upnpc = await client(lab())
    const flows = await Promise.all(TRANSPORTS.map((transport) => flow(internet, outside(transport))))
    for (const transport of TRANSPORTS) await upnpc('-d', 7000, transport)
    expect(await lab().carrier.complete()).toEqual([])
    expect(await Promise.all(flows.map(answers))).toEqual([0, 0])
  })

  it('ends cleanly, and nothing was refused to it', async () => {
    expect(await service.stop()).toBe(0)
    expect(service.lines.filter((line) => /WARN|ERROR|not permitted|denied/i.test(line))).toEqual([])
  })
})

describe('the service with nat: none', () => {
  const lab = useNetwork({ nat: 'none' })

  it('needs no capability at all', async () => {
    const { internet, lan1 } = lab().hosts
    const service = await (await Unit.install(lab(), 'none')).start()
    expect(await readFile(`/proc/${service.pid ?? 0}/status`, 'utf8')).toMatch(/^CapBnd:\s+0{16}$/m)
    await echo(lan1, 'UDP', 6000)
    const upnpc = await client(lab())
    expect(grantedPort(await upnpc('-a', ADDRESS.lan1, 6000, 7000, 'UDP', 600))).toBe(7000)
    await lab().carrier.complete()
    expect(await ask(internet, outside('UDP'))).toMatch(`${ADDRESS.internet}:`)
    expect(await upnpc('-d', 7000, 'UDP')).toContain('returned : 0')
    expect(await lab().carrier.complete()).toEqual([])
    expect(await service.stop()).toBe(0)
    expect(service.lines.filter((line) => /WARN|ERROR|not permitted|denied/i.test(line))).toEqual([])
  })
})

/** The command that SECURITY.md has for those who start it by hand, up to the program itself. */
async function commandByHand(): Promise<readonly string[]> {
  const text = await readFile(new URL('../../SECURITY.md', import.meta.url), 'utf8')
  const [, flags = ''] = /^(setpriv [^`]*?)\bigd-pcp run/m.exec(text) ?? []
  return flags.split(/[\s\\]+/).filter(Boolean)
}

describe('by hand, as SECURITY.md says', () => {
  const lab = useNetwork({ nat: 'nftables' })

  it('has the one capability, and all works', async () => {
    const { carrier, directory, hosts } = lab()
    await chmod(dirname(directory), 0o711)
    await chmod(directory, 0o711)
    const [state, run] = [join(directory, 'own-state'), join(directory, 'own-run')]
    for (const own of [state, run]) {
      await mkdir(own)
      await chown(own, 65_534, 65_534)
    }
    const flags = [
      '--lan',
      'lan',
      '--wan',
      'wan',
      '--state-dir',
      state,
      '--control',
      join(run, 'control.sock'),
    ]
    const words = [process.execPath, await installedBundle(directory), 'run', ...flags]
    const daemon = hosts.cpe.start([...(await commandByHand()), ...words])
    await until('a device', 15_000, () => find(hosts.lan1, IGD1))
    expect(await readFile(`/proc/${daemon.pid ?? 0}/status`, 'utf8')).toMatch(/^CapBnd:\s+0{12}1000$/m)

    for (const transport of TRANSPORTS) await echo(hosts.lan1, transport, 6000)
    await echo(hosts.internet, 'TCP', 9000)
    await echo(hosts.internet, 'UDP', 9000)
    await expectAll(lab())
    await (await client(lab()))('-d', 7000, 'UDP')
    await (await client(lab()))('-d', 7000, 'TCP')
    expect(await carrier.complete()).toEqual([])
    expect(await daemon.stop()).toBe(0)
    expect(daemon.lines.filter((line) => /WARN|ERROR/.test(line))).toEqual([])
  })
})
