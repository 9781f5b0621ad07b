import type { FastifyInstance } from 'fastify'
import type { Gateway } from '../core/gateway.ts'
import type { PortMappingEntry, Protocol } from '../core/types.ts'
import { Fault } from '../core/fault.ts'
import { type Ipv4Address, parseIpv4 } from '../lib/ip.ts'
import { renderPage, STYLE } from './page.ts'

/** Nothing but this page's own style may load, nobody may frame it, and nothing keeps a copy. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

const PROTOCOLS: readonly Protocol[] = ['TCP', 'UDP']

/** The status page at the device's presentationURL: a host sees its own entries and nobody else's. */
export function statusPage(gateway: Gateway): (app: FastifyInstance) => void {
  return (app) => {
    app.get('/', (request, reply) => {
      const host = parseIpv4(request.ip)
      const page = renderPage({
        status: gateway.connectionStatus(),
        externalIpAddress: gateway.externalIpAddress(),
        own: host ? entriesOf(gateway, host) : [],
        total: gateway.portMappingNumberOfEntries(),
      })
      return reply.headers(HEADERS).type('text/html; charset=utf-8').send(page)
    })
    app.get('/style.css', (_request, reply) =>
      reply.headers(HEADERS).type('text/css; charset=utf-8').send(STYLE),
    )
  }
}

const entriesOf = (gateway: Gateway, address: Ipv4Address): PortMappingEntry[] =>
  PROTOCOLS.flatMap((protocol) => {
    try {
      const all = { startPort: 0, endPort: 65_535, protocol, manage: false }
      return [...gateway.getListOfPortMappings(all, 0, { address, version: 2 })]
    } catch (error) {
      if (error instanceof Fault) return [] // 730: none of this protocol
      throw error
    }
  })
