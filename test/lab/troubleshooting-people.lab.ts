import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { CLI } from './support/daemon.ts'
import { client, useNetwork } from './support/lab.ts'
import { until } from './support/program.ts'
import { ADDRESS } from './support/topology.ts'
import { ask, echo } from './support/traffic.ts'
import { redirections, upnpc } from './support/upnpc.ts'

// docs/troubleshooting.md: what people see, and what they are told to do about it.

const FILE = join(process.env['LAB_DIRECTORY'] ?? tmpdir(), 'people.toml')
const PRIVATE = '10.64.0.1'

describe('docs/troubleshooting.md: what people see', () => {
  const lab = useNetwork({ nat: 'nftables', findsServer: true, flags: ['--config', FILE] })

  const configure = (server: string) => writeFileSync(FILE, `pcp.servers = ["${server}"]\n`)
  const says = (match: RegExp) =>
    until(`status says ${match.source}`, 10_000, async () => match.exec(await lab().daemon.status())?.[0])

  /** What `systemctl reload igd-pcp` does. */
  function reload(server: string): void {
    configure(server)
    lab().daemon.signal('SIGHUP')
  }

  const igdPcp = async (...words: readonly string[]) => {
    const { controlPath } = lab().daemon
    return await lab().hosts.cpe.must([process.execPath, CLI, ...words, '--control', controlPath])
  }

  beforeAll(async () => {
    // A second server on the way, whose external address is a private one.
    const { neighbour } = lab().hosts
    const listen = ['pcp-server', '--listen', ADDRESS.neighbour, '--external', PRIVATE]
    await neighbour.start([process.execPath, CLI, ...listen]).line(/^PCP server on/)
    configure(ADDRESS.neighbour)
    await lab().daemon.start()
  })

  it('a private external address: upnpc and status show it, until the carrier has a public one', async () => {
    await says(/^warning: the carrier’s external address 10\.64\.0\.1 is a private one, /m)
    await says(new RegExp(`^ *external address +${PRIVATE.replaceAll('.', '\\.')}$`, 'm'))
    const run = upnpc(lab().hosts.lan1)
    expect(await run('-s')).toMatch(
      /Found a \(not connected\?\) IGD|No valid UPNP Internet Gateway Device found/,
    )
    reload(ADDRESS.carrier)
    await says(new RegExp(`^ *external address +${ADDRESS.external.replaceAll('.', '\\.')}$`, 'm'))
    const cured = await run('-s')
    expect(cured).toContain(`ExternalIPAddress = ${ADDRESS.external}`)
    expect(cured).not.toMatch(/not connected|No valid/)
  })

  it('a lease that ended: the last events say so, and a mapping of the operator stays', async () => {
    const { internet, lan1 } = lab().hosts
    const run = await client(lab())
    await echo(lan1, 'TCP', 8080)
    const outside = { transport: 'TCP', address: ADDRESS.external, port: 8080 } as const
    const reached = async () => (await ask(internet, outside)) !== undefined
    await run('-a', ADDRESS.lan1, 8080, 8080, 'TCP', 3)
    expect(await reached()).toBe(true)
    await says(/the lease of a mapping ended .*8080/)
    expect(redirections(await run('-l'))).toEqual([])
    expect(await reached()).toBe(false)
    await igdPcp('mappings', 'add', 'TCP', '8080', `${ADDRESS.lan1}:8080`)
    expect(await igdPcp('mappings')).toMatch(/8080 .* for ever /)
    await until('it is reached', 10_000, async () => (await reached()) || undefined)
  })

  it('another NAT in between that speaks PCP: named in pcp.servers, a reload is enough', async () => {
    const { carrier } = lab().hosts
    await carrier.nft(`table ip between {
	chain input {
		type nat hook input priority 100;
		ip saddr ${ADDRESS.cpeWan} udp dport 5351 snat to 100.64.7.77
	}
}`)
    await carrier.run(['conntrack', '-D', '-p', 'udp'])
    await lab().daemon.stop()
    await lab().daemon.start()
    await says(/^error: another NAT stands between .*ADDRESS_MISMATCH/m)
    reload(ADDRESS.neighbour)
    await says(/^Port mapping works, but .* private one/m)
  })
})
