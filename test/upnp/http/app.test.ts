import type { InjectOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { Fault } from '../../../src/core/fault.ts'
import type { AppParts } from '../../../src/upnp/http/app.ts'
import { ADD, LAN, PEER, ROUTER, envelope, fakeGateway, fieldsOf, urn, worldOf } from '../bench.ts'
import { appBench, documents } from './bench.ts'

const TYPE = urn('WANIPConnection', 2)
const CONTROL = '/igd2/control/wan-ip-connection'

const soap = (
  action: string,
  args: Record<string, string> = {},
  over: InjectOptions = {},
): InjectOptions => ({
  method: 'POST',
  url: CONTROL,
  payload: envelope(TYPE, action, args),
  ...over,
  headers: {
    soapaction: `"${TYPE}#${action}"`,
    'content-type': 'text/xml; charset="utf-8"',
    ...over.headers,
  },
})

describe('documents', () => {
  it.each([...documents.keys()])('%s', async (url) => {
    const { body, headers, statusCode } = await appBench().inject({ url })
    expect(statusCode).toBe(200)
    expect(body).toBe(String(documents.get(url)))
    expect(headers).toMatchObject({
      'content-type': 'text/xml; charset="utf-8"',
      'content-length': String(documents.get(url)?.length),
      connection: 'close',
      server: 'Linux/6.1 UPnP/1.1 igd-pcp/0.1.0',
    })
  })

  it('is found under an absolute URL and with a query', async () => {
    expect((await appBench().inject({ url: `http://${ROUTER}:5000/igd1.xml` })).statusCode).toBe(200)
    expect((await appBench().inject({ url: '/igd1.xml?x=1' })).statusCode).toBe(200)
  })

  it.each([
    ['Microsoft-Windows/10.0 UPnP/1.0', 1],
    ['MICROSOFT-WINDOWS/6.1 UPnP/1.0', 1],
    ['FDSSDP', 1],
    ['Linux/6.1 UPnP/1.1 MiniUPnPc/2.2', 2],
    ['', 2],
  ])('G25: %j gets the :%d tree at the :2 path', async (agent, version) => {
    const headers = { 'user-agent': agent }
    const root = await appBench().inject({ url: '/igd2.xml', headers })
    const scpd = await appBench().inject({ url: '/wan-ip-connection-2.xml', headers })
    expect(root.body).toBe(String(documents.get(`/igd${version}.xml`)))
    expect(scpd.body).toBe(String(documents.get(`/wan-ip-connection-${version}.xml`)))
  })

  it('leaves the :1 path alone', async () => {
    const { body } = await appBench().inject({ url: '/igd1.xml', headers: { 'user-agent': 'other' } })
    expect(body).toBe(String(documents.get('/igd1.xml')))
  })
})

describe('control', () => {
  it('answers, and tells the core who asked', async () => {
    const { asked, inject } = appBench()
    const { headers, statusCode } = await inject(soap('AddPortMapping', ADD))
    expect(statusCode).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'text/xml; charset="utf-8"',
      ext: '',
      connection: 'close',
    })
    expect(asked).toMatchObject([['addPortMapping', {}, { address: PEER, version: 2 }]])
  })

  it('answers a fault with 500', async () => {
    const { gateway } = fakeGateway({ addPortMapping: () => Promise.reject(new Fault(718, 'taken')) })
    const { body, headers, statusCode } = await appBench({ world: worldOf(gateway) }).inject(
      soap('AddPortMapping', ADD),
    )
    expect(statusCode).toBe(500)
    expect(headers['content-type']).toBe('text/xml; charset="utf-8"')
    expect(fieldsOf(body)['errorCode']).toBe('718')
  })

  it.each([
    ['/igd1/control/wan-ip-connection', urn('WANIPConnection', 1), 'GetStatusInfo'],
    ['/igd2/control/wan-ip-connection', urn('WANIPConnection', 1), 'GetStatusInfo'],
    ['/igd1/control/wan-common-interface-config', urn('WANCommonInterfaceConfig', 1), 'GetTotalBytesSent'],
    ['/igd2/control/wan-common-interface-config', urn('WANCommonInterfaceConfig', 1), 'GetTotalBytesSent'],
    ['/igd1/control/layer3-forwarding', urn('Layer3Forwarding', 1), 'GetDefaultConnectionService'],
    ['/igd2/control/layer3-forwarding', urn('Layer3Forwarding', 1), 'GetDefaultConnectionService'],
  ])('%s speaks %s', async (url, type, action) => {
    const { statusCode } = await appBench().inject({ method: 'POST', url, payload: envelope(type, action) })
    expect(statusCode).toBe(200)
  })

  it.each([
    'text/xml',
    'text/xml; charset="utf-8"',
    'text/xml; charset=utf-8; charset=utf-8',
    'application/xml',
    'application/soap+xml',
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json',
    'garbage',
    ';',
    '',
  ])('§4.2: takes Content-Type %j', async (type) => {
    const { inject } = appBench()
    const { statusCode } = await inject(soap('GetStatusInfo', {}, { headers: { 'content-type': type } }))
    expect(statusCode).toBe(200)
  })

  it.each([
    ['an empty body', '', 500],
    ['64 KiB', ' '.repeat(64 * 1024), 500],
    ['more than 64 KiB', ' '.repeat(64 * 1024 + 1), 413],
  ])('%s', async (_name, payload, status) => {
    const { asked, inject } = appBench()
    const { body, statusCode } = await inject({ ...soap('GetStatusInfo'), payload })
    expect(statusCode).toBe(status)
    if (status === 500) expect(fieldsOf(body)['errorCode']).toBe('402')
    expect(asked).toEqual([])
  })
})

describe('what is not here', () => {
  it.each([
    ['GET', '/', 404, undefined],
    ['GET', '/igd3.xml', 404, undefined],
    ['GET', '/../../etc/passwd', 404, undefined],
    ['GET', '/:a(x*)*', 404, undefined],
    ['OPTIONS', '/nothing', 404, undefined],
    ['GET', CONTROL, 405, 'POST'],
    ['OPTIONS', CONTROL, 405, 'POST'],
    ['PUT', CONTROL, 405, 'POST'],
    ['HEAD', '/igd1.xml', 405, 'GET'],
    ['POST', '/igd1.xml', 405, 'GET'],
    ['GET', '/igd2.xml%', 400, undefined],
    ['SUBSCRIBE', '/igd1/event/wan-ip-connection', 404, undefined],
  ] as const)('%s %s: %d', async (method, url, status, allow) => {
    const { body, headers, statusCode } = await appBench().inject({ method, url })
    expect(statusCode).toBe(status)
    expect(headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(headers.allow).toBe(allow)
    expect(body).not.toContain(url === '/' ? '{' : url)
  })
})

describe('the edge is in front of everything', () => {
  const all: readonly InjectOptions[] = [
    { url: '/igd1.xml' },
    soap('AddPortMapping', ADD),
    { url: '/nothing' },
    { url: '/page' },
  ]
  const routes: AppParts['routes'] = [(app) => app.get('/page', () => 'page')]

  it.each(all)('$url: 403 for another Host, an Origin, a peer from elsewhere', async (options) => {
    const { asked, inject, log } = appBench({ routes })
    const answers = [
      await inject({ ...options, headers: { ...options.headers, host: 'evil.example' } }),
      await inject({ ...options, headers: { ...options.headers, origin: 'http://evil.example' } }),
      await inject({ ...options, remoteAddress: '203.0.113.9' }),
    ]
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([403, 403, 403])
    expect(answers.map(({ body }) => body)).toEqual(Array(3).fill('Forbidden\n'))
    expect(asked).toEqual([])
    expect(log.lines.map(({ level }) => level)).toEqual(['debug', 'debug', 'debug'])
  })

  it('lets other parts register routes, with their own content types', async () => {
    const { inject } = appBench({
      routes: [...routes, (app) => app.post('/form', (request) => ({ got: request.body }))],
    })
    expect((await inject({ url: '/page' })).body).toBe('page')
    const form = await inject({ method: 'POST', url: '/form', payload: { a: 1 } })
    expect(form.json()).toEqual({ got: { a: 1 } })
  })

  it('follows the LANs of the moment', async () => {
    let lans = [LAN]
    const { inject } = appBench({ lans: () => lans })
    expect((await inject({ url: '/igd1.xml' })).statusCode).toBe(200)
    lans = []
    expect((await inject({ url: '/igd1.xml' })).statusCode).toBe(403)
  })
})

it('a route that fails is answered in plain words and logged', async () => {
  const { inject, log } = appBench({
    routes: [
      (app) =>
        app.get('/broken', () => {
          throw new Error('secret')
        }),
    ],
  })
  const { body, statusCode } = await inject({ url: '/broken' })
  expect([statusCode, body]).toEqual([500, 'Internal Server Error\n'])
  expect(log.lines.map(({ level }) => level)).toEqual(['error'])
})
