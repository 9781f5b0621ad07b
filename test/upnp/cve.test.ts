import { readdirSync, readFileSync } from 'node:fs'
import type { InjectOptions } from 'fastify'
import { beforeEach, describe, expect, it } from 'vitest'
import { FACADE } from '../../src/upnp/facade.ts'
import { settle } from '../support/virtual-clock.ts'
import { ADD, PEER, call, codeOf, envelope, fakeGateway, urn, worldOf } from './bench.ts'
import { appBench, documents, eventBench } from './http/bench.ts'
import { HOME, ssdpBench } from './ssdp/bench.ts'

// What went wrong in other UPnP stacks, one lesson a test.

const TYPE = urn('WANIPConnection', 2)
const CONTROL = '/igd2/control/wan-ip-connection'
const EVENTS = '/igd2/event/wan-ip-connection'

const events = eventBench()
const app = appBench({ routes: [events.register] })

beforeEach(() => {
  events.begun.length = 0
})

async function request(method: string, url: string, over: InjectOptions = {}) {
  const answer = await app.inject({ ...over, method, url })
  await settle()
  return answer
}

const post = (headers: Record<string, string>, payload = envelope(TYPE, 'GetStatusInfo')) =>
  request('POST', CONTROL, { headers, payload })

async function heard(text: string) {
  const { clock, server, sockets } = ssdpBench()
  await server.start([HOME])
  await clock.advance(2000)
  sockets.taken()
  sockets.hear(text, '192.168.1.50')
  await clock.advance(6000)
  return sockets.taken()
}

const search = (headers: string) => `M-SEARCH * HTTP/1.1\r\n${headers}\r\n\r\n`
const asked = 'MAN: "ssdp:discover"\r\nMX: 1'

describe('CVE-2012-5958..5965, CVE-2013-0229: stack overflows and crashes by SSDP', () => {
  it.each([
    ['an ST that fills the datagram', search(`${asked}\r\nST: uuid:${'x'.repeat(1900)}`)],
    ['a UDN without an end', search(`${asked}\r\nST: uuid:`)],
    ['a type without a version', search(`${asked}\r\nST: urn:schemas-upnp-org:device:`)],
    ['a service of nobody', search(`${asked}\r\nST: urn:schemas-upnp-org:service:${':'.repeat(500)}1`)],
    ['a line without an end', `M-SEARCH * HTTP/1.1\r\n${'a'.repeat(1900)}`],
    ['two thousand lines', 'M\n'.repeat(1000)],
    ['nothing but colons', ':'.repeat(2000)],
    ['nothing', ''],
  ])('%s is met with silence', async (_what, text) => {
    expect(await heard(text)).toEqual([])
  })
})

describe('CVE-2013-0230, CVE-2026-5720: SOAPACTION', () => {
  it.each([
    ['of 5 kB', `"${TYPE}#${'A'.repeat(5000)}"`],
    ['that is a lone quote', '"'],
    ['that is two quotes', '""'],
    ['that ends in a quote', `${TYPE}#GetStatusInfo"`],
    ['without a service', '"#GetStatusInfo"'],
    ['without an action', `"${TYPE}#"`],
    ['of blanks', '   '],
  ])('%s: the body decides', async (_what, soapaction) => {
    expect((await post({ soapaction })).statusCode).toBe(200)
  })
})

describe('CVE-2014-8361, CVE-2011-4499..4506: NewInternalClient', () => {
  it.each([
    ['`reboot`', 600],
    ['192.168.1.10;reboot', 600],
    ['$(reboot)', 600],
    ['192.168.1.10\n', 200],
    ['192.168.1.10 192.168.1.11', 600],
    ['-j ACCEPT', 600],
  ])('%j: %d', async (client, code) => {
    const { asked: calls, gateway } = fakeGateway()
    const args = { ...ADD, NewInternalClient: client }
    expect(codeOf(await call('AddPortMapping', { args, world: worldOf(gateway) }))).toBe(code)
    expect(calls).toHaveLength(code === 200 ? 1 : 0)
  })

  it('nothing in src starts a shell', () => {
    const folder = new URL('../../src/', import.meta.url)
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    )
    const source = files.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n')
    expect(files.length).toBeGreaterThan(100)
    expect(source).not.toMatch(/shell: ?true|\bexec(Sync)?\(['"`]|from 'node:vm'|\beval\(|new Function/)
  })
})

it('CVE-2017-17215: nothing is described that is not an IGD’s', () => {
  const types = [...documents.values()].flatMap((document) =>
    [...document.toString().matchAll(/<(?:device|service)Type>(.*?):\d</g)].map(([, type]) => type),
  )
  expect([...new Set(types)].sort()).toEqual([
    'urn:schemas-upnp-org:device:InternetGatewayDevice',
    'urn:schemas-upnp-org:device:WANConnectionDevice',
    'urn:schemas-upnp-org:device:WANDevice',
    'urn:schemas-upnp-org:service:Layer3Forwarding',
    'urn:schemas-upnp-org:service:WANCommonInterfaceConfig',
    'urn:schemas-upnp-org:service:WANIPConnection',
  ])
})

describe('CVE-2015-6031, CVE-2017-8798: what breaks clients is not sent', () => {
  it.each([...documents.keys()])('%s: no name above 64 characters, no chunks', async (url) => {
    const { body, headers } = await request('GET', url)
    expect(body).not.toMatch(/<[^\s>]{65}/)
    expect(headers['transfer-encoding']).toBeUndefined()
    expect(headers['content-length']).toBe(String(Buffer.byteLength(body)))
  })
})

describe('CVE-2016-6255: what is sent to any path goes nowhere', () => {
  it.each([
    ['POST', '/new-file', 404],
    ['PUT', '/igd1.xml', 405],
    ['POST', '/../../etc/passwd', 404],
    ['DELETE', '/igd1.xml', 405],
    ['GET', '/../package.json', 404],
    ['GET', '/%2e%2e/package.json', 404],
  ])('%s %s: %d', async (method, url, status) => {
    expect((await request(method, url, { payload: 'x' })).statusCode).toBe(status)
  })
})

describe('CVE-2016-8863, CVE-2020-12695, CVE-2020-13848, CVE-2020-23622: SUBSCRIBE', () => {
  const callback = `<http://${PEER}/>`

  it.each<readonly [string, number, Record<string, string>]>([
    ['two hundred URLs before a good one', 412, { callback: '<http://8.8.8.8/>'.repeat(200) + callback }],
    ['a URL of another host', 412, { callback: '<http://8.8.8.8/>' }],
    ['no CALLBACK', 412, {}],
    ['an empty CALLBACK', 412, { callback: '' }],
    ['a CALLBACK without an end', 412, { callback: '<http://' }],
    ['a CALLBACK of brackets', 412, { callback: '<<<<>>>>' }],
    ['TIMEOUT without a number', 200, { callback, timeout: 'Second-' }],
    ['an empty TIMEOUT', 200, { callback, timeout: '' }],
    ['an endless TIMEOUT', 200, { callback, timeout: `Second-${'9'.repeat(2000)}` }],
  ])('%s: %d', async (_what, status, headers) => {
    const answer = await request('SUBSCRIBE', EVENTS, { headers: { nt: 'upnp:event', ...headers } })
    expect(answer.statusCode).toBe(status)
    expect(events.begun).toHaveLength(status === 200 ? 1 : 0)
  })
})

describe('CVE-2019-12106..12111: an action without its arguments', () => {
  const actions = ([1, 2] as const).flatMap((facade) =>
    Object.entries(FACADE[facade]).flatMap(([path, services]) =>
      services.flatMap(({ name, version, actions: table }) =>
        [...table.keys()].map((action) => ({ facade, path, type: urn(name, version), action })),
      ),
    ),
  )

  it.each(actions)(
    '$path $type#$action is answered, and is no bug',
    async ({ action, facade, path, type }) => {
      app.log.lines.length = 0
      const url = `/igd${facade}/control/${path}`
      const { statusCode } = await request('POST', url, { payload: envelope(type, action) })
      expect([200, 500]).toContain(statusCode)
      expect(app.log.lines.filter(({ level }) => level === 'error')).toEqual([])
    },
  )
})

describe('CVE-2021-28302: deep XML', () => {
  it.each([17, 10_000])('%d elements deep is 402', async (depth) => {
    const payload = '<a>'.repeat(depth) + '</a>'.repeat(depth > 1000 ? 0 : depth)
    const { body, statusCode } = await post({}, payload)
    expect(statusCode).toBe(500)
    expect(body).toContain('<errorCode>402</errorCode>')
  })
})

it.each([
  ['POST', CONTROL],
  ['SUBSCRIBE', EVENTS],
  ['GET', '/igd1.xml'],
  ['GET', '/'],
])('CVE-2021-29462, CVE-2021-33516: %s %s by a name that was pointed here is 403', async (method, url) => {
  const headers = { host: 'evil.example:5000', nt: 'upnp:event', callback: `<http://${PEER}/>` }
  expect((await request(method, url, { headers })).statusCode).toBe(403)
  expect(events.begun).toEqual([])
})

it('CVE-2021-34730: a body that is all one value', async () => {
  const payload = envelope(TYPE, 'AddPortMapping', { ...ADD, NewRemoteHost: '1'.repeat(60_000) })
  expect((await post({}, payload)).body).toContain('<errorCode>600</errorCode>')
})

it.each([
  ['POST', CONTROL, 500],
  ['SUBSCRIBE', EVENTS, 412],
  ['UNSUBSCRIBE', EVENTS, 412],
])('CVE-2009-2174: %s %s with nothing in it is %d', async (method, url, status) => {
  expect((await request(method, url)).statusCode).toBe(status)
})

it('CVE-2011-4499..4506: nobody outside the LAN is answered', async () => {
  for (const remoteAddress of ['203.0.113.9', '10.0.0.1', '127.0.0.1', '::1', 'fe80::1'])
    expect((await request('GET', '/igd1.xml', { remoteAddress })).statusCode).toBe(403)
})
