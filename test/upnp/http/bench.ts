import type { InjectOptions } from 'fastify'
import { documentsFor } from '../../../src/upnp/description.ts'
import { eventRoutes } from '../../../src/upnp/gena/routes.ts'
import type { Subscription } from '../../../src/upnp/gena/subscriptions.ts'
import { type AppParts, buildApp } from '../../../src/upnp/http/app.ts'
import { seeded } from '../../support/dice.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { LAN, PEER, ROUTER, descriptors, fakeGateway, fakeLog, values, worldOf } from '../bench.ts'

const SERVER = 'Linux/6.1 UPnP/1.1 igd-pcp/0.1.0'
export const documents = documentsFor(descriptors, values, ROUTER)

/** The HTTP side without a socket: all documents and control URLs, and what `over.routes` adds. */
export function appBench(over: Partial<AppParts> = {}) {
  const { asked, gateway } = fakeGateway()
  const log = fakeLog()
  const app = buildApp({
    log,
    world: worldOf(gateway),
    serverHeader: SERVER,
    paths: [...documents.keys()],
    documents: (address) => (address === ROUTER ? documents : undefined),
    lans: () => [LAN],
    endsOf: ({ remoteAddress }) => ({ peer: remoteAddress, local: ROUTER, localPort: 5000 }),
    routes: [],
    ...over,
  })
  const inject = (options: InjectOptions) =>
    app.inject({ remoteAddress: PEER, ...options, headers: { host: `${ROUTER}:5000`, ...options.headers } })
  return { app, asked, inject, log }
}

/** The routes of eventing, and the subscriptions that began. */
export function eventBench() {
  const clock = new VirtualClock()
  const begun: Subscription[] = []
  const notifier = {
    begin: (subscription: Subscription) => void begun.push(subscription),
    end: () => undefined,
    isFailing: () => false,
  }
  const register = eventRoutes({ clock, random: seeded(1), notifier, serverHeader: SERVER })
  return { begun, clock, register }
}
