import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import { closeServer } from '../lib/http-server.ts'
import { parseIp } from '../lib/ip.ts'
import type { Log } from '../lib/log.ts'
import { listenAt } from '../lib/unix-socket.ts'
import type { Place } from './place.ts'
import type { Exposition } from './prometheus.ts'

const LIMITS = {
  maxHeaderSize: 8 * 1024,
  /** Milliseconds. */
  requestTimeout: 10_000,
  headersTimeout: 5000,
  connectionsCheckingInterval: 5000,
} as const

/** A Prometheus has one connection, a second one may come while the first is being closed. */
const MOST_CONNECTIONS = 8

const PATH = '/metrics'

interface ExporterParts {
  readonly expose: () => Promise<Exposition>
  readonly log: Log
}

/** Listens at `place`; what it resolves with ends that. Rejects as `listen` does. */
export async function openExporter(place: Place, parts: ExporterParts): Promise<() => Promise<void>> {
  const server = metricsServer(place, parts)
  if (place.kind === 'socket') await listenAt(server, place.path, 'metrics.listen')
  else await listenOn(server, place)
  return () => closeServer(server)
}

/** Answers each GET of /metrics with what `expose` gives, for whoever comes to `place`. */
export function metricsServer(place: Place, { expose, log }: ExporterParts): Server {
  const answer = async (response: ServerResponse) => {
    try {
      const { contentType, text } = await expose()
      send(response, 200, text, contentType)
    } catch (error) {
      log.error({ error }, 'metrics: a scrape failed, which is a bug')
      send(response, 500, 'the log says why\n')
    }
  }
  const server = createServer(LIMITS, (request, response) => {
    const refusal = refusalOf(request, place)
    if (refusal) send(response, ...refusal)
    else void answer(response)
  })
  server.maxConnections = MOST_CONNECTIONS
  return server
}

const listenOn = (server: Server, { address, port }: Extract<Place, { kind: 'address' }>): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, resolve)
  })

function refusalOf({ headers, method, url }: IncomingMessage, place: Place): [number, string] | undefined {
  if (place.kind === 'address' && !isNumeric(headers.host ?? ''))
    return [421, 'ask for it by its address, not by a name\n']
  if (url !== PATH) return [404, `the metrics are at ${PATH}\n`]
  return method === 'GET' || method === 'HEAD' ? undefined : [405, 'only GET\n']
}

/** A Host that is a name may be that of a web page, which had its own name point here (DNS rebinding). */
function isNumeric(host: string): boolean {
  const [, inBrackets, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(host) ?? []
  return plain === 'localhost' || parseIp(inBrackets ?? plain ?? '') !== undefined
}

function send(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(text)
}
