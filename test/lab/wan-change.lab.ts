import { beforeAll, describe, expect, it } from 'vitest'
import { DhcpClient, dhcpServer } from './support/dhcp.ts'
import { client, type Lab, useNetwork } from './support/lab.ts'
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

/** Whom the carrier's mapping leads to. */
const mappedTo = async ({ carrier }: Lab) =>
  (await carrier.complete()).find((lease) => lease.externalPort === OUTSIDE.port)?.internalAddress

const comesBackTo = (lab: Lab, address: string, within: number) =>
  until(
    () => `the mapping leads to ${address}\n${lab.daemon.log()}`,
    within,
    async () => (await mappedTo(lab)) === address || undefined,
  )

async function expectTraffic(lab: Lab): Promise<void> {
  expect(await ask(lab.hosts.internet, OUTSIDE)).toMatch(`${ADDRESS.internet}:`)
  const listed = redirections(await (await client(lab))('-l'))
  expect(listed.map(({ externalPort }) => externalPort)).toEqual([OUTSIDE.port])
}

/** The daemon runs, and lan1 has a mapping. */
async function map(lab: Lab): Promise<void> {
  await lab.daemon.start()
  await echo(lab.hosts.lan1, 'UDP', 6000)
  await (await client(lab))('-a', ADDRESS.lan1, 6000, OUTSIDE.port, 'UDP', 3600)
  expect(await mappedTo(lab)).toBe(ADDRESS.cpeWan)
}

describe('R6970-5.10-2: another WAN address', () => {
  // Short, as the carrier keeps the port for the old address until the mapping there ends.
  const lab = useNetwork({ nat: 'nftables', maxLifetime: 20 })
  let server: Program
  let dhcp: DhcpClient

  beforeAll(async () => {
    const { carrier, cpe } = lab().hosts
    await cpe.ip('addr flush dev wan')
    server = await dhcpServer(carrier, pool(ADDRESS.cpeWan), lab().directory)
    dhcp = new DhcpClient(cpe, 'wan', lab().directory)
    expect(await dhcp.address()).toBe(ADDRESS.cpeWan)
    await map(lab())
  })

  it('given by DHCP: the mapping comes back with its port, and traffic flows', async () => {
    await server.stop()
    server = await dhcpServer(lab().hosts.carrier, pool(SECOND), lab().directory)
    dhcp.renew()
    expect(await dhcp.address()).toBe(SECOND)
    await comesBackTo(lab(), SECOND, 90_000)
    await expectTraffic(lab())
  })

  it('the link goes down and up again: so does the traffic', async () => {
    const { cpe } = lab().hosts
    const losses = () =>
      lab()
        .daemon.log()
        .match(/the WAN has no IPv4 address any more/g)?.length ?? 0
    const before = losses()
    await cpe.ip('link set wan down')
    await until('the daemon noticed', 3_000, () => losses() > before || undefined)
    await cpe.ip('link set wan up', `route replace default via ${ADDRESS.carrier} dev wan`)
    await comesBackTo(lab(), SECOND, 30_000)
    await until('traffic', 10_000, () => ask(lab().hosts.internet, OUTSIDE))
    await expectTraffic(lab())
  })
})

describe('R6970-5.10-2: another WAN address while the old one still works', () => {
  const lab = useNetwork({ nat: 'nftables' })

  beforeAll(() => map(lab()))

  it('the mapping is deleted from the old one, and comes back at once', async () => {
    const { cpe } = lab().hosts
    await cpe.sysctl('net.ipv4.conf.wan.promote_secondaries=1')
    await cpe.ip(
      `addr add ${THIRD}/24 dev wan`,
      `addr del ${ADDRESS.cpeWan}/24 dev wan`,
      `addr add ${ADDRESS.cpeWan}/24 dev wan`,
      `route replace default via ${ADDRESS.carrier} dev wan`,
    )
    await comesBackTo(lab(), THIRD, 15_000)
    await expectTraffic(lab())
  })
})
