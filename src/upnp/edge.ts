import type { IncomingMessage } from 'node:http'
import { type Ipv4Address, inPrefix, parseIp, parseIpv4 } from '../lib/ip.ts'
import type { Lan } from '../lib/lan.ts'

// Who may talk to us at all. A control point is a program on a LAN; a browser never is one, and a web page that
// reaches us through one (cross-site posts, DNS rebinding) is turned away here.

export interface Edge {
  readonly peer: Ipv4Address
  readonly lan: Lan
}

export type Refusal = 'not on a LAN' | 'Host is not this address' | 'sent by a web page'

/** The request as far as the edge looks at it. */
export interface Head {
  readonly peer: string | undefined
  readonly local: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly httpVersion: string
}

export function admit(head: Head, lans: readonly Lan[], port: number): Edge | Refusal {
  const [peer, local] = [ipv4(head.peer), ipv4(head.local)]
  const lan = lans.find(({ address }) => address === local)
  if (!peer || !lan || !inPrefix(peer, lan.prefix)) return 'not on a LAN'
  if (!isOwnHost(head, lan.address, port)) return 'Host is not this address'
  const { origin } = head.headers
  const site = head.headers['sec-fetch-site']
  if (origin !== undefined || (site !== undefined && site !== 'none' && site !== 'same-origin'))
    return 'sent by a web page'
  return { peer, lan }
}

/** A Host that is a name, or another address, is a web page that had its own name point here. */
function isOwnHost({ headers, httpVersion }: Head, address: Ipv4Address, port: number): boolean {
  if (headers.host === undefined) return httpVersion === '1.0'
  return headers.host === address || headers.host === `${address}:${port}`
}

/** A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d. */
function ipv4(text: string | undefined): Ipv4Address | undefined {
  const address = parseIp(text ?? '')
  return address && parseIpv4(address)
}
