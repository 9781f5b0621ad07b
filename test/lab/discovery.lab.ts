import { beforeAll, describe, expect, it } from 'vitest'
import { CLI, call, IGD1 } from './support/daemon.ts'
import { DhcpClient, dhcpServer } from './support/dhcp.ts'
import { client, locate, useNetwork } from './support/lab.ts'
import { type Program, until } from './support/program.ts'
import { ADDRESS } from './support/topology.ts'
import { ask, echo } from './support/traffic.ts'

const OUTSIDE = { transport: 'UDP', address: ADDRESS.external, port: 7000 } as const

/** Option 158 that names one server (RFC 7291 §4), as dnsmasq spells it. */
const pcpServer = (address: string): string =>
  `158,${[4, ...address.split('.').map(Number)].map((octet) => octet.toString(16).padStart(2, '0')).join(':')}`

/** What the carrier's DHCP tells; its router is the carrier, which has a PCP server too. */
const pool = (...options: readonly string[]) => ({
  device: 'access',
  router: ADDRESS.carrier,
  first: ADDRESS.cpeWan,
  last: ADDRESS.cpeWan,
  options,
})

describe('D7291-4: the PCP server that DHCP names', () => {
  const lab = useNetwork({ nat: 'nftables', findsServer: true })
  let server: Program
  let dhcp: DhcpClient
  /** A second PCP server, the embedded one. */
  let other: Program

  beforeAll(async () => {
    const { cpe, lan1, neighbour } = lab().hosts
    other = neighbour.start([process.execPath, CLI, 'pcp-server', '--listen', ADDRESS.neighbour])
    await other.line(/^PCP server on/)
    await cpe.ip('addr flush dev wan')
    await lab().daemon.start()
    await echo(lan1, 'UDP', 6000)
  })

  /** The carrier changes what it tells, and the CPE asks again. */
  async function tell(...options: readonly string[]): Promise<void> {
    await server.stop()
    server = await dhcpServer(lab().hosts.carrier, pool(...options), lab().directory)
    dhcp.renew()
    expect(await dhcp.address()).toBe(ADDRESS.cpeWan)
  }

  const isMapped = async () =>
    (await lab().carrier.complete()).some(({ externalPort }) => externalPort === OUTSIDE.port)

  const comes = (isThere: boolean) =>
    until(
      () => `the mapping ${isThere ? 'comes to' : 'leaves'} the carrier\n${lab().daemon.log()}`,
      30_000,
      async () => (await isMapped()) === isThere || undefined,
    )

  const trafficFlows = () => until('traffic', 10_000, () => ask(lab().hosts.internet, OUTSIDE))

  it('a daemon that runs before DHCP has answered says so, refuses, and then serves', async () => {
    const { carrier, cpe, lan1 } = lab().hosts
    expect(lab().daemon.log()).toContain('no PCP server is known')
    const mapping = {
      NewRemoteHost: '',
      NewExternalPort: OUTSIDE.port,
      NewProtocol: 'UDP',
      NewInternalPort: 6000,
      NewInternalClient: ADDRESS.lan1,
      NewEnabled: 1,
      NewPortMappingDescription: 'lab',
      NewLeaseDuration: 3600,
    }
    expect(await call(lan1, await locate(lab(), IGD1), 'AddPortMapping', mapping)).toBe(501)

    server = await dhcpServer(carrier, pool(pcpServer(ADDRESS.carrier)), lab().directory)
    dhcp = new DhcpClient(cpe, 'wan', lab().directory)
    expect(await dhcp.address()).toBe(ADDRESS.cpeWan)
    await until('the mapping is granted', 30_000, async () => {
      await (await client(lab()))('-a', ADDRESS.lan1, 6000, OUTSIDE.port, 'UDP', 3600)
      return (await isMapped()) || undefined
    })
    expect(lab().daemon.log()).toContain(`source=dhcp servers=["${ADDRESS.carrier}:5351"]`)
    expect(await trafficFlows()).toMatch(`${ADDRESS.internet}:`)
  })

  it('S7723-3-1: another one gets the mapping, and the old one loses it', async () => {
    await tell(pcpServer(ADDRESS.neighbour))
    await comes(false)
    await other.line(/SUCCESS [^ ]+:7000 /)
    expect(lab().daemon.log()).toContain(`source=dhcp servers=["${ADDRESS.neighbour}:5351"]`)
  })

  it('none any more: the default router gets the mapping, and traffic flows', async () => {
    await tell()
    await comes(true)
    expect(await trafficFlows()).toMatch(`${ADDRESS.internet}:`)
  })
})
