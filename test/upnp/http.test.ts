import { once } from 'node:events'
import { type Socket, connect, createServer } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Gateway } from '../../src/core/gateway.ts'
import type { Ipv4Address } from '../../src/lib/ip.ts'
import type { Lan } from '../../src/lib/lan.ts'
import { UpnpHttp } from '../../src/upnp/http.ts'
import { ip } from '../support/fake-carrier.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { ADD, descriptors, envelope, fakeGateway, fakeLog, fieldsOf, urn, values, worldOf } from './bench.ts'

// The listeners on loopback, and what only a socket can show: header case, old HTTP, broken requests, limits.

const HOME = ip('127.0.0.1')
const GUEST = ip('127.0.0.2')
const lan = (address: Ipv4Address, length = 8): Lan => ({
  name: address,
  address,
  prefix: { address, length },
})

const servers: UpnpHttp[] = []
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) await server.stop()
})

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOME)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

async function start(over: Partial<Gateway> = {}, lans: readonly Lan[] = [lan(HOME)], at?: number) {
  const port = at ?? (await freePort())
  const { asked, gateway } = fakeGateway(over)
  const log = fakeLog()
  const clock = new VirtualClock()
  const http = new UpnpHttp({
    clock,
    log,
    descriptors,
    values: { ...values, httpPort: port },
    world: worldOf(gateway),
    serverHeader: 'Linux/6.1 UPnP/1.1 igd-pcp/0.1.0',
    routes: [],
  })
  servers.push(http)
  await http.start(lans)
  return { asked, clock, http, log, port }
}

async function open(port: number, to: Ipv4Address = HOME, from: Ipv4Address = HOME): Promise<Socket> {
  const socket = connect({ port, host: to, localAddress: from })
  socket.on('error', () => undefined)
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

/** All that comes until the server closes the connection. */
async function received(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  // A reset is an end like any other here, so `once`, which rejects on it, will not do.
  if (!socket.closed) await new Promise<void>((resolve) => void socket.on('close', () => resolve()))
  return Buffer.concat(chunks).toString()
}

async function send(port: number, request: string, to = HOME): Promise<string> {
  const socket = await open(port, to)
  socket.write(request)
  return await received(socket)
}

/** Something to wait for until the test lets it pass. */
function gate() {
  const waiting: (() => void)[] = []
  const passed = new Promise<void>((resolve) => waiting.push(resolve))
  return { passed, open: () => waiting.forEach((resolve) => resolve()) }
}

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)
const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4)

const TYPE = urn('WANIPConnection', 2)
const PATH = '/igd2/control/wan-ip-connection'
const QUERY = envelope(TYPE, 'GetExternalIPAddress')

/** A SOAP request with every header but Content-Length as given. */
const post = (headers: readonly string[], body = QUERY, version = '1.1'): string =>
  [`POST ${PATH} HTTP/${version}`, ...headers, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join(
    '\r\n',
  )

describe('what goes out', () => {
  it('spells the headers as UDA does, says the length, and closes', async () => {
    const { port } = await start()
    const answer = await send(port, post([`Host: ${HOME}:${port}`]))
    const [status, ...headers] = answer.slice(0, answer.indexOf('\r\n\r\n')).split('\r\n')
    expect(status).toBe('HTTP/1.1 200 OK')
    expect(headers.map((line) => line.replace(/: ?.*/, '')).sort()).toEqual(
      ['Connection', 'Content-Length', 'Content-Type', 'Date', 'EXT', 'SERVER'].sort(),
    )
    expect(headers).toContain('Content-Type: text/xml; charset="utf-8"')
    expect(headers).toContain('SERVER: Linux/6.1 UPnP/1.1 igd-pcp/0.1.0')
    expect(headers).toContain('Connection: close')
    expect(headers).toContain(`Content-Length: ${Buffer.byteLength(bodyOf(answer))}`)
  })
})

describe('§4.2: what comes in', () => {
  const host = (port: number) => `Host: ${HOME}:${port}`
  const named = `"${TYPE}#GetExternalIPAddress"`

  it.each<readonly [string, number, (port: number) => string]>([
    ['HTTP/1.0 without Host', 200, () => post([], QUERY, '1.0')],
    ['HTTP/1.0 with Host', 200, (port) => post([host(port)], QUERY, '1.0')],
    ['HTTP/1.0 with another Host', 403, () => post(['Host: evil.example'], QUERY, '1.0')],
    ['HTTP/1.1 without Host', 403, () => post([])],
    ['Host without port', 200, () => post([`Host: ${HOME}`])],
    ['header names in capitals', 200, (port) => post([host(port).toUpperCase(), `SOAPACTION: ${named}`])],
    ['header names as they fall', 200, (port) => post([host(port), `SoapAction: ${named}`])],
    ['a blank after the quotes', 200, (port) => post([host(port), `SOAPACTION: ${named} `])],
    ['no blank after the colon', 200, (port) => post([host(port), `SOAPACTION:${named}`])],
    [
      'SOAPACTION last',
      200,
      (port) => post([host(port), 'X: y', `Soapaction: '${TYPE}#GetExternalIPAddress'`]),
    ],
    ['keep-alive', 200, (port) => post([host(port), 'Connection: keep-alive'])],
    ['close', 200, (port) => post([host(port), 'Connection: close'])],
    ['an unknown upgrade', 200, (port) => post([host(port), 'Connection: upgrade', 'Upgrade: x'])],
    ['a SOAPACTION of 10 kB', 431, (port) => post([host(port), `SOAPACTION: "${'x'.repeat(10_000)}"`])],
    ['10 MB announced', 413, (port) => post([host(port)]).replace(/Length: \d+/, 'Length: 10000000')],
    ['another Host behind ours', 403, (port) => post([host(port), 'Host: evil.example'])],
    ['another Host before ours', 403, (port) => post(['Host: evil.example', host(port)])],
    [
      'another host in the URL',
      403,
      (port) => post([host(port)]).replace(PATH, `http://evil.example${PATH}`),
    ],
    ['an Origin', 403, (port) => post([host(port), 'Origin: http://evil.example'])],
    ['M-POST', 400, (port) => post([host(port)]).replace('POST', 'M-POST')],
    ['no HTTP', 400, () => 'hello\r\n\r\n'],
    ['an absolute URL', 200, (port) => post([host(port)]).replace(PATH, `http://${HOME}:${port}${PATH}`)],
  ])('%s: %d', async (_name, status, request) => {
    const { port } = await start()
    expect(statusOf(await send(port, request(port)))).toBe(status)
  })

  it('chunks', async () => {
    const { port } = await start()
    const half = QUERY.length >> 1
    const chunks = [QUERY.slice(0, half), QUERY.slice(half), '']
    const body = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')
    const head = [`POST ${PATH} HTTP/1.1`, host(port), 'Transfer-Encoding: chunked', '', ''].join('\r\n')
    const answer = await send(port, head + body)
    expect(fieldsOf(bodyOf(answer))['NewExternalIPAddress']).toBe('203.0.114.1')
  })

  it('Expect: 100-continue', async () => {
    const { port } = await start()
    const answer = await send(port, post([host(port), 'Expect: 100-continue']))
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
  })
})

describe('LANs come and go', () => {
  const get = (address: Ipv4Address, port: number) =>
    `GET /igd1.xml HTTP/1.1\r\nHost: ${address}:${port}\r\n\r\n`
  const both = [lan(HOME), lan(GUEST)]

  it('listens on all of them, and names each its own address', async () => {
    const { port } = await start({}, both)
    for (const address of [HOME, GUEST])
      expect(await send(port, get(address, port), address)).toContain(`http://${address}:${port}/<`)
  })

  it('G23: refuses the address of the other LAN for Host', async () => {
    const { port } = await start({}, both)
    expect(statusOf(await send(port, get(GUEST, port), HOME))).toBe(403)
  })

  it('stops listening where a LAN is gone, and ends what is open there', async () => {
    const { http, port } = await start({}, both)
    const socket = await open(port, GUEST)
    await http.setLans([lan(HOME)])
    expect(await received(socket)).toBe('')
    await expect(open(port, GUEST)).rejects.toThrow('ECONNREFUSED')
    expect(statusOf(await send(port, get(HOME, port), HOME))).toBe(200)
  })

  it('starts to listen where a LAN has come, also when told twice at once', async () => {
    const { http, port } = await start()
    await Promise.all([http.setLans(both), http.setLans(both)])
    expect(statusOf(await send(port, get(GUEST, port), GUEST))).toBe(200)
  })

  /** Another program at the address; resolves with what ends it. */
  const occupied = async (port: number, address: Ipv4Address) => {
    const other = createServer().listen(port, address)
    await once(other, 'listening')
    return async () => {
      other.close()
      await once(other, 'close')
    }
  }

  it('an address that cannot be had stops the start', async () => {
    const { port } = await start()
    await expect(start({}, both, port)).rejects.toThrow(`EADDRINUSE: address already in use ${HOME}:${port}`)
  })

  it('an address that cannot be had later is reported and tried again, the others are listened on', async () => {
    const { clock, http, log, port } = await start({}, [])
    const leave = await occupied(port, GUEST)
    await http.setLans(both)
    expect(log.lines.map(({ message }) => message)).toEqual(['HTTP: cannot listen on a LAN; will try again'])
    expect(statusOf(await send(port, get(HOME, port), HOME))).toBe(200)
    await leave()
    await clock.advance(10_000)
    await vi.waitFor(async () => expect(statusOf(await send(port, get(GUEST, port), GUEST))).toBe(200))
  })

  it('what is not wanted any more is not tried again', async () => {
    const { clock, http, port } = await start({}, [])
    const leave = await occupied(port, GUEST)
    await http.setLans(both)
    await http.setLans([lan(HOME)])
    expect(clock.pending).toBe(0)
    await http.setLans(both)
    await http.stop()
    expect(clock.pending).toBe(0)
    await leave()
  })

  it('does not even hear out who is not on the LAN', async () => {
    const { port } = await start({}, [lan(HOME, 32)])
    expect(await received(await open(port, HOME, GUEST))).toBe('')
    expect(statusOf(await send(port, get(HOME, port)))).toBe(200)
  })
})

describe('hosts that misbehave', () => {
  it('the 17th connection of a host is closed, the others live on', async () => {
    const { port } = await start()
    const open16 = await Promise.all(Array.from({ length: 16 }, () => open(port)))
    expect(await received(await open(port))).toBe('')
    const [first] = open16
    first?.write(post([`Host: ${HOME}`]))
    expect(first && statusOf(await received(first))).toBe(200)
    expect(statusOf(await send(port, post([`Host: ${HOME}`])))).toBe(200)
  })

  it('four hosts that hold all 64 places make one for a fifth', async () => {
    const { port } = await start()
    const greedy = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'].map(ip)
    for (const host of greedy) for (let n = 0; n < 16; n++) await open(port, HOME, host)
    expect(statusOf(await send(port, post([`Host: ${HOME}`])))).toBe(200)
  })

  it('what stands behind a request is not even looked at', async () => {
    const { asked, port } = await start()
    const one = post([`Host: ${HOME}`], envelope(TYPE, 'AddPortMapping', { ...ADD, NewInternalClient: HOME }))
    const answers = await send(port, one.repeat(20))
    expect(answers.match(/HTTP\/1\.1 200/g)).toHaveLength(1)
    expect(asked).toHaveLength(1)
  })

  it('a control point that hangs up while the carrier is asked harms nobody', async () => {
    const asked = gate()
    const answer = gate()
    const { log, port } = await start({
      addPortMapping: async () => {
        asked.open()
        await answer.passed
      },
    })
    const socket = await open(port)
    socket.write(
      post([`Host: ${HOME}`], envelope(TYPE, 'AddPortMapping', { ...ADD, NewInternalClient: HOME })),
    )
    await asked.passed
    socket.destroy()
    answer.open()
    expect(statusOf(await send(port, post([`Host: ${HOME}`])))).toBe(200)
    expect(log.lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  it('a control point that hangs up in the middle of its body harms nobody', async () => {
    const { log, port } = await start()
    const socket = await open(port)
    socket.write(post([`Host: ${HOME}`]).slice(0, -20))
    socket.destroy()
    expect(statusOf(await send(port, post([`Host: ${HOME}`])))).toBe(200)
    expect(log.lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  it('G3: one call that waits delays no other', async () => {
    const answer = gate()
    const { port } = await start({ addPortMapping: () => answer.passed })
    const waiting = send(port, post([`Host: ${HOME}`], envelope(TYPE, 'AddPortMapping', ADD)))
    expect(statusOf(await send(port, post([`Host: ${HOME}`])))).toBe(200)
    answer.open()
    expect(statusOf(await waiting)).toBe(200)
  })
})

it('stops with calls still open', async () => {
  const never = new Promise<void>(() => undefined)
  const { http, port } = await start({ addPortMapping: () => never })
  const waiting = send(port, post([`Host: ${HOME}`], envelope(TYPE, 'AddPortMapping', ADD)))
  await send(port, post([`Host: ${HOME}`]))
  await http.stop()
  expect(await waiting).toBe('')
})
