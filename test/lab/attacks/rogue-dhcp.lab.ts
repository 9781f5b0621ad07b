import { beforeAll, describe, expect, it } from 'vitest'
import { Daemon } from '../support/daemon.ts'
import { DhcpClient, dhcpServer } from '../support/dhcp.ts'
import { client, useNetwork } from '../support/lab.ts'
import { type Program, until } from '../support/program.ts'
import { ADDRESS } from '../support/topology.ts'

// A DHCP server on the WAN that names a PCP server of its choice (RFC 7291 §8): docs/attacks.md.

const lab = useNetwork({ nat: 'nftables', findsServer: true })
let server: Program | undefined
let dhcp: DhcpClient | undefined

const hex = (...octets: readonly number[]) =>
  octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':')

const octetsOf = (address: string) => address.split('.').map(Number)

/** Option 158 with these octets, as dnsmasq spells it. */
const option = (...octets: readonly number[]) => `158,${hex(...octets)}`

/** The neighbour answers before the carrier does, and says this. */
async function offered(...options: readonly string[]): Promise<void> {
  await server?.stop()
  const pool = {
    device: 'wan',
    router: ADDRESS.carrier,
    first: ADDRESS.cpeWan,
    last: ADDRESS.cpeWan,
    options,
  }
  server = await dhcpServer(lab().hosts.neighbour, pool, lab().directory)
  dhcp?.renew()
  dhcp ??= new DhcpClient(lab().hosts.cpe, 'wan', lab().directory)
  expect(await dhcp.address()).toBe(ADDRESS.cpeWan)
}

const said = (what: RegExp) => lab().daemon.said.filter((line) => what.test(line))

/** lan1 gets a port of the carrier's own server. */
async function expectCarrier(port: number): Promise<void> {
  await until(`${port} is mapped`, 15_000, async () => {
    await (await client(lab()))('-a', ADDRESS.lan1, 6000, port, 'UDP', 600)
    return (await lab().carrier.leases()).some(({ externalPort }) => externalPort === port) || undefined
  })
}

beforeAll(async () => {
  await lab().hosts.cpe.ip('addr flush dev wan')
  await lab().daemon.start()
})

describe('a rogue DHCP server that names as the PCP server', () => {
  const rows: readonly (readonly [string, readonly number[], RegExp | undefined])[] = [
    ['a host of the LAN', [4, ...octetsOf(ADDRESS.lan1)], /192\.168\.77\.10 is on a LAN of this router/],
    [
      'the router itself, as its LAN knows it',
      [4, ...octetsOf(ADDRESS.cpeLan)],
      /192\.168\.77\.1 is on a LAN/,
    ],
    ['a group, loopback and nobody', [12, 224, 0, 0, 1, 127, 0, 0, 1, 0, 0, 0, 0], undefined],
    ['what is no list of addresses', [5, 1, 2, 3, 4, 5, 200], undefined],
  ]
  it.each(rows)('%s: the default router is asked on', async (_what, octets, warned) => {
    await offered(option(...octets))
    await expectCarrier(7000 + rows.findIndex(([, row]) => row === octets))
    if (warned)
      await until(
        () => `${warned.source}\n${lab().daemon.log()}`,
        5000,
        () => said(warned)[0],
      )
    expect(said(/source=dhcp/)).toEqual([])
  })

  it('itself: that is in the log; and where pcp.servers says who it is, nobody else is asked', async () => {
    await offered(option(4, ...octetsOf(ADDRESS.neighbour)))
    const found = new RegExp(`source=dhcp servers=\\["${ADDRESS.neighbour}:5351"\\]`)
    await until(
      () => `it is found\n${lab().daemon.log()}`,
      15_000,
      () => said(found)[0],
    )
    await lab().daemon.stop()

    await lab().hosts.neighbour.nft(
      'table ip heard {\nchain input {\ntype filter hook input priority 0;\nudp dport 5351 counter\n}\n}',
    )
    const pinned = new Daemon(lab().hosts, { nat: 'nftables' }, lab().directory)
    await pinned.start()
    await offered(option(4, ...octetsOf(ADDRESS.neighbour)))
    await expectCarrier(7100)
    expect(await lab().hosts.neighbour.must(['nft', 'list', 'table', 'ip', 'heard'])).toContain('packets 0 ')
    await pinned.stop()
  })
})
