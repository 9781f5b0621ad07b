import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { UsageError } from '../../src/commands/arguments.ts'
import { runPcpServer } from '../../src/commands/pcp-server.ts'
import { FLAG_OPTIONS } from '../../src/pcp-server/flags.ts'
import type { Request } from '../../src/pcp/wire/message.ts'
import { encodeRequest } from '../../src/pcp/wire/packet.ts'
import { ip } from '../pcp/literals.ts'
import { FakeIo } from '../support/fake-io.ts'
import { decode, mapRequest, seen } from './bench.ts'

const FIRST_LINE =
  /^PCP server on 127\.0\.0\.1:(\d+), for tests and labs: it moves no packets\. Not for production\.\n/

/** A server that runs, and somebody who asks it. */
async function started(...flags: string[]) {
  const io = new FakeIo()
  const code = runPcpServer(['--listen', '127.0.0.1:0', ...flags], io)
  await vi.waitFor(() => {
    expect(io.stdout).toMatch(FIRST_LINE)
  })
  const port = Number(FIRST_LINE.exec(io.stdout)?.[1])
  const client = createSocket('udp4').bind(0, '127.0.0.1')
  onTestFinished(() => void client.close())
  const ask = async (request: Request) => {
    const answered = once(client, 'message')
    client.send(encodeRequest(request), port, '127.0.0.1')
    const [bytes] = (await answered) as [Uint8Array]
    return seen(decode(bytes))
  }
  return { io, code, port, ask }
}

const client = ip('127.0.0.1')

describe('igd-pcp pcp-server', () => {
  it('says what it is, tells each answer in a line, and ends with 0 at SIGTERM', async () => {
    const { io, code, ask } = await started('--external', '198.51.100.1', '--result', 'NO_RESOURCES:30:1')
    expect((await ask(mapRequest({ client }))).result).toBe('NO_RESOURCES')
    expect((await ask(mapRequest({ client }))).external).toBe('198.51.100.1:8080')
    process.emit('SIGTERM')
    expect(await code).toBe(0)
    const [, ...lines] = io.stdout.trimEnd().split('\n')
    expect(lines).toEqual([
      expect.stringMatching(/INFO 127\.0\.0\.1:\d+ MAP TCP 49152 for 3600 s: NO_RESOURCES for 30 s/),
      expect.stringMatching(
        /INFO 127\.0\.0\.1:\d+ MAP TCP 49152 for 3600 s: SUCCESS 198\.51\.100\.1:8080 for 3600 s/,
      ),
    ])
    expect(io.stderr).toBe('')
  })

  it('loses its table at SIGHUP, and ends with 0 at SIGINT', async () => {
    const { io, code, ask } = await started('--ports', '2000-2000')
    await ask(mapRequest({ client, internalPort: 1 }))
    expect((await ask(mapRequest({ client, internalPort: 2 }))).result).toBe('NO_RESOURCES')
    process.emit('SIGHUP')
    expect((await ask(mapRequest({ client, internalPort: 2 }))).external).toBe('203.0.113.1:2000')
    process.emit('SIGINT')
    expect(await code).toBe(0)
    expect(io.stdout).toMatch(/INFO restarted with an empty table/)
    expect(process.listenerCount('SIGHUP')).toBe(0)
  })

  it('ends with 2 and one line where the port is in use', async () => {
    const taken = createSocket('udp4').bind(0, '127.0.0.1')
    await once(taken, 'listening')
    onTestFinished(() => void taken.close())
    const at = `127.0.0.1:${taken.address().port}`
    const io = new FakeIo()
    expect(await runPcpServer(['--listen', at], io)).toBe(2)
    expect(io.stdout).toBe('')
    expect(io.stderr).toBe(
      `igd-pcp pcp-server: cannot listen on ${at}: the port is in use; ` +
        'end the other server or choose another port with --listen\n',
    )
  })

  it('ends with 2 and one line where the address is not of this machine', async () => {
    const io = new FakeIo()
    expect(await runPcpServer(['--listen', '192.0.2.99'], io)).toBe(2)
    expect(io.stderr).toBe(
      'igd-pcp pcp-server: cannot listen on 192.0.2.99:5351: this machine has no such address; see "ip address"\n',
    )
  })

  it.each([['--nonsense'], ['word'], ['--quota'], ['--quota', 'many'], ['--no-filter=yes']])(
    'refuses %s %s, and starts nothing',
    async (...argv) => {
      const io = new FakeIo()
      await expect(runPcpServer(argv, io)).rejects.toThrow(UsageError)
      expect(io.stdout).toBe('')
    },
  )

  it('--help names every flag', async () => {
    const io = new FakeIo()
    expect(await runPcpServer(['--help'], io)).toBe(0)
    const named = [...io.stdout.matchAll(/^ {2}--(\S+)/gm)].map(([, name]) => name)
    expect(named.sort()).toEqual(Object.keys(FLAG_OPTIONS).sort())
  })
})
