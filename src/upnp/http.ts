import { type Server, createServer } from 'node:http'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import type { Ipv4Address } from '../lib/ip.ts'
import type { Lan } from '../lib/lan.ts'
import type { Log } from '../lib/log.ts'
import type { ServiceWorld } from './action.ts'
import { control } from './control.ts'
import { DESCRIPTION_PATH, type DescriptionValues, type Descriptors, documentsFor } from './description.ts'
import { type Edge, admit } from './edge.ts'
import { FACADE } from './facade.ts'

// The HTTP listener of each LAN: descriptions, control, and what other parts register. One app, one listener per
// LAN address, and never one anywhere else.

const XML = 'text/xml; charset="utf-8"'
const MAX_BODY = 64 * 1024
const MAX_HEADERS = 8 * 1024
const MAX_CONNECTIONS = 64
const IDLE = 10_000

export interface HttpOptions {
  readonly log: Log
  readonly descriptors: Descriptors
  readonly values: DescriptionValues
  readonly world: ServiceWorld
  /** SERVER header: OS/version UPnP/1.1 product/version. */
  readonly serverHeader: string
  /** Further routes, registered behind the same edge. */
  readonly routes: readonly ((app: FastifyInstance) => void)[]
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the edge before any handler runs. */
    edge: Edge
  }
}

export class UpnpHttp {
  readonly #options: HttpOptions
  readonly #app: FastifyInstance
  readonly #listeners = new Map<Ipv4Address, Server>()
  readonly #documents = new Map<Ipv4Address, ReadonlyMap<string, string>>()
  #lans: readonly Lan[] = []

  constructor(options: HttpOptions) {
    this.#options = options
    this.#app = fastify({ logger: false, bodyLimit: MAX_BODY, exposeHeadRoutes: false })
    this.#edge()
    this.#routes()
  }

  /** Listens on exactly these LANs from now on. Rejects when an address or the port cannot be had. */
  async setLans(lans: readonly Lan[]): Promise<void> {
    await this.#app.ready()
    this.#lans = lans
    const wanted = new Set(lans.map(({ address }) => address))
    for (const [address, server] of this.#listeners) if (!wanted.has(address)) this.#close(address, server)
    for (const address of wanted) if (!this.#listeners.has(address)) await this.#listen(address)
  }

  async stop(): Promise<void> {
    for (const [address, server] of this.#listeners) this.#close(address, server)
    await this.#app.close()
  }

  async #listen(address: Ipv4Address): Promise<void> {
    const server = createServer(
      {
        maxHeaderSize: MAX_HEADERS,
        requireHostHeader: false,
        requestTimeout: IDLE,
        headersTimeout: IDLE / 2,
      },
      (request, response) => this.#app.routing(request, response),
    )
    server.maxConnections = MAX_CONNECTIONS
    server.keepAliveTimeout = IDLE
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#options.values.httpPort, address, resolve)
    })
    this.#listeners.set(address, server)
    const { descriptors, values } = this.#options
    this.#documents.set(address, documentsFor(descriptors, values, address))
  }

  #close(address: Ipv4Address, server: Server): void {
    server.close()
    server.closeAllConnections()
    this.#listeners.delete(address)
    this.#documents.delete(address)
  }

  #edge(): void {
    const { log, values } = this.#options
    this.#app.decorateRequest('edge')
    this.#app.addHook('onRequest', async (request, reply) => {
      const { socket } = request
      const head = {
        peer: socket.remoteAddress,
        local: socket.localAddress,
        headers: request.headers,
        httpVersion: request.raw.httpVersion,
      }
      const edge = admit(head, this.#lans, values.httpPort)
      if (typeof edge !== 'string') {
        request.edge = edge
        request.headers['content-type'] = XML // whatever it says, or nothing: field clients send every kind
        return
      }
      log.debug({ peer: socket.remoteAddress, why: edge }, 'request refused')
      await reply.code(403).type('text/plain').send('Forbidden\n')
    })
    this.#app.removeAllContentTypeParsers()
    this.#app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    this.#app.setNotFoundHandler((_request, reply) => reply.code(404).type('text/plain').send('Not Found\n'))
    this.#app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
      const status = error.statusCode ?? 500
      if (status >= 500) log.error({ error: error.message }, 'a request failed')
      return reply.code(status).type('text/plain').send('Error\n')
    })
  }

  #routes(): void {
    for (const name of this.#options.descriptors.keys())
      this.#app.get(`/${name}`, (request, reply) => this.#describe(request, reply))
    for (const facade of [1, 2] as const)
      for (const [path, service] of Object.entries(FACADE[facade]))
        this.#app.post(`/igd${facade}/control/${path}`, async (request, reply) => {
          const header = request.headers['soapaction']
          const call = {
            facade,
            service,
            soapAction: typeof header === 'string' ? header : undefined,
            body: typeof request.body === 'string' ? request.body : '',
            peer: request.edge.peer,
          }
          const answer = await control(this.#options.world, this.#options.log, call)
          this.#send(reply, answer.status, answer.body)
          return reply
        })
    for (const register of this.#options.routes) register(this.#app)
  }

  #describe(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const path = servedPath(request)
    const document = this.#documents.get(request.edge.lan.address)?.get(path)
    if (document === undefined) return reply.code(404).type('text/plain').send('Not Found\n')
    this.#send(reply, 200, document)
    return reply
  }

  /** Past fastify, as some control points look for EXT and SERVER in capitals, and none expects chunks. */
  #send(reply: FastifyReply, status: number, body: string): void {
    reply.hijack()
    const octets = Buffer.from(body)
    reply.raw.writeHead(status, {
      'Content-Type': XML,
      'Content-Length': octets.length,
      EXT: '',
      SERVER: this.#options.serverHeader,
    })
    reply.raw.end(octets)
  }
}

/** Microsoft's control points refuse a :2 tree, so they get the :1 tree at its place too. */
const wantsVersion1 = (userAgent: string | undefined): boolean =>
  userAgent !== undefined && /microsoft|FDSSDP/i.test(userAgent)

const LOWERED: ReadonlyMap<string, string> = new Map<string, string>([
  [DESCRIPTION_PATH[2], DESCRIPTION_PATH[1]],
  ['/wan-ip-connection-2.xml', '/wan-ip-connection-1.xml'],
])

function servedPath({ headers, url }: FastifyRequest): string {
  const path = url.split('?')[0] ?? ''
  return wantsVersion1(headers['user-agent']) ? (LOWERED.get(path) ?? path) : path
}
