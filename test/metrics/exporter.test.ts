import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { port } from '../../src/lib/units.ts'
import { closeServer } from '../../src/lib/http-server.ts'
import { metricsServer, openExporter } from '../../src/metrics/exporter.ts'
import type { Place } from '../../src/metrics/place.ts'
import type { Exposition } from '../../src/metrics/prometheus.ts'
import { ip } from '../support/fake-carrier.ts'
import { fakeLog } from '../upnp/bench.ts'
import { ask, type Asked } from './ask.ts'

const LOOPBACK: Place = { kind: 'address', address: ip('127.0.0.1'), port: port(9188) }

let dir = ''
let closers: (() => Promise<void>)[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'metrics-'))
})

afterEach(async () => {
  await Promise.all(closers.map((close) => close()))
  closers = []
  await rm(dir, { recursive: true })
})

const SOME: Exposition = { contentType: 'text/plain; version=0.0.4', text: 'igd_pcp_entries 3\n' }

/** The server of `place`, at a socket all the same: no test takes a port. */
async function served(place: Place, expose = () => Promise.resolve(SOME)) {
  const log = fakeLog()
  const path = join(dir, 'served')
  const server = metricsServer(place, { expose, log })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  closers.push(() => closeServer(server))
  return { log, asked: (how: Asked = {}) => ask(path, how) }
}

describe('GET /metrics', () => {
  it('is answered with the metrics', async () => {
    const { asked } = await served(LOOPBACK)
    expect(await asked()).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4',
      text: 'igd_pcp_entries 3\n',
    })
  })

  it.each<[string, Asked, number]>([
    ['HEAD', { method: 'HEAD' }, 200],
    ['another path', { path: '/' }, 404],
    ['another method', { method: 'POST' }, 405],
    ['by localhost', { host: 'localhost:9188' }, 200],
    ['by another address, as through a tunnel', { host: '192.0.2.1:80' }, 200],
    ['by an IPv6 address', { host: '[::1]:9188' }, 200],
    ['by a name: DNS rebinding', { host: 'evil.example:9188' }, 421],
    ['by a name that begins as an address', { host: '127.0.0.1.evil.example' }, 421],
  ])('%s', async (_what, how, status) => {
    const { asked } = await served(LOOPBACK)
    expect((await asked(how)).status).toBe(status)
  })

  it('at a socket any Host will do', async () => {
    const { asked } = await served({ kind: 'socket', path: '/x' })
    expect((await asked({ host: 'localhost' })).status).toBe(200)
    expect((await asked({ host: 'router.lan' })).status).toBe(200)
  })

  it('a scrape that fails is a bug, and said to be one', async () => {
    const { asked, log } = await served(LOOPBACK, () => Promise.reject(new Error('no')))
    expect(await asked()).toMatchObject({ status: 500, text: 'the log says why\n' })
    expect(log.lines).toMatchObject([{ level: 'error', message: 'metrics: a scrape failed, which is a bug' }])
  })
})

it('a socket is for owner and group alone, and gone at the end', async () => {
  const path = join(dir, 'deep', 'metrics.sock')
  const close = await openExporter(
    { kind: 'socket', path },
    { expose: () => Promise.resolve(SOME), log: fakeLog() },
  )
  expect((await stat(path)).mode & 0o777).toBe(0o660)
  expect((await ask(path, {})).status).toBe(200)
  await close()
  await expect(stat(path)).rejects.toThrow('ENOENT')
})
