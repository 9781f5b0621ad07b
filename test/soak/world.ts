import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import type { Closers } from '../../src/lib/closers.ts'
import { DhcpClient, dhcpServer } from '../lab/support/dhcp.ts'
import { type Lab, openLab } from '../lab/support/lab.ts'
import { Namespace } from '../lab/support/namespace.ts'
import type { Program } from '../lab/support/program.ts'
import { ADDRESS } from '../lab/support/topology.ts'

/** A third host on the bridge of lan1 and lan2. */
export const LAN3 = '192.168.77.30'
const PORTABLE = { first: '192.168.77.50', last: '192.168.77.60' }
/** What the carrier grants at the longest, in seconds: a mapping is renewed about once a minute. */
const LIFETIME = 120

/** The lab, with a further LAN host, lan2 by DHCP, and the WAN by DHCP. */
export interface World {
  readonly lab: Lab
  readonly lan3: Namespace
  /** Where the daemon writes what it measures of itself. */
  readonly measures: string
  readonly config: string
  readonly lan2: DhcpClient
  readonly wan: DhcpClient
  /** Addresses that were given out, the latest last. */
  readonly addresses: { lan2: string; wan: string }
  /** Gives the WAN another address from the DHCP server of the carrier. */
  readonly moveWan: (address: string) => Promise<void>
}

/** What can be reloaded is what an event of the soak changes. */
export const configText = (perHost: number): string => `log.format = "json"\n[access]\nperHost = ${perHost}\n`

async function joinLan3(lab: Lab, closers: Closers): Promise<Namespace> {
  const lan3 = new Namespace(`lab-${process.env['LAB_RUN'] ?? process.pid}-1-lan3`)
  await lan3.create()
  closers.defer(() => lan3.remove())
  await lan3.connect('lan', lab.hosts.cpe, 'lan3')
  await lab.hosts.cpe.ip('link set lan3 master lan')
  await lan3.ip(`addr add ${LAN3}/24 dev lan`, `route add default via ${ADDRESS.cpeLan}`)
  return lan3
}

const accessPool = (address: string) => ({
  device: 'access',
  router: ADDRESS.carrier,
  first: address,
  last: address,
})

/** The daemon is left to be started. `directory` is for the files of the soak. */
export async function openWorld(directory: string, closers: Closers): Promise<World> {
  const config = join(directory, 'soak.toml')
  const measures = join(directory, 'measures.ndjson')
  await writeFile(config, configText(64))
  await writeFile(measures, '')
  const nodeFlags = ['--import', new URL('measures.js', import.meta.url).href]
  const flags = ['--config', config, '--log-level', 'info']
  const lab = await openLab({ nat: 'nftables', maxLifetime: LIFETIME, nodeFlags, flags }, closers)
  const { carrier, cpe, lan2: lan2Host } = lab.hosts
  const lan3 = await joinLan3(lab, closers)
  await lan2Host.ip('addr flush dev lan')
  await cpe.ip('addr flush dev wan')
  await dhcpServer(cpe, { device: 'lan', router: ADDRESS.cpeLan, ...PORTABLE }, lab.directory)
  let access: Program = await dhcpServer(carrier, accessPool(ADDRESS.cpeWan), lab.directory)
  const lan2 = new DhcpClient(lan2Host, 'lan', lab.directory)
  const wan = new DhcpClient(cpe, 'wan', lab.directory)
  const addresses = { lan2: await lan2.address(), wan: await wan.address() }
  const moveWan = async (address: string) => {
    await access.stop()
    access = await dhcpServer(carrier, accessPool(address), lab.directory)
    wan.renew()
    addresses.wan = await wan.address()
  }
  return { lab, lan3, measures, config, lan2, wan, addresses, moveWan }
}
