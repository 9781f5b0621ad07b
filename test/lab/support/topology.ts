import type { Closers } from '../../../src/lib/closers.ts'
import { Namespace } from './namespace.ts'

/** Who has which address. The carrier's public one must not be reserved, or miniupnpd refuses it. */
export const ADDRESS = {
  lan1: '192.168.77.10',
  lan2: '192.168.77.20',
  cpeLan: '192.168.77.1',
  guest: '192.168.78.10',
  cpeGuest: '192.168.78.1',
  cpeWan: '100.64.7.2',
  neighbour: '100.64.7.9',
  carrier: '100.64.7.1',
  external: '203.0.114.1',
  internet: '203.0.114.9',
} as const

/** `nat` of the daemon (RFC 6970 §5.4, §5.5): does the CPE translate, or only route? */
export type NatMode = 'nftables' | 'none'

/**
 *   lan1, lan2 ─ lan ┐          ┌ neighbour
 *                    cpe ─ wan ─ carrier ─ internet
 *          guest ────┘
 *
 * `lan` on the cpe and `access` on the carrier are bridges; the neighbour is another subscriber.
 */
type Host = 'lan1' | 'lan2' | 'guest' | 'cpe' | 'neighbour' | 'carrier' | 'internet'
export type Hosts = Readonly<Record<Host, Namespace>>

/** A router as people have it: masquerade, and nothing unasked for comes in. */
const CPE_NAT = `
table inet router {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname { "lan", "guest" } accept
		ct status dnat accept
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "wan" masquerade
	}
}
`

/** Bridged frames are not the router's to filter, whatever the kernel's default. */
const BRIDGE = ['net.bridge.bridge-nf-call-iptables=0', 'net.bridge.bridge-nf-call-arptables=0']

async function wireLan({ lan1, lan2, guest, cpe }: Hosts): Promise<void> {
  await cpe.ip('link add lan type bridge')
  await lan1.connect('lan', cpe, 'lan1')
  await lan2.connect('lan', cpe, 'lan2')
  await guest.connect('lan', cpe, 'guest')
  await cpe.ip('link set lan1 master lan', 'link set lan2 master lan', 'link set lan up')
  await lan1.ip(`addr add ${ADDRESS.lan1}/24 dev lan`, `route add default via ${ADDRESS.cpeLan}`)
  await lan2.ip(`addr add ${ADDRESS.lan2}/24 dev lan`, `route add default via ${ADDRESS.cpeLan}`)
  await guest.ip(`addr add ${ADDRESS.guest}/24 dev lan`, `route add default via ${ADDRESS.cpeGuest}`)
  await cpe.ip(`addr add ${ADDRESS.cpeLan}/24 dev lan`, `addr add ${ADDRESS.cpeGuest}/24 dev guest`)
}

async function wireAccess({ cpe, neighbour, carrier }: Hosts): Promise<void> {
  await carrier.ip('link add access type bridge')
  await cpe.connect('wan', carrier, 'cpe')
  await neighbour.connect('wan', carrier, 'neighbour')
  await carrier.ip('link set cpe master access', 'link set neighbour master access', 'link set access up')
  await carrier.ip(`addr add ${ADDRESS.carrier}/24 dev access`)
  await cpe.ip(`addr add ${ADDRESS.cpeWan}/24 dev wan`, `route add default via ${ADDRESS.carrier}`)
  await neighbour.ip(`addr add ${ADDRESS.neighbour}/24 dev wan`, `route add default via ${ADDRESS.carrier}`)
}

async function wireInternet({ carrier, internet }: Hosts): Promise<void> {
  await carrier.connect('out', internet, 'net')
  await carrier.ip(`addr add ${ADDRESS.external}/24 dev out`)
  await internet.ip(`addr add ${ADDRESS.internet}/24 dev net`)
}

async function setUp(hosts: Hosts, nat: NatMode): Promise<void> {
  await wireLan(hosts)
  await wireAccess(hosts)
  await wireInternet(hosts)
  await hosts.cpe.sysctl('net.ipv4.ip_forward=1', ...BRIDGE)
  await hosts.carrier.sysctl('net.ipv4.ip_forward=1', ...BRIDGE)
  if (nat === 'nftables') await hosts.cpe.nft(CPE_NAT)
  else await hosts.carrier.ip(`route add 192.168.77.0/24 via ${ADDRESS.cpeWan}`)
}

let built = 0

/** Namespaces named after this run, so that two labs on one machine never meet. */
function nameHosts(): Hosts {
  built += 1
  const prefix = `lab-${process.env['LAB_RUN'] ?? process.pid}-${built}`
  const host = (name: Host) => new Namespace(`${prefix}-${name}`)
  return {
    lan1: host('lan1'),
    lan2: host('lan2'),
    guest: host('guest'),
    cpe: host('cpe'),
    neighbour: host('neighbour'),
    carrier: host('carrier'),
    internet: host('internet'),
  }
}

/** Builds it all; what it built is taken down by `closers`, also when building fails half way. */
export async function buildTopology(nat: NatMode, closers: Closers): Promise<Hosts> {
  const hosts = nameHosts()
  for (const host of Object.values(hosts)) {
    await host.create()
    closers.defer(() => host.remove())
  }
  await setUp(hosts, nat)
  return hosts
}
