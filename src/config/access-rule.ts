import { decoded, type Decoded, malformed } from '../lib/decoded.ts'
import { type Ipv4Address, isIpv4, parseIpv4, parsePrefix, type Prefix } from '../lib/ip.ts'
import { parsePortSpan, type PortSpan } from './port-span.ts'

/** One line of `access.rules`: the first that matches a request decides. */
export interface AccessRule {
  readonly allow: boolean
  readonly externalPorts: PortSpan
  /** The hosts that mappings lead to. */
  readonly clients: Prefix<Ipv4Address>
  readonly internalPorts: PortSpan
  /** The hosts that ask; undefined where the line has no `by`. */
  readonly callers: Prefix<Ipv4Address> | undefined
}

const FORM = 'must read "allow|deny EXTERNAL-PORTS ADDRESS[/MASK] INTERNAL-PORTS [by ADDRESS[/MASK]]"'

/**
 * A permission line as miniupnpd has it: `allow 1024-65535 192.168.1.0/24 1024-65535`. The mask is a length or a
 * netmask. `by` and the address of control points after it are our own: with them a line is about what these ask
 * for others. miniupnpd's fifth word, a pattern for the description, is refused: it would be a pattern run on text
 * that the LAN chose.
 */
export function parseAccessRule(line: string): Decoded<AccessRule> {
  const [verdict, external, hosts, internal, ...tail] = line.trim().split(/\s+/)
  if (internal === undefined || external === undefined || hosts === undefined) return malformed(FORM)
  if (verdict !== 'allow' && verdict !== 'deny') return malformed('must begin with "allow" or "deny"')
  const externalPorts = parsePortSpan(external)
  if (!externalPorts.ok) return malformed(`external ports "${external}" ${externalPorts.why}`)
  const clients = parseHosts(hosts)
  if (!clients.ok) return clients
  const internalPorts = parsePortSpan(internal)
  if (!internalPorts.ok) return malformed(`internal ports "${internal}" ${internalPorts.why}`)
  const callers = parseCallers(tail)
  if (!callers.ok) return callers
  return decoded({
    allow: verdict === 'allow',
    externalPorts: externalPorts.value,
    clients: clients.value,
    internalPorts: internalPorts.value,
    callers: callers.value,
  })
}

function parseCallers(words: readonly string[]): Decoded<Prefix<Ipv4Address> | undefined> {
  const [by, hosts, ...rest] = words
  if (by === undefined) return decoded(undefined)
  if (by !== 'by' || hosts === undefined || rest.length > 0)
    return malformed(`${FORM}; a description pattern is not supported`)
  return parseHosts(hosts)
}

function parseHosts(text: string): Decoded<Prefix<Ipv4Address>> {
  const [head = '', mask, ...rest] = text.split('/')
  const address = parseIpv4(head)
  const prefix = parsePrefix(text)
  const length =
    prefix && isIpv4(prefix.address) ? prefix.length : mask === undefined ? undefined : netmaskLength(mask)
  return address && length !== undefined && rest.length === 0
    ? decoded({ address, length })
    : malformed(`"${text}" must be an IPv4 address, alone or with /LENGTH or /NETMASK`)
}

/** 255.255.255.0 is 24; undefined where a one follows a zero. */
function netmaskLength(text: string): number | undefined {
  const mask = parseIpv4(text)
  if (!mask) return undefined
  const bits = mask.split('.').map((octet) => Number(octet).toString(2).padStart(8, '0'))
  const ones = /^(1*)0*$/.exec(bits.join(''))?.[1]
  return ones?.length
}
