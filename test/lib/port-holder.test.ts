import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { endianness, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { portHolder } from '../../src/lib/port-holder.ts'

const roots: string[] = []
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true })
})

interface Process {
  readonly name: string
  readonly cgroup?: string
  readonly files: readonly string[]
}

/** A /proc with these rows in net/udp and net/tcp, and these programs. */
function procOf(rows: readonly string[], processes: Readonly<Record<string, Process>>): string {
  const root = mkdtempSync(join(tmpdir(), 'igd-pcp-proc-'))
  roots.push(root)
  mkdirSync(join(root, 'net'))
  for (const table of ['udp', 'tcp']) writeFileSync(join(root, 'net', table), ['  sl', ...rows].join('\n'))
  for (const [pid, { cgroup = '0::/', files, name }] of Object.entries(processes)) {
    mkdirSync(join(root, pid, 'fd'), { recursive: true })
    writeFileSync(join(root, pid, 'comm'), `${name}\n`)
    writeFileSync(join(root, pid, 'cgroup'), `${cgroup}\n`)
    files.forEach((file, fd) => symlinkSync(file, join(root, pid, 'fd', String(fd))))
  }
  return root
}

const row = (local: string, state: string, inode: string) =>
  ` 0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 0 0 ${inode} 1 0`
/** UDP port 1900 and TCP port 5000 of every address, and what a shell has. */
const SEARCHES = row('00000000:076C', '07', '41')
const SERVES = row('00000000:1388', '0A', '42')
const SHELL: Process = { name: 'sh', files: ['/dev/null', 'socket:[40]'] }

const udp = (address = '192.168.1.1') => ({ transport: 'udp', address, port: 1900 }) as const
const tcp = { transport: 'tcp', address: '192.168.1.1', port: 5000 } as const
const holding = (name: string, cgroup?: string): Process => ({
  name,
  files: ['/dev/null', 'socket:[41]', 'socket:[42]'],
  ...(cgroup === undefined ? {} : { cgroup }),
})

describe.runIf(endianness() === 'LE')('who has the port, and what ends it', () => {
  it.each([
    ['a program', holding('minidlnad'), 'minidlnad (process 812)', 'stop it: kill 812'],
    [
      'a service',
      holding('miniupnpd', '0::/system.slice/miniupnpd.service'),
      'miniupnpd (process 812)',
      'stop it: systemctl disable --now miniupnpd',
    ],
    [
      'one instance of a service, in the older hierarchy of control groups',
      holding('gssdp', '12:pids:/x\n1:name=systemd:/system.slice/system-gssdp.slice/gssdp@lan.service'),
      'gssdp (process 812)',
      'stop it: systemctl disable --now gssdp@lan',
    ],
    [
      'a program of a user',
      holding('kodi', '0::/user.slice/user-1000.slice/user@1000.service/app.slice/kodi.service'),
      'kodi (process 812)',
      'stop it: kill 812',
    ],
    [
      'a name that plays with the terminal',
      holding('\x1b[2J\x07x'),
      '?[2J?x (process 812)',
      'stop it: kill 812',
    ],
    [
      'a daemon of ours, which is not to be ended for a wrong --control',
      holding('node', '0::/system.slice/igd-pcp.service'),
      'igd-pcp (process 812)',
      'it runs already, and answers at another control.path',
    ],
  ])('%s', (_what, holder, who, cure) => {
    const root = procOf([SEARCHES, SERVES], { 7: SHELL, 812: holder })
    expect(portHolder(udp(), root)).toEqual({ who, cure })
    expect(portHolder(tcp, root)).toEqual({ who, cure })
  })

  const NOT_SEEN = {
    who: 'another program',
    cure: '"ss -lunp sport = :1900" as root says which; stop it',
  }

  it.each([
    ['a program that is not ours to see', SEARCHES, { 7: SHELL }],
    ['a socket at another address', row('0201A8C0:076C', '07', '41'), { 812: holding('x') }],
    ['a socket at another port', row('00000000:076D', '07', '41'), { 812: holding('x') }],
  ])('%s', (_what, line, processes) => {
    expect(portHolder(udp(), procOf([line], processes))).toEqual(NOT_SEEN)
  })

  it('without anything to read', () => {
    expect(portHolder(udp(), join(tmpdir(), 'igd-pcp-nowhere'))).toEqual(NOT_SEEN)
  })

  it('the socket at the one address is in the way of whoever wants every address', () => {
    const root = procOf([row('0201A8C0:076C', '07', '41')], { 812: holding('x') })
    expect(portHolder(udp('0.0.0.0'), root).who).toBe('x (process 812)')
  })

  it('a connection from that port is not in the way of whoever listens', () => {
    const root = procOf([row('0101A8C0:1388', '01', '42')], { 812: holding('x') })
    expect(portHolder(tcp, root).who).toBe('another program')
  })
})

it('finds this process', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  const port = typeof bound === 'object' ? (bound?.port ?? 0) : 0
  const { who } = portHolder({ transport: 'tcp', address: '127.0.0.1', port })
  server.close()
  expect(who).toContain(`(process ${process.pid})`)
})
