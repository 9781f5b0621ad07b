import { once } from 'node:events'
import { type IncomingMessage, type Server, type ServerResponse, createServer, request } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { afterEach, expect, it } from 'vitest'
import { port as portNumber } from '../../../src/lib/units.ts'
import { sendNotify } from '../../../src/upnp/gena/http-send.ts'
import { Notifier } from '../../../src/upnp/gena/notifier.ts'
import type { Notify } from '../../../src/upnp/gena/notify.ts'
import { eventRoutes } from '../../../src/upnp/gena/routes.ts'
import { UpnpHttp } from '../../../src/upnp/http.ts'
import { add, caller, coreBench } from '../../support/core-bench.ts'
import { ip } from '../../support/fake-carrier.ts'
import { seeded } from '../../support/dice.ts'
import { descriptors, elementsOf, fakeLog, values, worldOf } from '../bench.ts'

// The core, the device and a subscriber, joined by sockets on loopback. Only the clock is not real.

const HOME = ip('127.0.0.1')
const LAN = { name: 'lo', address: HOME, prefix: { address: HOME, length: 8 } }

const closes: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closes.splice(0).reverse()) await close()
})

async function listening(server: Server): Promise<number> {
  server.listen(0, HOME)
  closes.push(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, HOME)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

interface Event {
  readonly rawHeaders: readonly string[]
  readonly seq: string | undefined
  readonly values: ReadonlyMap<string, string>
}

async function eventOf(message: IncomingMessage): Promise<Event> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  const variables = elementsOf(Buffer.concat(chunks).toString()).filter(
    ({ children }) => children.length === 0,
  )
  return {
    rawHeaders: message.rawHeaders,
    seq: message.headers['seq']?.toString(),
    values: new Map(variables.map(({ name, text }) => [name, text])),
  }
}

/** Takes events and lets a test wait for the next. */
async function subscriber() {
  const events: Event[] = []
  const waiting: ((event: Event) => void)[] = []
  const server = createServer((message, response) => {
    void eventOf(message).then((event) => {
      response.end()
      const first = waiting.shift()
      if (first) first(event)
      else events.push(event)
    })
  })
  const port = await listening(server)
  const next = (): Promise<Event> => {
    const come = events.shift()
    return come ? Promise.resolve(come) : new Promise((resolve) => waiting.push(resolve))
  }
  return { events, next, port }
}

/** Sees each answer before anything is done about it. */
const watching = (see: (answer: ServerResponse) => void) => (app: FastifyInstance) =>
  void app.addHook('onRequest', (_request, { raw }, done) => {
    see(raw)
    done()
  })

async function device(
  over: Partial<Pick<Notifier, 'begin'>> = {},
  see: (answer: ServerResponse) => void = () => undefined,
) {
  const core = coreBench()
  const { clock, context, iwf } = core
  const log = fakeLog()
  const world = worldOf(iwf)
  const notifier = new Notifier({ clock, log, send: sendNotify }, world)
  notifier.start(context.changes)
  closes.push(() => notifier.stop())
  const serverHeader = 'Linux/6.1 UPnP/1.1 igd-pcp/0.1.0'
  const told = {
    begin: (...args: Parameters<Notifier['begin']>) => notifier.begin(...args),
    end: (...args: Parameters<Notifier['end']>) => notifier.end(...args),
    isFailing: (...args: Parameters<Notifier['isFailing']>) => notifier.isFailing(...args),
    ...over,
  }
  const routes = [watching(see), eventRoutes({ clock, random: seeded(1), notifier: told, serverHeader })]
  const port = await freePort()
  const http = new UpnpHttp({
    clock,
    log,
    descriptors,
    values: { ...values, httpPort: port },
    world,
    serverHeader,
    routes,
  })
  closes.push(() => http.stop())
  await http.start([LAN])
  return { ...core, port }
}

/** SUBSCRIBE as a control point sends it; resolves when the answer is there. */
async function subscribe(port: number, to: number): Promise<IncomingMessage> {
  const asked = request({
    host: HOME,
    port,
    method: 'SUBSCRIBE',
    path: '/igd2/event/wan-ip-connection',
    headers: { CALLBACK: `<http://${HOME}:${to}/evt>`, NT: 'upnp:event', TIMEOUT: 'Second-1800' },
    agent: false,
  })
  asked.end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  answer.resume()
  return answer
}

it('G21 G22: the initial event, and one event for each AddPortMapping', async () => {
  const { answered, clock, iwf, port, start } = await device()
  const { events, next, port: to } = await subscriber()
  const answer = await subscribe(port, to)
  expect(answer.statusCode).toBe(200)
  expect(answer.rawHeaders).toEqual(expect.arrayContaining(['SID', 'TIMEOUT', 'SERVER', 'Content-Length']))

  await clock.advance(200)
  const initial = await next()
  expect(initial.seq).toBe('0')
  expect([...initial.values.keys()]).toEqual([
    'PossibleConnectionTypes',
    'ConnectionStatus',
    'ExternalIPAddress',
    'PortMappingNumberOfEntries',
    'SystemUpdateID',
  ])
  expect(initial.values.get('ExternalIPAddress')).toBe('')
  const names = initial.rawHeaders.filter((_, index) => index % 2 === 0)
  expect(names).toEqual(['HOST', 'CONTENT-TYPE', 'CONTENT-LENGTH', 'NT', 'NTS', 'SID', 'SEQ', 'CONNECTION'])
  expect(initial.rawHeaders).toContain(answer.headers['sid'])

  void start()
  await clock.advance(1000)
  const address = await next()
  expect([address.seq, address.values.get('ExternalIPAddress')]).toEqual(['1', '203.0.114.1'])
  for (const count of [1, 2, 3]) {
    await answered(iwf.addPortMapping(add({ externalPort: portNumber(8000 + count) }), caller()))
    const { seq, values: changed } = await next()
    expect([seq, [...changed]]).toEqual([
      String(count + 1),
      [
        ['PortMappingNumberOfEntries', String(count)],
        ['SystemUpdateID', String(count)],
      ],
    ])
  }
  expect(events).toEqual([])
})

it('UDA 1.1 §4.1: the events begin only when the 200 is out', async () => {
  const answers: ServerResponse[] = []
  const begun = new Promise((resolve) => {
    void device({ begin: () => resolve(answers[0]?.writableFinished) }, (answer) =>
      answers.push(answer),
    ).then(({ port }) => subscribe(port, 1))
  })
  expect(await begun).toBe(true)
})

it('who hangs up before the 200 is out has no subscription', async () => {
  let hangUps = 8
  const { port } = await device({}, (answer) => {
    if (hangUps-- > 0) answer.destroy()
  })
  for (let n = 0; n < 8; n++) await expect(subscribe(port, 1)).rejects.toThrow()
  expect((await subscribe(port, 1)).statusCode).toBe(200)
})

const notify = (to: number, over: Partial<Notify> = {}): Notify => ({
  from: HOME,
  to: { address: HOME, port: portNumber(to), path: '/evt' },
  headers: { HOST: `${HOME}:${to}` },
  body: Buffer.from('event'),
  ...over,
})
const never = new AbortController().signal

/** Answers whatever comes with these octets. */
async function answering(octets: string): Promise<number> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(octets))
  })
  server.listen(0, HOME)
  closes.push(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

it.each([
  ['200', 'HTTP/1.1 200 OK\r\n\r\n'],
  ['412', 'HTTP/1.0 412 Precondition Failed\r\n\r\n'],
])('%s is an answer', async (status, octets) => {
  expect(await sendNotify(notify(await answering(octets)), never)).toBe(Number(status))
})

it('G21: a redirect is not followed', async () => {
  let visits = 0
  const elsewhere = await listening(createServer((_request, response) => response.end(String((visits += 1)))))
  const to = await answering(`HTTP/1.1 307 There\r\nLocation: http://${HOME}:${elsewhere}/\r\n\r\n`)
  expect(await sendNotify(notify(to), never)).toBe(307)
  expect(visits).toBe(0)
})

it.each([
  ['no HTTP', 'nonsense\r\n\r\n'],
  ['nothing', ''],
  ['another protocol', 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
])('%s is none', async (_what, octets) => {
  await expect(sendNotify(notify(await answering(octets)), never)).rejects.toThrow()
})

it('leaves from our address on the LAN, or not at all', async () => {
  const to = await answering('HTTP/1.1 200 OK\r\n\r\n')
  await expect(sendNotify(notify(to, { from: ip('192.0.2.1') }), never)).rejects.toThrow('EADDRNOTAVAIL')
})

it('is broken off when nobody waits for it any more', async () => {
  const to = await listening(createServer(() => undefined))
  const patience = new AbortController()
  const sent = sendNotify(notify(to), patience.signal)
  patience.abort()
  await expect(sent).rejects.toThrow()
})
