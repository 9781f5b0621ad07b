import { type FastifyInstance, fastify } from 'fastify'
import type { Status } from '../../src/core/status.ts'
import { statusPage } from '../../src/web/routes.ts'
import type { Scope } from '../../src/web/view.ts'
import { LAN } from '../upnp/bench.ts'
import { ip } from '../support/fake-carrier.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { VIEWER, WORKS } from './statuses.ts'

/** The routes of the page, behind an edge that takes everybody for one host of the LAN. */
export function pageBench(scope: Scope = 'own') {
  const clock = new VirtualClock()
  const listeners = new Set<() => void>()
  let status = WORKS
  const overview = {
    read: () => status,
    onChange: (listener: () => void) => {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
  }
  const app: FastifyInstance = fastify()
  app.decorateRequest('edge')
  app.addHook('onRequest', (request, _reply, done) => {
    request.edge = { peer: ip(VIEWER.host), lan: LAN }
    done()
  })
  let shown: Scope | 'off' = scope
  statusPage({ clock, overview, scope: () => shown })(app)
  return {
    app,
    /** The operator wants this from now on. */
    show: (now: Scope | 'off') => {
      shown = now
    },
    clock,
    listeners,
    /** Things are like this now, and whoever listens is told. */
    change: (now: Status) => {
      status = now
      for (const listener of listeners) listener()
    },
  }
}
