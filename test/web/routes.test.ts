import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pageBench } from './bench.ts'
import { BROKEN } from './statuses.ts'

describe('the routes of the status page', () => {
  it.each([
    ['/', 'text/html'],
    ['/page.css', 'text/css'],
    ['/page.js', 'text/javascript'],
    ['/icon.svg', 'image/svg+xml'],
    ['/favicon.ico', 'image/svg+xml'],
  ])('answer %s as %s, under a policy that lets nothing else load', async (url, type) => {
    const { headers, statusCode } = await pageBench().app.inject({ url })
    expect(statusCode).toBe(200)
    expect(headers['content-type']).toBe(`${type}; charset=utf-8`)
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; /)
    expect(headers['content-security-policy']).not.toMatch(/unsafe|http|\*|data:/)
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
  })

  it('change nothing: there is no other method', async () => {
    const { app } = pageBench()
    for (const method of ['POST', 'PUT', 'DELETE'] as const)
      expect((await app.inject({ method, url: '/' })).statusCode).toBe(404)
  })
})

describe('another http.page while it runs', () => {
  it('shows what it says from then on, and nothing where there is to be no page', async () => {
    const { app, show } = pageBench()
    const secret = async () => (await app.inject({ url: '/' })).body.includes('Secret of another host')
    expect(await secret()).toBe(false)
    show('all')
    expect(await secret()).toBe(true)
    show('off')
    const absent = await app.inject({ url: '/nothing' })
    for (const url of ['/', '/events', '/page.js']) {
      const { body, statusCode } = await app.inject({ url })
      expect([statusCode, body]).toEqual([404, absent.body.replace('/nothing', url)])
    }
    show('own')
    expect(await secret()).toBe(false)
  })
})

describe('/events', () => {
  let bench: ReturnType<typeof pageBench>
  let port = 0

  beforeEach(async () => {
    bench = pageBench()
    const url = new URL(await bench.app.listen({ host: '127.0.0.1', port: 0 }))
    port = Number(url.port)
  })
  afterEach(async () => {
    bench.app.server.closeAllConnections()
    await bench.app.close()
  })

  async function open(): Promise<IncomingMessage> {
    const asked = request({ host: '127.0.0.1', port, path: '/events' })
    asked.on('error', () => undefined).end()
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    response.on('error', () => undefined)
    return response.setEncoding('utf8')
  }

  /** The next message, as EventSource puts it together. */
  async function next(stream: IncomingMessage): Promise<string> {
    let text = ''
    while (!text.endsWith('\n\n')) text += String((await once(stream, 'data'))[0])
    return text.replace(/^data: /gm, '').trimEnd()
  }

  it('ends when there is to be no page any more', async () => {
    const stream = await open()
    await next(stream)
    bench.show('off')
    const closed = new Promise((resolve) => stream.once('close', resolve))
    bench.change(BROKEN)
    await bench.clock.advance(1000)
    await closed
  })

  it('sends the sections at once, and again when something changed', async () => {
    const stream = await open()
    expect(stream.headers['content-type']).toBe('text/event-stream')
    expect(await next(stream)).toMatch(/^<section id="status".*Port mapping works/s)
    bench.change(BROKEN)
    const changed = next(stream)
    await bench.clock.advance(1000)
    expect(await changed).toContain('Port mapping does not work')
  })

  it('refuses a fifth stream of a host until one is closed', async () => {
    const streams = await Promise.all([open(), open(), open(), open()])
    expect((await open()).statusCode).toBe(503)
    streams[0].destroy()
    await expect.poll(async () => (await open()).statusCode).toBe(200)
  })

  it('is not kept for a page that is gone', async () => {
    const stream = await open()
    expect(bench.listeners.size).toBe(1)
    stream.destroy()
    await expect.poll(() => bench.listeners.size).toBe(0)
  })
})
