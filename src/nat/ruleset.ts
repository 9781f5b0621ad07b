import type { Ipv4Address } from '../lib/ip.ts'
import type { Lan } from '../lib/lan.ts'

// The text of our table. It holds every rule of ours and never anything of the router's: what the router's own
// rules do to the same packets is taken care of by priorities. One thing they do cannot be undone from here: where
// another table drops forwarded packets, it has to accept `ct status dnat` itself (OpenWrt's fw4 by a drop-in file
// in chain-post/forward), for an accept in one table never overrides a drop in another.

/** `dnat`, `snat` and `fwd` are words of nft's grammar and cannot name anything. */
export const TABLE = 'ip igd_pcp'

/** The WAN ports kept for mappings, first and last included. */
export interface PortBlock {
  readonly first: number
  readonly last: number
}

export interface RulesetOptions {
  /** Name of the interface towards the carrier. */
  readonly wan: string
  readonly lans: readonly Lan[]
  /** Within 1024..65535, and not all of it. */
  readonly block: PortBlock
  /**
   * 'confined': TCP and UDP from the LANs leave by ports outside the block. Our chain comes before the router's own
   * masquerade, and the source of a connection is decided once, so that rule is left with what we do not touch:
   * other protocols, ports below 1024 (the kernel keeps those below 1024), the router's own traffic.
   * 'off': the router's own rules keep out of the block, or an unmapped host may leave by somebody's WAN port.
   */
  readonly masquerade: 'confined' | 'off'
  /** Let LAN hosts speak PCP and NAT-PMP to the carrier themselves. */
  readonly allowLanPcp: boolean
  /** TCP port of SOAP, descriptions and the status page. */
  readonly httpPort: number
  /** The PCP servers that the operator configured; any other listens on PCP's own port. */
  readonly servers: readonly PcpServer[]
}

interface PcpServer {
  readonly address: Ipv4Address
  readonly port: number
}

/** nft's priority of the same name, one earlier: ours is asked before the router's own chain. */
const BEFORE_DNAT = 'dstnat - 1'
const BEFORE_SNAT = 'srcnat - 1'

/** Create, then delete: so that what follows makes the table anew whether or not it existed, in one transaction. */
export const DELETE_TABLE = `table ${TABLE}\ndelete table ${TABLE}\n`

/** The whole table with its maps empty, as a script that replaces whatever table of ours there is. */
export function ruleset(options: RulesetOptions): string {
  const chains = [remoteHostChain(options), preroutingChain(options), postroutingChain(options)]
  if (!options.allowLanPcp) chains.push(lanPcpChain(options))
  chains.push(serverChain(options), floodChain(options))
  return `${DELETE_TABLE}table ${TABLE} {\n${[...MAPS, ...MACHINES, ...chains].join('')}}\n`
}

const block = (head: string, lines: readonly string[]): string =>
  `\t${head} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`

const MAPS = [
  // WAN port -> LAN endpoint
  block('map inbound', ['type inet_proto . inet_service : ipv4_addr . inet_service', 'flags timeout']),
  // LAN endpoint -> WAN port, so that what it sends uses the mapping too (RFC 6887 §11)
  block('map outbound', ['type inet_proto . ipv4_addr . inet_service : inet_service', 'flags timeout']),
  // external address and port -> LAN endpoint
  block('map hairpin', [
    'type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service',
    'flags timeout',
  ]),
  // LAN endpoints that the hairpin leads to
  block('set hairpinned', ['type inet_proto . ipv4_addr . inet_service', 'flags timeout']),
  // WAN ports that only some remote hosts may use, and those hosts
  block('set filtered', ['type inet_proto . inet_service', 'flags timeout']),
  block('set peers', ['type inet_proto . inet_service . ipv4_addr', 'flags timeout']),
]

/** Which machines sent much lately, by MAC address: unlike an IP address it is hard to forge past a switch. */
const MACHINES = ['searching', 'calling', 'answering'].map((what) =>
  block(`set ${what}`, ['type ether_addr', 'size 1024', 'flags dynamic,timeout', 'timeout 10s']),
)

/** RemoteHost. Runs before the destination is rewritten, while the port is still the WAN port. */
const remoteHostChain = ({ wan }: RulesetOptions): string =>
  block('chain remote_host', [
    'type filter hook prerouting priority mangle; policy accept;',
    `iifname ${quoted(wan)} fib daddr . iif type local ct state new meta l4proto . th dport @filtered ` +
      'meta l4proto . th dport . ip saddr != @peers drop',
  ])

const preroutingChain = ({ wan, lans }: RulesetOptions): string =>
  block('chain prerouting', [
    `type nat hook prerouting priority ${BEFORE_DNAT}; policy accept;`,
    `iifname ${quoted(wan)} fib daddr . iif type local dnat ip to meta l4proto . th dport map @inbound`,
    ...whereAny(
      lans,
      `iifname ${interfaces(lans)} dnat ip to meta l4proto . ip daddr . th dport map @hairpin`,
    ),
  ])

/** A host whose hairpinned packets kept their source would be answered past us, hence the first masquerade. */
const postroutingChain = ({ wan, lans, block: ports, masquerade, servers }: RulesetOptions): string =>
  block('chain postrouting', [
    `type nat hook postrouting priority ${BEFORE_SNAT}; policy accept;`,
    ...whereAny(
      lans,
      `oifname ${interfaces(lans)} ip saddr ${prefixes(lans)} ct status dnat ` +
        'meta l4proto . ip daddr . th dport @hairpinned masquerade',
    ),
    `oifname != ${quoted(wan)} accept`,
    // RFC 6887 §16.4: the router's masquerade would give our packets the first address of the WAN, and they name another.
    ...toServers(servers).map((toServer) => `fib saddr type local ${toServer} snat to ip saddr`),
    'meta l4proto { tcp, udp } masquerade to :meta l4proto . ip saddr . th sport map @outbound',
    ...(masquerade === 'confined' ? whereAny(lans, ...confinement(prefixes(lans), ports)) : []),
  ])

/**
 * Ports above the block stay above it, all others go below: so as many as possible keep their number. What the router
 * sends from its WAN address keeps its port in any case: the PCP server answers to that (RFC 6887 §8.1).
 */
function confinement(from: string, { first, last }: PortBlock): string[] {
  const rule = (sport: string, to: string): string =>
    `ip saddr ${from} meta l4proto { tcp, udp } th sport ${sport} masquerade to :${to}`
  const below = `1024-${first - 1}`
  const above = `${last + 1}-65535`
  if (last === 65535) return [rule('1024-65535', below)]
  if (first === 1024) return [rule('1024-65535', above)]
  return [rule(`1024-${last}`, below), rule(above, above)]
}

/**
 * RFC 7648 §4, RFC 6887 §18.3.2: a LAN host behind our NAT would map ports in our name, and delete ours by NAT-PMP.
 * Fragments are whole again where forwarded packets are looked at, as our chains of NAT have them tracked.
 */
const lanPcpChain = ({ wan, servers }: RulesetOptions): string =>
  block('chain lan_pcp', [
    'type filter hook forward priority filter - 1; policy accept;',
    ...toServers(servers).map((toServer) => `oifname ${quoted(wan)} ${toServer} drop`),
  ])

const toServers = (servers: readonly PcpServer[]): string[] => [
  'udp dport 5351',
  ...whereAny(onOtherPorts(servers), `ip daddr . udp dport ${ends(servers)}`),
]

const fromServers = (servers: readonly PcpServer[]): string[] => [
  'udp sport 5351',
  ...whereAny(onOtherPorts(servers), `ip saddr . udp sport ${ends(servers)}`),
]

/**
 * What the PCP server says comes through the WAN; sockets do not see whence a datagram came. RFC 6887 §14.1: an
 * ANNOUNCE comes to port 5350. An answer comes to the address of ours that asked, and another interface than its own
 * brings it only if a LAN host forged it. That the router's own firewall lets in what comes unasked cannot be done from
 * here.
 */
const serverChain = ({ wan, servers }: RulesetOptions): string => {
  const elsewhere = `iifname != { ${quoted(wan)}, "lo" }`
  return block('chain server', [
    'type filter hook input priority filter - 1; policy accept;',
    `${elsewhere} udp dport 5350 drop`,
    ...fromServers(servers).map(
      (fromServer) => `${elsewhere} ${fromServer} fib daddr . iif type != local drop`,
    ),
  ])
}

/**
 * A socket whose queue is full loses what everybody sends, so what one machine sends faster than any honest one does is
 * not queued. A host that boots sends dozens of searches and NOTIFYs; `upnpc -l` makes a call for each mapping, as fast
 * as they are answered; a carrier answers what is asked.
 */
const floodChain = ({ httpPort, servers }: RulesetOptions): string => {
  const atMost = (set: string, perSecond: number, burst: number) =>
    `update @${set} { ether saddr limit rate over ${perSecond}/second burst ${burst} packets } drop`
  return block('chain flood', [
    'type filter hook input priority filter - 1; policy accept;',
    'iifname "lo" accept',
    `udp dport 1900 ${atMost('searching', 50, 100)}`,
    `tcp dport ${httpPort} ct state new ${atMost('calling', 300, 1000)}`,
    ...[...fromServers(servers), 'udp dport 5350'].map(
      (answers) => `${answers} ${atMost('answering', 500, 1000)}`,
    ),
  ])
}

/** nft has no empty sets: where there is none of `things`, as of LANs early at boot, nothing is to be said of them. */
const whereAny = (things: readonly unknown[], ...rules: string[]): string[] =>
  things.length === 0 ? [] : rules

const interfaces = (lans: readonly Lan[]): string =>
  `{ ${[...new Set(lans.map(({ name }) => quoted(name)))].join(', ')} }`

const prefixes = (lans: readonly Lan[]): string =>
  `{ ${[...new Set(lans.map(({ prefix }) => `${prefix.address}/${prefix.length}`))].join(', ')} }`

/** RFC 6887 §19.2: PCP's own port is 5351. */
const onOtherPorts = (servers: readonly PcpServer[]): readonly PcpServer[] =>
  servers.filter(({ port }) => port !== 5351)

const ends = (servers: readonly PcpServer[]): string =>
  `{ ${[...new Set(onOtherPorts(servers).map(({ address, port }) => `${address} . ${port}`))].join(', ')} }`

/** Throws on a name that nft would read as something else; the kernel itself is less strict. */
function quoted(name: string): string {
  if (!/^[\w.@:-]{1,15}$/.test(name)) throw new RangeError(`"${name}" cannot be used as an interface name`)
  return `"${name}"`
}
