import type { IncomingHttpHeaders } from 'node:http'
import { type Ipv4Address, parseIp, parseIpv4 } from '../lib/ip.ts'
import { belongsTo, type Lan } from '../lib/lan.ts'

// Who may talk to us at all. A control point is a program on a LAN; a browser never is one, and a web page that
// reaches us through one (cross-site posts, DNS rebinding) is turned away here.

/** The two ends of a connection, as the kernel spells them; undefined once it is closed. */
export interface Ends {
  readonly peer: string | undefined
  readonly local: string | undefined
  readonly localPort: number | undefined
}

/** Who is at the other end, and on which LAN. */
export interface Edge {
  readonly peer: Ipv4Address
  readonly lan: Lan
}

export type Refusal = 'not on a LAN' | 'Host is not this address' | 'sent by a web page'

/** The request as far as the edge looks at it. */
export interface Head {
  readonly ends: Ends
  readonly method: string
  /** As the request line has it. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** Each Host header; RFC 9112 §3.2 allows one. */
  readonly hosts: readonly string[]
  readonly httpVersion: string
}

export function admit(head: Head, lans: readonly Lan[]): Edge | Refusal {
  const edge = edgeOf(head.ends, lans)
  if (!edge) return 'not on a LAN'
  if (!isOwnHost(head)) return 'Host is not this address'
  return isFromWebPage(head) ? 'sent by a web page' : edge
}

/** Undefined unless the peer belongs to the LAN whose address the connection arrived on. */
export function edgeOf(ends: Ends, lans: readonly Lan[]): Edge | undefined {
  const [peer, local] = [ipv4(ends.peer), ipv4(ends.local)]
  const lan = lans.find(({ address }) => address === local)
  return peer && lan && belongsTo(lan, peer) ? { peer, lan } : undefined
}

/** A Host that is a name, or another address, is a web page that had its own name point here. */
function isOwnHost({ ends, hosts, httpVersion, url }: Head): boolean {
  const [, authority] = /^[a-z]+:\/\/([^/?#]*)/i.exec(url) ?? []
  const own = (host: string) => host === ends.local || host === `${ends.local}:${ends.localPort}`
  if (authority !== undefined && !own(authority)) return false
  const [host, another] = hosts
  if (host === undefined) return httpVersion === '1.0'
  return own(host) && another === undefined
}

/** A browser may read what its user asks for, which is the status page. Nothing else is for browsers. */
function isFromWebPage({ headers, method }: Head): boolean {
  const site = headers['sec-fetch-site']
  if (headers.origin !== undefined) return true
  if (site === undefined) return false
  return method !== 'GET' || (site !== 'none' && site !== 'same-origin')
}

/** A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d. */
function ipv4(text: string | undefined): Ipv4Address | undefined {
  const address = parseIp(text ?? '')
  return address && parseIpv4(address)
}
