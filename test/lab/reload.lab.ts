import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { CLI, get, HTTP_PORT } from './support/daemon.ts'
import { client, useNetwork } from './support/lab.ts'
import { type Program, until } from './support/program.ts'
import { ADDRESS } from './support/topology.ts'
import { ask, echo } from './support/traffic.ts'

const OUTSIDE = { transport: 'UDP', address: ADDRESS.external, port: 7000 } as const
const FILE = join(process.env['LAB_DIRECTORY'] ?? tmpdir(), 'reload.toml')
const PAGE = `http://${ADDRESS.cpeLan}:${HTTP_PORT}/`

describe('SIGHUP while a mapping is in use', () => {
  const lab = useNetwork({ nat: 'nftables', findsServer: true, flags: ['--config', FILE] })
  /** A second PCP server, the embedded one. */
  let other: Program

  beforeAll(async () => {
    const { lan1, neighbour } = lab().hosts
    other = neighbour.start([process.execPath, CLI, 'pcp-server', '--listen', ADDRESS.neighbour])
    await other.line(/^PCP server on/)
    writeFileSync(FILE, `pcp.servers = ["${ADDRESS.carrier}"]\n`)
    await lab().daemon.start()
    await echo(lan1, 'UDP', 6000)
    await (await client(lab()))('-a', ADDRESS.lan1, 6000, OUTSIDE.port, 'UDP', 3600)
    expect(await trafficFlows()).toMatch(`${ADDRESS.internet}:`)
  })

  const trafficFlows = () => until('traffic', 10_000, () => ask(lab().hosts.internet, OUTSIDE))

  /** The line that says what became of it. */
  async function reload(text: string): Promise<string> {
    const { daemon } = lab()
    const before = daemon.lines()
    writeFileSync(FILE, text)
    daemon.signal('SIGHUP')
    return await until('a line about the configuration', 5000, () =>
      daemon.said.slice(before).find((line) => line.includes('the configuration')),
    )
  }

  it('takes over what it can, and names what waits for a restart', async () => {
    const { cpe, lan1 } = lab().hosts
    expect(await get(lan1, PAGE)).toContain('<h1')
    const line = await reload(`
pcp.servers = ["${ADDRESS.carrier}"]
nat.masquerade = "off"
http.page = "off"
access.perHost = 1
metrics.listen = "127.0.0.1:9188"
`)
    expect(line).toMatch(
      /the configuration is reloaded takenOver=\["access.perHost","http.page","metrics.listen"\] needsRestart=\["nat.masquerade"\]$/,
    )
    expect(await get(lan1, PAGE)).toBeUndefined()
    expect(await get(cpe, 'http://127.0.0.1:9188/metrics')).toContain('igd_pcp_mappings{state="active"} 1\n')
    const refused = await (await client(lab()))('-a', ADDRESS.lan1, 6001, 7001, 'UDP', 3600)
    expect(refused).toMatch(/failed/)
    expect(await trafficFlows()).toMatch(`${ADDRESS.internet}:`)
  })

  it('a mistake changes nothing', async () => {
    expect(await reload('http.page = "some"\n')).toContain(
      'the configuration has a mistake; going on with the old one problem="',
    )
    expect(await get(lab().hosts.lan1, PAGE)).toBeUndefined()
    expect(await trafficFlows()).toMatch(`${ADDRESS.internet}:`)
  })

  it('another server gets the mapping, and the old one loses it', async () => {
    expect(await reload(`pcp.servers = ["${ADDRESS.neighbour}"]\n`)).toContain('takenOver=["pcp.servers",')
    await other.line(/SUCCESS [^ ]+:7000 /)
    await until(
      () => `the mapping leaves the carrier\n${lab().daemon.log()}`,
      30_000,
      async () => (await lab().carrier.leases()).length === 0 || undefined,
    )
    expect(await (await client(lab()))('-l')).toContain(`7000->${ADDRESS.lan1}:6000`)
  })

  it('LAN hosts are kept from a server at a port of its own, too', async () => {
    const { cpe } = lab().hosts
    await reload(`pcp.servers = ["${ADDRESS.neighbour}", "${ADDRESS.neighbour}:15351"]\n`)
    expect(await cpe.must(['nft', 'list', 'chain', 'ip', 'igd_pcp', 'lan_pcp'])).toContain(
      `udp dport { ${ADDRESS.neighbour} . 15351 } drop`,
    )
  })
})
