import { type FastifyInstance, type FastifyReply, fastify } from 'fastify'
import { Fault, FAULT_TEXT } from '../core/fault.ts'
import type { Gateway } from '../core/gateway.ts'
import { type EventStatus, type Status, STATUS_VERSION } from '../core/status.ts'
import { ANY_IPV4 } from '../lib/ip.ts'
import { NO_SCHEMAS } from '../lib/no-schemas.ts'
import type { Log } from '../lib/log.ts'
import { readAdd, readKey } from './requests.ts'

/** What the control socket may ask of the daemon. */
export interface ControlParts {
  readonly log: Log
  readonly gateway: Gateway
  readonly overview: StatusSource
}

interface StatusSource {
  read(): Status
  /** Tells of each event as it happens. */
  onEvent(listener: (event: EventStatus) => void): Disposable
}

/** Whoever may open the socket is the operator. */
const OPERATOR = { address: ANY_IPV4, version: 2, operator: true } as const

const MAX_BODY = 16 * 1024

/**
 * The routes of the control socket: versioned JSON over HTTP. Nobody is asked who he is: the permissions of the
 * socket's file decide who comes here.
 */
export function controlApi(parts: ControlParts): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY,
    exposeHeadRoutes: false,
    schemaController: NO_SCHEMAS,
  })
  const { overview } = parts
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'there is no such resource'))
  app.setErrorHandler((error: Error & { readonly statusCode?: number }, _request, reply) => {
    if (error instanceof Fault) return refuse(reply, 409, error.reason, error.code)
    const code = error.statusCode ?? 500
    if (code >= 500) parts.log.error({ error: error.stack ?? error.message }, 'control: a request failed')
    return refuse(reply, code, error.message)
  })
  app.get('/v1/status', () => overview.read())
  app.get('/v1/mappings', () => ({ version: STATUS_VERSION, mappings: overview.read().mappings }))
  app.get('/v1/events', (_request, reply) => follow(reply, parts))
  mappings(app, parts)
  return app
}

function mappings(app: FastifyInstance, { gateway, overview }: ControlParts): void {
  app.post('/v1/mappings', async ({ body }, reply) => {
    const wanted = readAdd(body)
    if (!wanted.ok) return await refuse(reply, 400, wanted.why)
    const { protocol, externalPort } = wanted.value
    await gateway.addPortMapping(wanted.value, OPERATOR)
    const mapping = overview
      .read()
      .mappings.find((made) => made.protocol === protocol && made.externalPort === externalPort)
    return await reply.code(201).send({ version: STATUS_VERSION, mapping: mapping ?? null })
  })
  app.delete<{ Params: { protocol: string; port: string }; Querystring: { remoteHost?: string } }>(
    '/v1/mappings/:protocol/:port',
    async ({ params, query }, reply) => {
      const key = readKey({ ...params, remoteHost: query.remoteHost ?? '' })
      if (!key.ok) return await refuse(reply, 400, key.why)
      await gateway.deletePortMapping(key.value, OPERATOR)
      return await reply.code(204).send()
    },
  )
}

/** One JSON object a line, until the reader goes. */
function follow(reply: FastifyReply, { overview }: ControlParts): FastifyReply {
  const { raw } = reply.hijack()
  raw.writeHead(200, { 'content-type': 'application/x-ndjson' })
  raw.flushHeaders()
  const listening = overview.onEvent((event) => {
    // A reader that does not read gets no more than the kernel holds for it.
    if (raw.writableLength > MAX_BODY) raw.destroy()
    else raw.write(`${JSON.stringify(event)}\n`)
  })
  raw.on('close', () => listening[Symbol.dispose]())
  return reply
}

const refuse = (reply: FastifyReply, status: number, reason: string, code?: Fault['code']): FastifyReply =>
  reply.code(status).send({
    version: STATUS_VERSION,
    error: { reason, ...(code && { code, text: FAULT_TEXT[code] }) },
  })
