import type { Socket } from 'node:net'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import type { Ipv4Address } from '../../lib/ip.ts'
import type { Lan } from '../../lib/lan.ts'
import type { Log } from '../../lib/log.ts'
import { NO_SCHEMAS } from '../../lib/no-schemas.ts'
import type { ServiceWorld } from '../action.ts'
import { control } from '../control.ts'
import type { Documents } from '../description.ts'
import { type Edge, type Ends, admit } from '../edge.ts'
import { FACADE, type ServiceVersions } from '../facade.ts'
import { answerExactly, refuse } from './reply.ts'
import { servedPath } from './served-path.ts'

// The routes, without a socket: descriptions, control, and what other parts register behind the same edge.

const XML = 'text/xml; charset="utf-8"'
const MAX_BODY = 64 * 1024

export interface AppParts {
  readonly log: Log
  readonly world: ServiceWorld
  /** SERVER header: OS/version UPnP/1.1 product/version. */
  readonly serverHeader: string
  /** Paths of the documents. */
  readonly paths: readonly string[]
  /** The documents as they read on the LAN of this address. */
  readonly documents: (address: Ipv4Address) => Documents | undefined
  /** The LANs of this moment. */
  readonly lans: () => readonly Lan[]
  readonly endsOf: (socket: Socket) => Ends
  /** Further routes, registered behind the same edge. */
  readonly routes: readonly ((app: FastifyInstance) => void)[]
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler runs. */
    edge: Edge
  }
}

export function buildApp(parts: AppParts): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY,
    exposeHeadRoutes: false,
    schemaController: NO_SCHEMAS,
    frameworkErrors: (_error, _request, reply) => void refuse(reply, 400),
  })
  refusals(app, parts.log)
  edge(app, parts)
  for (const path of parts.paths) app.get(path, (request, reply) => describe(request, reply, parts))
  void app.register((scope, _options, done) => {
    controls(scope, parts)
    done()
  })
  for (const register of parts.routes) register(app)
  return app
}

function refusals(app: FastifyInstance, log: Log): void {
  const methods = new Map<string, readonly string[]>()
  app.addHook('onRoute', ({ method, url }) => {
    methods.set(url, [...(methods.get(url) ?? []), method].flat())
  })
  app.setNotFoundHandler((request, reply) => {
    const allowed = methods.get(request.url.split('?', 1)[0] ?? '')
    return allowed ? refuse(reply.header('allow', allowed.join(', ')), 405) : refuse(reply, 404)
  })
  app.setErrorHandler((error: Error & { readonly statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) log.error({ error: error.stack ?? error.message }, 'HTTP: a request failed')
    return refuse(reply, status)
  })
}

function edge(app: FastifyInstance, { endsOf, lans, log }: AppParts): void {
  app.decorateRequest('edge')
  app.addHook('onRequest', async (request, reply) => {
    const { headers, method, raw, socket } = request
    const ends = endsOf(socket)
    const { httpVersion, rawHeaders, url = '' } = raw
    const hosts = valuesOf('host', rawHeaders)
    const admitted = admit({ ends, method, url, headers, hosts, httpVersion }, lans())
    if (typeof admitted === 'string') {
      log.debug({ peer: ends.peer, why: admitted }, 'HTTP: request refused')
      return await refuse(reply, 403)
    }
    request.edge = admitted
  })
}

/** All values of a header; `rawHeaders` has names and values in turn. */
const valuesOf = (name: string, rawHeaders: readonly string[]): readonly string[] =>
  rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name)

function describe(request: FastifyRequest, reply: FastifyReply, parts: AppParts): FastifyReply {
  const path = servedPath(request.routeOptions.url ?? '', request.headers['user-agent'])
  const document = parts.documents(request.edge.lan.address)?.get(path)
  return document ? sendXml(reply, 200, document, parts) : refuse(reply, 404)
}

function controls(app: FastifyInstance, parts: AppParts): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('onRequest', (request, _reply, done) => {
    // Whatever it says, or nothing: control points in the field send every kind.
    request.headers['content-type'] = 'text/xml'
    done()
  })
  for (const facade of [1, 2] as const)
    for (const [name, services] of Object.entries(FACADE[facade]))
      controlRoute(app, `/igd${facade}/control/${name}`, services, parts)
}

function controlRoute(app: FastifyInstance, path: string, services: ServiceVersions, parts: AppParts): void {
  app.post<{ Body: Buffer }>(path, async ({ body, edge: { peer }, headers }, reply) => {
    const header = headers['soapaction']
    const soapAction = typeof header === 'string' ? header : undefined
    const answer = await control(parts.world, parts.log, { services, soapAction, body, peer })
    return sendXml(reply, answer.status, Buffer.from(answer.body), parts)
  })
}

function sendXml(reply: FastifyReply, status: number, body: Buffer, parts: AppParts): FastifyReply {
  answerExactly(reply, status, { 'Content-Type': XML, EXT: '', SERVER: parts.serverHeader }, body)
  return reply
}
