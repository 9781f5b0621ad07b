import type { InjectOptions } from 'fastify'
import { type CoreOptions, assembleCore } from '../../src/core/assemble.ts'
import { NOTHING_SAVED } from '../../src/core/record.ts'
import type { IgdVersion } from '../../src/core/types.ts'
import type { Ipv4Address } from '../../src/lib/ip.ts'
import { Announcements } from '../../src/pcp/announcements.ts'
import { epochMemory } from '../../src/pcp/epoch-memory.ts'
import { serverLinks } from '../../src/pcp/server-links.ts'
import { Upstream } from '../../src/pcp/upstream.ts'
import type { Request } from '../../src/pcp/wire/message.ts'
import { decodeRequest } from '../../src/pcp/wire/packet.ts'
import type { Settings } from '../../src/pcp-server/settings.ts'
import type { ArgOptions } from '../../src/upnp/args.ts'
import { documentsFor } from '../../src/upnp/description.ts'
import { Notifier } from '../../src/upnp/gena/notifier.ts'
import { eventRoutes } from '../../src/upnp/gena/routes.ts'
import { buildApp } from '../../src/upnp/http/app.ts'
import {
  ADD,
  LAN,
  OPTIONS,
  PEER,
  ROUTER,
  codeOf,
  descriptors,
  envelope,
  fieldsOf,
  urn,
  values,
  worldOf,
} from '../upnp/bench.ts'
import { FREE } from './core-bench.ts'
import { seeded } from './dice.ts'
import { ip } from './fake-carrier.ts'
import { FakeHosts } from './fake-hosts.ts'
import { FakeNat } from './fake-nat.ts'
import { MemoryCarrier, reachOver, SERVER } from './memory-carrier.ts'
import { MemoryStore } from './memory-store.ts'
import { VirtualClock, settle } from './virtual-clock.ts'

// Two control points, the real front, core, client and wire, and the embedded server: all but the sockets.

export const C1 = PEER
export const C2 = ip('192.168.1.20')

export type Arguments = Readonly<Record<string, string | undefined>>

interface Options extends Partial<CoreOptions> {
  readonly settings?: Partial<Settings>
  readonly options?: Partial<ArgOptions>
}

interface How {
  readonly by?: Ipv4Address
  readonly facade?: IgdVersion
  readonly version?: IgdVersion
}

export interface SoapAnswer {
  /** 200, or the errorCode. */
  readonly code: number
  /** All elements of the answer by name. */
  readonly out: Readonly<Record<string, string>>
  readonly body: string
}

const isPresent = (pair: [string, string | undefined]): pair is [string, string] => pair[1] !== undefined

export async function igdBench({ settings = {}, options = {}, ...core }: Options = {}) {
  const clock = new VirtualClock()
  const random = seeded(1)
  const carrier = new MemoryCarrier(clock, random, settings)
  const requests = recordRequests(carrier)
  const nat = new FakeNat()
  const lines: { level: string; message: string; fields: object }[] = []
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, message, fields })
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const secret = new Uint8Array(32).fill(7)
  const linkWorld = { clock, random, log, secret, natPmp: 'auto' } as const
  const upstream = new Upstream({ clock, log, reach: reachOver(carrier, linkWorld) })
  const closing = new AbortController()
  const { iwf, context, events } = assembleCore(
    { clock, random, log, nat, hosts: new FakeHosts(), pcp: upstream, store: new MemoryStore() },
    {
      wanPorts: { first: 49_152, last: 57_343 },
      takenPorts: [],
      maxLifetime: undefined,
      limits: FREE,
      isLanHost: () => true,
      probe: false,
      describes: false,
      saved: NOTHING_SAVED,
      closing: closing.signal,
      ...core,
    },
  )
  upstream.listen(events)
  const { connect } = carrier
  await upstream.use(
    serverLinks([SERVER], {
      ...linkWorld,
      source: 'static',
      epochs: epochMemory(undefined, () => undefined),
      connect,
      events,
      announcements: new Announcements(),
      ipv4: () => undefined,
    }).links,
  )

  const world = worldOf(iwf, { options: { ...OPTIONS, ...options } })
  const sent: Readonly<Record<string, string>>[] = []
  const send = ({ body }: { body: Buffer }) => {
    const properties = Object.entries(fieldsOf(body.toString()))
    sent.push(Object.fromEntries(properties.filter(([name]) => !['propertyset', 'property'].includes(name))))
    return Promise.resolve(200)
  }
  const notifier = new Notifier({ clock, log, send }, world)
  notifier.start(context.changes)
  const documents = documentsFor(descriptors, values, ROUTER)
  const app = buildApp({
    log,
    world,
    serverHeader: 'Linux/6.1 UPnP/1.1 igd-pcp/0.1.0',
    paths: [...documents.keys()],
    documents: () => documents,
    lans: () => [LAN],
    endsOf: ({ remoteAddress }) => ({ peer: remoteAddress, local: ROUTER, localPort: 5000 }),
    routes: [eventRoutes({ clock, random, notifier, serverHeader: 'x' })],
  })

  const inject = async (request: InjectOptions, by = C1) =>
    await app.inject({
      remoteAddress: by,
      ...request,
      headers: { host: `${ROUTER}:5000`, ...request.headers },
    })

  /** The call on its way; time has to pass for it to be answered where the carrier is asked. */
  const sendSoap = async (action: string, args: Arguments = {}, how: How = {}): Promise<SoapAnswer> => {
    const { by = C1, facade = 2, version = facade } = how
    const type = urn('WANIPConnection', version)
    const given = Object.fromEntries(Object.entries(args).filter(isPresent))
    const { body, statusCode } = await inject(
      {
        method: 'POST',
        url: `/igd${facade}/control/wan-ip-connection`,
        payload: envelope(type, action, given),
        headers: { soapaction: `"${type}#${action}"` },
      },
      by,
    )
    const code = codeOf({ status: statusCode === 200 ? 200 : 500, body })
    return { code, out: fieldsOf(body), body }
  }

  const within = <T>(call: Promise<T>): Promise<T> => answered(clock, call)

  const soap = (action: string, args: Arguments = {}, how: How = {}): Promise<SoapAnswer> =>
    within(sendSoap(action, args, how))

  /** AddPortMapping with the eight arguments right, but for `changes`; for whoever asks. */
  const add = (changes: Arguments = {}, how: How = {}): Promise<SoapAnswer> =>
    soap('AddPortMapping', { ...ADD, NewInternalClient: how.by ?? C1, ...changes }, how)

  const addAny = (changes: Arguments = {}, how: How = {}): Promise<SoapAnswer> =>
    soap('AddAnyPortMapping', { ...ADD, NewInternalClient: how.by ?? C1, ...changes }, how)

  /** Events as they arrive at C1, each as its variables; the initial one first. */
  const subscribe = async (facade: IgdVersion = 2) => {
    const request = {
      method: 'SUBSCRIBE',
      url: `/igd${facade}/event/wan-ip-connection`,
      headers: { callback: `<http://${C1}:49152/>`, nt: 'upnp:event' },
    }
    // Its type knows fewer methods than HTTP.
    await inject(request)
    await clock.advance(200)
    return sent
  }

  const held = () => carrier.responder.mappings().map(({ external }) => external.port)
  const shown = () => [...context.table.mappings()].map(({ externalPort }) => Number(externalPort))
  return {
    add,
    addAny,
    carrier,
    clock,
    context,
    held,
    inject,
    iwf,
    lines,
    nat,
    requests,
    sendSoap,
    shown,
    soap,
    subscribe,
    within,
  }
}

/** The MAP requests that reach the server from now on; an ANNOUNCE only asks whether it lives. */
function recordRequests({ responder }: MemoryCarrier): Request[] {
  const requests: Request[] = []
  const handle = responder.handle.bind(responder)
  responder.handle = (bytes, source) => {
    const decoded = decodeRequest(bytes)
    if (decoded.ok && decoded.value.body.opcode === 'MAP') requests.push(decoded.value)
    return handle(bytes, source)
  }
  return requests
}

/** Lets no more time pass than the call needs: what asks nobody is answered in none. */
async function answered<T>(clock: VirtualClock, call: Promise<T>): Promise<T> {
  const end = { come: false }
  const note = () => void (end.come = true)
  call.then(note, note)
  for (let turn = 0; turn < 50 && !end.come; turn++) await settle()
  return await (end.come ? call : clock.answered(call))
}
