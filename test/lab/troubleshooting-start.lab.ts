import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { useNetwork } from './support/lab.ts'
import { type Finished, type Program, until } from './support/program.ts'
import { ADDRESS } from './support/topology.ts'

// docs/troubleshooting.md, "The daemon does not start": what is in the way is named, and the advice as it is printed,
// run word for word, cures it.

/** Holds UDP port 1900 of every address for itself alone. */
const HOLD_1900 =
  'import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 1900)); print("held", flush=True); time.sleep(600)'

describe('docs/troubleshooting.md: what keeps the daemon from starting', () => {
  const lab = useNetwork({ nat: 'nftables' })
  afterEach(() => lab().daemon.stop())

  /** `igd-pcp run` as it was tried, and `igd-pcp status` after that. */
  async function attempt(): Promise<{ readonly started: Finished; readonly said: string }> {
    const { daemon, directory, hosts } = lab()
    const started = await hosts.cpe.run(daemon.command())
    const [node = '', cli = ''] = daemon.command()
    const config = join(directory, 'status.toml')
    await writeFile(
      config,
      `lan.interfaces = ["lan"]\nwan.interface = "wan"\nstate.dir = "${directory}/state"\n`,
    )
    const asking = [node, cli, 'status', '--config', config, '--control', daemon.controlPath]
    const { code, stderr } = await hosts.cpe.run(asking)
    expect(code).toBe(3)
    return { started, said: stderr }
  }

  const inCpe = (command: string) => lab().hosts.cpe.must(['sh', '-c', command])

  async function works(): Promise<void> {
    await lab().daemon.start()
    await until('port mapping works', 10_000, async () => {
      return /^Port mapping works/m.test(await lab().daemon.status()) || undefined
    })
  }

  const taken = async (command: readonly string[], ready: RegExp): Promise<Program> => {
    const program = lab().hosts.cpe.start(command)
    await program.line(ready)
    return program
  }

  it.each([
    [
      'UDP port 1900 taken',
      ['/usr/bin/python3', '-c', HOLD_1900],
      /held/,
      /SSDP cannot use UDP port 1900 at \S+ \(.+\): python3 \(process (\d+)\) holds it for itself; stop it: (kill \d+)$/m,
    ],
    [
      'TCP port 5000 taken',
      ['/usr/bin/python3', '-u', '-m', 'http.server', '5000'],
      /Serving HTTP/,
      /192\.168\.77\.1:5000 is in use by python3 \(process (\d+)\); stop it: (kill \d+), or choose another port/m,
    ],
  ])('%s: it says by whom, and what it says frees it', async (_what, command, ready, names) => {
    const holder = await taken(command, ready)
    const { said, started } = await attempt()
    expect(started.code).toBe(2)
    expect(started.stderr).toMatch(names)
    const [, pid, cure = ''] = names.exec(said) ?? []
    expect(said).toMatch(names)
    expect(pid).toBe(String(holder.pid))
    await inCpe(cure)
    expect(await holder.ended()).toBe(-1)
    await works()
  })

  it('TCP port 5000 taken: another port, as the table says', async () => {
    const holder = await taken(['/usr/bin/python3', '-u', '-m', 'http.server', '5000'], /Serving HTTP/)
    const { daemon, hosts } = lab()
    const second = hosts.cpe.start(daemon.command(['--http-port', '5001']))
    await until('port mapping works', 10_000, async () => {
      return /^Port mapping works/m.test(await daemon.status()) || undefined
    })
    expect(await second.stop()).toBe(0)
    await holder.stop()
  })

  it('a second daemon: it says so, and starts when the first one ended', async () => {
    const { daemon, hosts } = lab()
    const first = hosts.cpe.start(daemon.command())
    await until('the first one works', 10_000, async () => {
      return /^Port mapping works/m.test(await daemon.status()) || undefined
    })
    const { code, stderr } = await hosts.cpe.run(daemon.command())
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/another igd-pcp uses \S+\/state; end it: a router has only one\n$/),
    ])
    expect(first.running).toBe(true)
    expect(await first.stop()).toBe(0)
    await works()
  })

  it('a second daemon with all of its own: it says so, and takes no mapping from the first one', async () => {
    const { daemon, directory, hosts } = lab()
    await works()
    const [node = '', cli = ''] = daemon.command()
    const add = ['mappings', 'add', 'TCP', '8080', `${ADDRESS.lan1}:8080`, '--control', daemon.controlPath]
    await hosts.cpe.must([node, cli, ...add])
    const its = (name: string) => join(directory, `second-${name}`)
    const own = ['--http-port', '5001', '--state-dir', its('state'), '--control', its('control.sock')]
    const { code, stderr } = await hosts.cpe.run(daemon.command(own))
    expect([code, stderr]).toEqual([
      2,
      'igd-pcp run: another igd-pcp has the nftables table ip igd_pcp; end it: a router has only one\n',
    ])
    expect(await inCpe('nft list map ip igd_pcp inbound')).toContain(`: ${ADDRESS.lan1} . 8080`)
  })
})
