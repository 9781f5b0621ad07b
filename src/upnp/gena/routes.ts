import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock, Random } from '../../lib/clock.ts'
import type { Service } from '../action.ts'
import { FACADE } from '../facade.ts'
import { answerExactly, refuse } from '../http/reply.ts'
import { parseCallbacks } from './callback.ts'
import type { Notifier } from './notifier.ts'
import { type Claim, Subscriptions, grantedTimeout, newSid } from './subscriptions.ts'

export interface EventParts {
  readonly clock: Clock
  readonly random: Random
  readonly notifier: Pick<Notifier, 'begin' | 'end' | 'isFailing'>
  /** SERVER header: OS/version UPnP/1.1 product/version. */
  readonly serverHeader: string
}

interface EventRoute extends EventParts {
  readonly subscriptions: Subscriptions
  readonly path: string
  readonly service: Service
}

const NOTHING = Buffer.alloc(0)

/** SUBSCRIBE and UNSUBSCRIBE at the eventSubURLs of descriptors/ (UDA 1.1 §4.1). */
export function eventRoutes(parts: EventParts): (app: FastifyInstance) => void {
  const subscriptions = new Subscriptions((subscription) => parts.notifier.isFailing(subscription))
  return (app) => {
    app.addHttpMethod('SUBSCRIBE')
    app.addHttpMethod('UNSUBSCRIBE')
    for (const facade of [1, 2] as const)
      for (const [name, [service]] of Object.entries(FACADE[facade])) {
        const route = { ...parts, subscriptions, service, path: `/igd${facade}/event/${name}` }
        app.route({ method: 'SUBSCRIBE', url: route.path, handler: (...way) => subscribe(route, ...way) })
        app.route({ method: 'UNSUBSCRIBE', url: route.path, handler: (...way) => unsubscribe(route, ...way) })
      }
  }
}

function subscribe(route: EventRoute, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { callback, nt, sid } = requestedIn(request.headers)
  if (sid !== undefined && (nt !== undefined || callback !== undefined)) return refuse(reply, 400)
  const timeout = grantedTimeout(textOf(request.headers['timeout']))
  const now = route.clock.now()
  if (sid !== undefined) {
    const renewed = route.subscriptions.renew(claimOf(route, request, sid), timeout, now)
    return renewed ? accept(route, reply, { SID: sid, TIMEOUT: `Second-${timeout}` }) : refuse(reply, 412)
  }
  const { lan, peer } = request.edge
  const callbacks = parseCallbacks(callback ?? '', peer)
  if (nt !== 'upnp:event' || callbacks.length === 0) return refuse(reply, 412)
  const subscriber = { host: peer, lanAddress: lan.address, path: route.path, callbacks }
  const made = route.subscriptions.subscribe(subscriber, newSid(route.random), timeout, now)
  if (!made) return refuse(reply, 503)
  // Who hangs up before has no SID to renew or to end it with.
  const hungUp = () => void route.subscriptions.unsubscribe(made, route.clock.now())
  reply.raw.once('close', hungUp)
  // UDA 1.1 §4.1: the initial event must not overtake the SID it carries.
  reply.raw.once('finish', () => {
    reply.raw.off('close', hungUp)
    route.notifier.begin(made, route.service)
  })
  return accept(route, reply, { SID: made.sid, TIMEOUT: `Second-${timeout}` })
}

function unsubscribe(route: EventRoute, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { callback, nt, sid } = requestedIn(request.headers)
  if (sid === undefined) return refuse(reply, 412)
  if (nt !== undefined || callback !== undefined) return refuse(reply, 400)
  const ended = route.subscriptions.unsubscribe(claimOf(route, request, sid), route.clock.now())
  if (!ended) return refuse(reply, 412)
  route.notifier.end(ended)
  return accept(route, reply, {})
}

function accept(
  { serverHeader }: EventRoute,
  reply: FastifyReply,
  headers: Readonly<Record<string, string>>,
): FastifyReply {
  answerExactly(reply, 200, { ...headers, SERVER: serverHeader }, NOTHING)
  return reply
}

const claimOf = ({ path }: EventRoute, { edge }: FastifyRequest, sid: string): Claim => ({
  sid,
  host: edge.peer,
  path,
})

const requestedIn = (headers: IncomingHttpHeaders) => ({
  callback: textOf(headers['callback']),
  nt: textOf(headers['nt']),
  sid: textOf(headers['sid']),
})

const textOf = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : undefined
