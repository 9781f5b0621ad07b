import * as v from 'valibot'
import { key } from './about.ts'
import { igd } from './igd-section.ts'
import {
  accessRules,
  filePath,
  filePaths,
  interfaceName,
  interfaceNames,
  lanNetworks,
  lifetime,
  metricsPlace,
  oneOf,
  onOff,
  pcpServers,
  portBlock,
  portNumber,
  portSpans,
  rate,
  socketPath,
  wholeNumber,
} from './values.ts'

// The one place of every key: its value, its default, what it means and why the default is what it is.
// The loader, the flags of `run`, its help, the JSON Schema and docs/configuration.md all read it from here.

/** Of Debian's packages and of OpenWrt; those that do not exist are waited for. */
const USUAL_LEASES = [
  '/var/lib/misc/dnsmasq.leases',
  '/tmp/dhcp.leases',
  '/tmp/hosts/odhcpd',
  '/tmp/odhcpd.leases',
  '/var/lib/kea/kea-leases4.csv',
  '/var/lib/dhcp/dhcpd.leases',
]

const lan = v.strictObject({
  interfaces: key(interfaceNames(), {
    meaning: 'Interfaces of the LANs that are served.',
    why: 'No default: to guess wrong would offer port mappings to the WAN.',
    flag: { name: 'lan', value: 'IF[,IF...]' },
  }),
  routed: key(v.optional(lanNetworks(), []), {
    meaning:
      'Networks behind other routers of the LANs, as ADDRESS/LENGTH, whose hosts are served like those of the LANs.',
    why: 'A sender from elsewhere is on no LAN as far as this router can see, so it gets nothing.',
  }),
  leases: key(v.optional(filePaths(), USUAL_LEASES), {
    meaning:
      'Lease files of the DHCP server in this router: dnsmasq, odhcpd, Kea (memfile) or ISC dhcpd, told apart by their content.',
    why: 'Where these servers keep them. A host whose lease ends loses its mappings (RFC 6970 §5.10).',
  }),
})

const wan = v.strictObject({
  interface: key(interfaceName(), {
    meaning: 'Interface towards the carrier. Its address is the PCP client address.',
    why: 'No default: a router may have several.',
    flag: { name: 'wan', value: 'IF' },
  }),
})

const nat = v.strictObject({
  mode: key(v.optional(oneOf(['nftables', 'none']), 'nftables'), {
    meaning: 'NAT of this router: by igd-pcp with nftables (NAT444), or none (DS-Lite, routed).',
    why: 'NAT444 is the common case (RFC 6970 §5.5).',
    flag: { name: 'nat', value: 'nftables|none' },
  }),
  ports: key(v.optional(portBlock(), '49152-57343'), {
    meaning: 'WAN ports kept for mappings, as N-M.',
    why: 'Half of the dynamic ports (RFC 6335 §6); the other half is enough for the router itself.',
  }),
  masquerade: key(v.optional(oneOf(['confined', 'off']), 'confined'), {
    meaning:
      'Whether other flows of the LAN are masqueraded to ports outside nat.ports, or left to the router.',
    why: 'Else a flow may take the WAN port of a mapping, and the carrier sends it to the wrong host.',
  }),
  allowLanPcp: key(v.optional(onOff(), false), {
    meaning:
      'Let LAN hosts talk PCP and NAT-PMP to the carrier themselves. Else what they send out of the WAN to UDP port 5351, or to a server of pcp.servers, is dropped. With nat.mode none this program drops nothing; docs/integrators.md has a rule for that.',
    why: 'Behind the NAT of this router they could change and delete the mappings of others.',
  }),
})

const pcp = v.strictObject({
  servers: key(v.optional(pcpServers(), []), {
    meaning: 'Addresses of the PCP server, the preferred first, each as ADDR, ADDR:PORT or [IPV6]:PORT.',
    why: 'Without one DHCP is heard (RFC 7291), and where that names none the default router is asked.',
    flag: { name: 'pcp-server', value: 'ADDR[:PORT]' },
    reload: true,
  }),
  dhcpDir: key(v.optional(filePath(), '/run/igd-pcp-dhcp'), {
    meaning: 'Directory where the hooks of the DHCP clients leave what they heard of PCP servers.',
    why: 'What a lease said is gone after a reboot, as the directory is. The hooks obey IGD_PCP_PCP_DHCP_DIR too.',
    reload: true,
  }),
  anycast: key(v.optional(onOff(), false), {
    meaning:
      'Whether the anycast addresses 192.0.0.9 and 2001:1::1 (RFC 7723) are tried after the default routers.',
    why: 'Where the carrier has no server there, requests would leave its network.',
    reload: true,
  }),
  maxLifetime: key(v.optional(lifetime(120)), {
    meaning: 'The longest lifetime to ask the carrier for.',
    unit: 'seconds',
    why: 'Without it the lease of the mapping is asked for, and the server shortens it (RFC 6887 §15).',
    reload: true,
  }),
  natpmp: key(v.optional(oneOf(['auto', 'off']), 'auto'), {
    meaning: 'Whether a server that speaks only NAT-PMP (RFC 6886) is used with that.',
    why: 'Routers in front of this one often know nothing else.',
    reload: true,
  }),
  description: key(v.optional(onOff(), false), {
    meaning: 'Tell the carrier how control points describe their mappings (RFC 7220).',
    why: 'The names of programs and devices are nobody else’s business (RFC 7220 §4).',
    reload: true,
  }),
  releaseOnExit: key(v.optional(onOff(), false), {
    meaning: 'Delete the mappings at the carrier when the daemon ends.',
    why: 'Mappings belong to the users; a restart must not cost them their ports.',
    flag: { name: 'release-on-exit' },
    reload: true,
  }),
})

const access = v.strictObject({
  rules: key(v.optional(accessRules(), []), {
    meaning:
      'Who may map what, in the syntax of miniupnpd: "allow|deny EXTPORTS IP[/MASK] INTPORTS". The first match decides. With "by IP[/MASK]" behind it a line is about what these hosts ask for, also for others.',
    why: 'Where no rule matches, a host gets ports from 1024 on, both sides, for itself alone (RFC 6970 §6).',
    reload: true,
  }),
  refusedPorts: key(v.optional(portSpans(), ['3389']), {
    meaning: 'Ports, as N or N-M, that are not mapped on either side unless a rule allows it.',
    why: 'The remote desktop of Windows is attacked as soon as it is found. The others of its kind are below 1024.',
    reload: true,
  }),
  perHost: key(v.optional(wholeNumber(1, 65535), 64), {
    meaning: 'Mappings one LAN host may have.',
    why: 'More than any program asks for; one host cannot use up what the carrier grants.',
    reload: true,
  }),
  total: key(v.optional(wholeNumber(1, 65535), 512), {
    meaning: 'Mappings there may be in all.',
    why: 'Carriers grant fewer; it bounds memory and the journal.',
    reload: true,
  }),
  addRate: key(v.optional(rate(1000), 2), {
    meaning: 'How often one LAN host may ask for mappings, new or again, in the long run.',
    unit: 'per second',
    why: 'A host gone wild does not flood the carrier.',
    reload: true,
  }),
  addBurst: key(v.optional(wholeNumber(1, 1000), 10), {
    meaning: 'How often one LAN host may ask for mappings at once.',
    why: 'A program that starts opens a handful of ports together.',
    reload: true,
  }),
  totalRate: key(v.optional(rate(10_000), 20), {
    meaning: 'How often all LAN hosts together may ask for mappings, in the long run.',
    unit: 'per second',
    why: 'Ten hosts gone wild at once are no more than this router and its carrier can bear.',
    reload: true,
  }),
  totalBurst: key(v.optional(wholeNumber(1, 10_000), 100), {
    meaning: 'How often all LAN hosts together may ask for mappings at once.',
    why: 'After a power cut every program of the house starts at the same time.',
    reload: true,
  }),
})

const state = v.strictObject({
  dir: key(v.optional(filePath(), '/var/lib/igd-pcp'), {
    meaning: 'Directory of the journal: mappings, the secret of the nonces, the UUID.',
    why: 'It must survive a reboot: a lost nonce is a mapping nobody can delete (RFC 6887 §11.2).',
    flag: { name: 'state-dir', value: 'DIR' },
  }),
})

const control = v.strictObject({
  path: key(v.optional(socketPath(), '/run/igd-pcp/control.sock'), {
    meaning: 'Unix socket for igd-pcp status and igd-pcp mappings.',
    why: 'The usual place for sockets; gone after a reboot.',
    flag: { name: 'control', value: 'PATH' },
  }),
})

const http = v.strictObject({
  port: key(v.optional(portNumber(), 5000), {
    meaning: 'TCP port of descriptions, SOAP, events and the status page on each LAN address.',
    why: 'What miniupnpd has on routers, so firewall rules stay as they are.',
    flag: { name: 'http-port', value: 'N' },
  }),
  page: key(v.optional(oneOf(['own', 'all', 'off']), 'own'), {
    meaning:
      'Status page: shows a host its own mappings, or those of all, or there is none. The link to it in the device description comes and goes at a restart.',
    why: 'What another device has opened, and what it calls itself, is nobody’s business.',
    reload: true,
  }),
})

const log = v.strictObject({
  level: key(v.optional(oneOf(['debug', 'info', 'warn', 'error']), 'info'), {
    meaning: 'The least important lines to write.',
    why: 'Says what was mapped and what went wrong, no more.',
    flag: { name: 'log-level', value: 'debug|info|warn|error' },
    reload: true,
  }),
  format: key(v.optional(oneOf(['auto', 'json', 'text']), 'auto'), {
    meaning:
      'Lines of text with the time where journald does not add it (auto), without it (text), or JSON (json).',
    why: 'Set text where the reader adds the time, as procd does on OpenWrt.',
    reload: true,
  }),
})

const metrics = v.strictObject({
  listen: key(v.optional(metricsPlace(), ''), {
    meaning:
      'Where Prometheus reads the metrics: an address of this router with a port, as 127.0.0.1:9188 or [::1]:9188, or the path of a Unix socket. Empty: nowhere.',
    why: 'Who does not read them need not pay for them, and nobody else is to read them.',
    reload: true,
  }),
})

/** The whole configuration, section by section. */
export const CONFIG = v.pipe(
  v.strictObject({ lan, wan, nat, pcp, igd, access, state, control, http, log, metrics }),
  v.forward(
    v.partialCheck(
      [
        ['lan', 'interfaces'],
        ['wan', 'interface'],
      ],
      (config) => !config.lan.interfaces.includes(config.wan.interface),
      'must not be one of lan.interfaces: the WAN must never be offered port mappings',
    ),
    ['wan', 'interface'],
  ),
)

type DeepReadonly<T> = T extends string | number | boolean | undefined
  ? T
  : { readonly [K in keyof T]: DeepReadonly<T[K]> }

/** Everything an operator can decide, parsed and frozen. */
export type Config = DeepReadonly<v.InferOutput<typeof CONFIG>>
