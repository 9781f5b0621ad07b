import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Status } from '../core/status.ts'
import type { Clock } from '../lib/clock.ts'
import { ICON, SCRIPT, STYLE } from './assets.ts'
import { viewOf } from './from-status/page.ts'
import { renderPage, renderSections } from './page.ts'
import { type Stream, Streams } from './streams.ts'
import type { PageView, Scope } from './view.ts'

/** Nothing but what this page brings may load, nobody may frame it, and nothing keeps a copy. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

/** By path: what kind it is, and its text. */
const ASSETS = {
  '/page.css': ['text/css', STYLE],
  '/page.js': ['text/javascript', SCRIPT],
  '/icon.svg': ['image/svg+xml', ICON],
} as const

/** A page that does not read what it is sent is cut off, and comes back when it can. */
const MOST_UNREAD = 256 * 1024

/** How things are, and when they change. */
interface Overview {
  read(): Status
  onChange(listener: () => void): Disposable
}

interface PageParts {
  readonly clock: Clock
  /** `http.page`; it may change at any time. */
  readonly scope: () => Scope | 'off'
  readonly overview: Overview
}

/** The status page at the device's presentationURL. It shows and changes nothing. */
export function statusPage({ clock, overview, scope }: PageParts): (app: FastifyInstance) => void {
  const streams = new Streams(clock, (listener) => overview.onChange(listener))
  const viewFor = ({ edge: { lan, peer } }: FastifyRequest, of: Scope): PageView =>
    viewOf(overview.read(), { host: peer, router: lan.address }, of)
  return (app) => {
    const at = (
      path: string,
      show: (request: FastifyRequest, reply: FastifyReply, of: Scope) => FastifyReply,
    ) =>
      app.get(path, (request, reply) => {
        const of = scope()
        if (of !== 'off') return show(request, reply, of)
        reply.callNotFound()
        return reply
      })
    at('/', (request, reply, of) => answer(reply, 'text/html', renderPage(viewFor(request, of))))
    at('/events', (request, reply) =>
      stream(request, reply, streams, () => {
        const of = scope()
        return of === 'off' ? undefined : renderSections(viewFor(request, of))
      }),
    )
    // Asked for by browsers that do not read the page first.
    at('/favicon.ico', (_request, reply) => answer(reply, ...ASSETS['/icon.svg']))
    for (const [path, [type, text]] of Object.entries(ASSETS))
      at(path, (_request, reply) => answer(reply, type, text))
  }
}

const answer = (reply: FastifyReply, type: string, text: string): FastifyReply =>
  reply.headers(HEADERS).type(`${type}; charset=utf-8`).send(text)

function stream(
  { edge: { peer } }: FastifyRequest,
  reply: FastifyReply,
  streams: Streams,
  /** Undefined where there is no page any more. */
  render: () => string | undefined,
): FastifyReply {
  if (!streams.hasPlace(peer)) return answer(reply.code(503), 'text/plain', 'Too many pages are open.\n')
  const { raw } = reply.hijack()
  raw.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' })
  const opened: Stream = {
    host: peer,
    send: () => {
      const sections = raw.writableLength > MOST_UNREAD ? undefined : render()
      if (sections === undefined) raw.destroy()
      else raw.write(message(sections))
    },
  }
  raw.once('close', () => streams.close(opened))
  streams.open(opened)
  return reply
}

/** One message of an event stream: each line of its text is a field. */
const message = (text: string): string => `data: ${text.replace(/\n/g, '\ndata: ')}\n\n`
