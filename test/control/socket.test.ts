import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UsageError } from '../../src/commands/arguments.ts'
import { USUAL_FILE } from '../../src/commands/daemon.ts'
import { mappings } from '../../src/commands/mappings.ts'
import { status } from '../../src/commands/status.ts'
import { ask, lines } from '../../src/control/client.ts'
import { openControl } from '../../src/control/control.ts'
import type { EventStatus, Status } from '../../src/core/status.ts'
import { Closers } from '../../src/lib/closers.ts'
import { coreBench } from '../support/core-bench.ts'
import { FakeIo } from '../support/fake-io.ts'
import { STATUS } from '../support/status.ts'

// The socket itself, on a path of this test alone.

let dir: string
let path: string
let closers: Closers
let events: ((event: EventStatus) => void)[]
let now: Status

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'igd-pcp-control-'))
  path = join(dir, 'run', 'control.sock')
  closers = new Closers((error) => {
    throw error
  })
  events = []
  now = STATUS
})
afterEach(async () => {
  await closers[Symbol.asyncDispose]()
  await rm(dir, { recursive: true })
})

const ignore = () => undefined

async function open() {
  const { iwf } = coreBench()
  const overview = {
    read: () => now,
    onEvent: (listener: (event: EventStatus) => void) => {
      events.push(listener)
      return { [Symbol.dispose]: () => void events.splice(events.indexOf(listener), 1) }
    },
  }
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
  await openControl(path, { log, gateway: iwf, overview }, closers)
}

async function command(run: typeof status, ...argv: string[]) {
  const io = new FakeIo()
  const code = await run([...argv, '--control', path], io)
  return { code, stdout: io.stdout, stderr: io.stderr }
}

describe('the socket', () => {
  it('is in a directory that is made, and for its owner and group alone', async () => {
    await open()
    expect((await stat(path)).mode & 0o777).toBe(0o660)
    expect((await stat(join(dir, 'run'))).mode & 0o777).toBe(0o750)
  })

  it('goes with the daemon', async () => {
    await open()
    await closers[Symbol.asyncDispose]()
    await expect(stat(path)).rejects.toThrow('ENOENT')
  })

  it('one that nobody listens on any more is replaced', async () => {
    path = join(dir, 'stale.sock')
    // A process that ends without closing leaves the file behind.
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
    expect(() => execFileSync(process.execPath, ['-e', script])).toThrow()
    expect((await stat(path)).isSocket()).toBe(true)
    await open()
    expect((await ask(path, { method: 'GET', url: '/v1/status' })).status).toBe(200)
  })

  it('one that somebody answers at is left alone', async () => {
    await open()
    await expect(open()).rejects.toThrow(/another igd-pcp answers at .*control\.sock; stop it/)
    expect((await ask(path, { method: 'GET', url: '/v1/status' })).status).toBe(200)
  })

  it('what is no socket is left alone', async () => {
    path = join(dir, 'file')
    await writeFile(path, 'mine')
    await expect(open()).rejects.toThrow(/is no socket/)
    expect((await stat(path)).size).toBe(4)
  })
})

describe('igd-pcp status', () => {
  it('says it all, and ends with 0 where it works', async () => {
    await open()
    const { code, stdout } = await command(status)
    expect(code).toBe(0)
    expect(stdout).toMatchInlineSnapshot(`
      "Port mapping works: the carrier answers.

        LAN               lan0 192.168.1.1/24
        WAN               wan0 100.64.0.2, router NAT: nftables
        PCP server        192.0.2.1:5351 (static), PCP, heard 3 s ago, up for 1 d 1 h
        external address  203.0.114.1
        carrier has       PREFER_FAILURE
        carrier lacks     FILTER
        since start       1 d 2 h (igd-pcp 1.2.3), 0 renewals, 0 retransmissions, 0 times the carrier lost its state

      1 mapping:
        PROTO  EXTERNAL          LAN HOST         OPEN TO  LEASE LEFT  RENEWAL IN  STATE   DESCRIPTION
        TCP    203.0.114.1:8080  192.168.1.10:80  anybody  for ever    25 min      ACTIVE  web
      "
    `)
  })

  it('a problem is one line with its cause and its cure, and the exit code is 1', async () => {
    await open()
    now = {
      ...STATUS,
      health: { severity: 'error', sentence: 'It does not.' },
      problems: [{ id: 'carrier-silent', severity: 'error', cause: 'nobody answers', cure: 'ask them' }],
    }
    const { code, stdout } = await command(status)
    expect(code).toBe(1)
    expect(stdout).toContain('It does not.\nerror: nobody answers; ask them\n')
  })

  it('--json is what the daemon has; --tr181 the tree', async () => {
    await open()
    expect(JSON.parse((await command(status, '--json')).stdout)).toEqual(STATUS)
    expect((await command(status, '--json', '--tr181')).stdout).toContain('"UPnPIWF"')
    await expect(command(status, '--tr181')).rejects.toThrow('--tr181 goes with --json')
  })

  it('what a LAN host chose gives the terminal no orders', async () => {
    await open()
    const [mapping] = STATUS.mappings
    if (!mapping) throw new Error('no mapping')
    const entry = { remoteHost: '', description: '\u001b[31mred\nrow', lease: 0, leaseLeft: 0 }
    now = { ...STATUS, mappings: [{ ...mapping, entries: [entry] }] }
    const { stdout } = await command(mappings)
    expect(stdout).toContain('\\u001b[31mred\\u000arow')
    expect(stdout.split('\n').length).toBe(3)
  })

  it('events come as they happen, until the reader goes', async () => {
    await open()
    const reading = lines(path, '/v1/events')
    const first = reading.next()
    while (events.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const event = { time: 'now', level: 'info', text: 'it happened', details: {} } as const
    events[0]?.(event)
    expect(JSON.parse(String((await first).value))).toEqual(event)
    await reading.return(undefined)
    while (events.length > 0) await new Promise((resolve) => setImmediate(resolve))
  })
})

describe('igd-pcp mappings: a wrong command is no question for the daemon', () => {
  it.each([
    ['add TCP', 'give TCP|UDP EXTPORT CLIENT:PORT'],
    ['add TCP 8080 192.168.1.10', 'give TCP|UDP EXTPORT CLIENT:PORT'],
    ['add TCP 8080 192.168.1.10:80:90', 'give TCP|UDP EXTPORT CLIENT:PORT'],
    ['add SCTP 8080 192.168.1.10:80', 'protocol must be TCP or UDP'],
    ['add TCP 99999 192.168.1.10:80', 'externalPort must be a port, 1 to 65535'],
    ['add TCP 8080 192.168.1.10:http', 'internalPort must be a port, 1 to 65535'],
    ['add TCP 8080 nas:80', 'internalClient must be the IPv4 address of a LAN host'],
    ['add TCP 8080 192.168.1.10:80 --lease 1h', 'lease must be whole seconds'],
    ['add TCP 8080 192.168.1.10:80 --lease -1', /ambiguous$/],
    ['add TCP 8080 192.168.1.10:80 --remote-host nas', 'remoteHost must be one IPv4 address'],
    ['delete TCP', 'give TCP|UDP EXTPORT'],
    ['delete TCP http', 'externalPort must be a number'],
    ['delete SCTP 80', 'protocol must be TCP or UDP'],
    ['delete TCP 80 --remote-host nas', 'remoteHost must be one IPv4 address'],
    ['list 80', 'list takes no further words'],
    ['forget', 'unknown word "forget"'],
  ])('%s', async (line, why) => {
    const wrong = command(mappings, ...line.split(' '))
    await expect(wrong).rejects.toThrow(UsageError)
    await expect(wrong).rejects.toThrow(why)
  })
})

describe('where no daemon runs', () => {
  it.each([
    ['status', status],
    ['mappings', mappings],
  ])('%s says so in one line with the cause and the cure, and ends with 3', async (_name, run) => {
    const config = join(dir, 'r.toml')
    await writeFile(config, 'lan.interfaces = ["nosuchlan"]\nwan.interface = "lo"\n')
    const { code, stderr, stdout } = await command(run, '--config', config)
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toMatch(
      /^igd-pcp: no daemon runs \(nobody answers at .*\); there is no interface nosuchlan; see "ip link" .*\n$/,
    )
  })

  // Where it is installed, its file says so.
  it.skipIf(existsSync(USUAL_FILE))(
    'nothing says how it is configured, as on OpenWrt: no reason',
    async () => {
      expect((await command(status)).stderr).toMatch(
        /^igd-pcp: no daemon runs \(.*\); start it: .* logread -e igd-pcp\n$/,
      )
    },
  )

  it('a configuration that is wrong is the reason', async () => {
    const config = join(dir, 'r.toml')
    await writeFile(config, 'lan.interfaces = []\nwan.interface = "lo"\n')
    expect((await command(status, '--config', config)).stderr).toMatch(/r\.toml:1: lan\.interfaces: must be/)
  })
})
