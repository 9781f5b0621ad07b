import type { Ipv4Address } from '../../lib/ip.ts'
import { type Port, isPort } from '../../lib/units.ts'

// Where events may go: to the host that asked for them and nowhere else. A CALLBACK that names somebody else would
// have the router send to strangers on request (CallStranger, CVE-2020-12695).

/** A place for NOTIFY. Its address is the peer's, so nothing is left to look up. */
export interface Callback {
  readonly address: Ipv4Address
  readonly port: Port
  /** Path and query, escaped for a request line. */
  readonly path: string
}

/** More than any control point gives; what stands behind them is not looked at (CVE-2016-8863). */
const MOST_CALLBACKS = 4

/**
 * The URLs of a CALLBACK header (`<url><url>…`, UDA 1.1 §4.1.2) that lead to `peer`, in the order of the control
 * point's preference.
 */
export function parseCallbacks(header: string, peer: Ipv4Address): readonly Callback[] {
  const urls = [...header.matchAll(/<([^<>]*)>/g)].slice(0, MOST_CALLBACKS)
  return urls.flatMap(([, url = '']) => parseCallback(url, peer) ?? [])
}

/**
 * Parsed once: what is compared is what is connected to. However the URL is spelled (`peer@other`, octal, decimal),
 * the parser says which host it means, and that has to be the peer.
 */
function parseCallback(text: string, peer: Ipv4Address): Callback | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const port = url.port === '' ? 80 : Number(url.port)
  const isPlain = url.protocol === 'http:' && url.username === '' && url.password === '' && url.hash === ''
  if (!isPlain || url.hostname !== peer || !isPort(port)) return undefined
  return { address: peer, port, path: `${url.pathname}${url.search}` }
}
