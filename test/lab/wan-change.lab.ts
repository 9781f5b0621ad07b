import { beforeAll, describe, expect, it } from 'vitest'
import { DhcpClient, dhcpServer } from './support/dhcp.ts'
import { client, useNetwork } from './support/lab.ts'
import { type Program, until } from './support/program.ts'
import { ADDRESS } from './support/topology.ts'
import { ask, echo } from './support/traffic.ts'
import { redirections } from './support/upnpc.ts'

const SECOND = '100.64.7.3'
const THIRD = '100.64.7.4'
/** One address at a time, so that the server decides which. */
const pool = (address: string) => ({
  device: 'access',
  router: ADDRESS.carrier,
  first: address,
  last: address,
})
const OUTSIDE = { transport: 'UDP', address: ADDRESS.external, port: 7000 } as const

describe('R6970-5.10-2: another WAN address', () => {
  // Short, as the carrier keeps the port for the old address until the mapping there ends.
  const lab = useNetwork({ nat: 'nftables', maxLifetime: 20 })
  let server: Program
  let dhcp: DhcpClient

  /** Whom the carrier's mapping leads to. */
  const mappedTo = async () =>
    (await lab().carrier.complete()).find((lease) => lease.externalPort === OUTSIDE.port)?.internalAddress
  const comesBackTo = (address: string, within: number) =>
    until(
      () => `the mapping leads to ${address}\n${lab().daemon.log()}`,
      within,
      async () => (await mappedTo()) === address || undefined,
    )
  const expectTraffic = async () => {
    expect(await ask(lab().hosts.internet, OUTSIDE)).toMatch(`${ADDRESS.internet}:`)
    const listed = redirections(await (await client(lab()))('-l'))
    expect(listed.map(({ externalPort }) => externalPort)).toEqual([OUTSIDE.port])
  }

  beforeAll(async () => {
    const { carrier, cpe, lan1 } = lab().hosts
    await cpe.ip('addr flush dev wan')
    server = await dhcpServer(carrier, pool(ADDRESS.cpeWan), lab().directory)
    dhcp = new DhcpClient(cpe, 'wan')
    expect(await dhcp.address()).toBe(ADDRESS.cpeWan)
    await lab().daemon.start()
    await echo(lan1, 'UDP', 6000)
    await (await client(lab()))('-a', ADDRESS.lan1, 6000, OUTSIDE.port, 'UDP', 3600)
    expect(await mappedTo()).toBe(ADDRESS.cpeWan)
  })

  it('given by DHCP: the mapping comes back with its port, and traffic flows', async () => {
    await server.stop()
    server = await dhcpServer(lab().hosts.carrier, pool(SECOND), lab().directory)
    dhcp.renew()
    expect(await dhcp.address()).toBe(SECOND)
    await comesBackTo(SECOND, 90_000)
    await expectTraffic()
  })

  it('the link goes down and up again: so does the traffic', async () => {
    const { cpe } = lab().hosts
    await cpe.ip('link set wan down')
    await until(
      'the daemon noticed',
      3_000,
      () => /WAN address changed.*none/.test(lab().daemon.log()) || undefined,
    )
    await cpe.ip('link set wan up', `route replace default via ${ADDRESS.carrier} dev wan`)
    await comesBackTo(SECOND, 30_000)
    await until('traffic', 10_000, () => ask(lab().hosts.internet, OUTSIDE))
    await expectTraffic()
  })

  it('while the old one still works: its mapping is deleted from there, and comes back at once', async () => {
    const { cpe } = lab().hosts
    await dhcp.program.stop('SIGKILL')
    await cpe.sysctl('net.ipv4.conf.wan.promote_secondaries=1')
    await cpe.ip(
      `addr add ${THIRD}/24 dev wan`,
      `addr del ${SECOND}/24 dev wan`,
      `addr add ${SECOND}/24 dev wan`,
      `route replace default via ${ADDRESS.carrier} dev wan`,
    )
    await comesBackTo(THIRD, 15_000)
    await expectTraffic()
  })
})
