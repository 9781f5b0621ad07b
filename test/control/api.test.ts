import type { InjectOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { controlApi } from '../../src/control/api.ts'
import { readAdd } from '../../src/control/requests.ts'
import { FREE, coreBench } from '../support/core-bench.ts'
import { STATUS } from '../support/status.ts'

const NEW = { protocol: 'TCP', externalPort: 80, internalClient: '192.168.1.77', internalPort: 22 }

function bench() {
  const core = coreBench({
    limits: { ...FREE, addBurst: 1, addRate: 1 },
    isLanHost: (address) => address.startsWith('192.168.1.'),
  })
  const overview = { read: () => STATUS, onEvent: () => ({ [Symbol.dispose]: () => undefined }) }
  const ignore = () => undefined
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
  const app = controlApi({ log, gateway: core.iwf, overview })
  const call = async (options: InjectOptions) => {
    const answer = await core.answered(Promise.resolve(app.inject(options)))
    return {
      status: answer.statusCode,
      body: answer.body === '' ? null : (JSON.parse(answer.body) as unknown),
    }
  }
  const add = (body: object | string) => call({ method: 'POST', url: '/v1/mappings', payload: body })
  const remove = (path: string) => call({ method: 'DELETE', url: `/v1/mappings/${path}` })
  const entries = () => {
    const { iwf } = core
    return Array.from({ length: iwf.portMappingNumberOfEntries() }, (_, i) =>
      iwf.getGenericPortMappingEntry(i),
    )
  }
  return { ...core, add, call, entries, remove }
}

describe('the control socket: reading', () => {
  it('the status, versioned', async () => {
    expect(await bench().call({ url: '/v1/status' })).toEqual({ status: 200, body: STATUS })
  })

  it('the mappings alone', async () => {
    const { body } = await bench().call({ url: '/v1/mappings' })
    expect(body).toEqual({ version: 1, mappings: STATUS.mappings })
  })

  it('what is not there is 404', async () => {
    expect((await bench().call({ url: '/v2/status' })).status).toBe(404)
  })
})

describe('the control socket: the operator’s mappings', () => {
  it('any host of a LAN, any port, and for ever unless told otherwise', async () => {
    const { add, carrier, entries } = bench()
    expect(await add(NEW)).toMatchObject({ status: 201, body: { version: 1 } })
    expect(entries()).toMatchObject([
      {
        externalPort: 80,
        internalClient: '192.168.1.77',
        internalPort: 22,
        leaseDuration: 0,
        description: '',
      },
    ])
    expect(carrier.held.size).toBe(1)
  })

  it('with a lease, a description and a remote host', async () => {
    const { add, entries } = bench()
    const more = { lease: 600, description: 'ssh <&>', remoteHost: '198.51.100.1' }
    expect((await add({ ...NEW, ...more })).status).toBe(201)
    expect(entries()).toMatchObject([
      { leaseDuration: 600, description: 'ssh <&>', remoteHost: '198.51.100.1' },
    ])
  })

  it('a host that is on no LAN is refused, and nothing is asked of the carrier', async () => {
    const { add, carrier } = bench()
    const answer = await add({ ...NEW, internalClient: '8.8.8.8' })
    expect(answer).toMatchObject({
      status: 409,
      body: { error: { code: 606, text: 'Action not authorized' } },
    })
    expect(carrier.maps).toEqual([])
  })

  it('a port that the carrier has not free: the fault and its reason', async () => {
    const { add, carrier } = bench()
    carrier.taken.add(80)
    expect(await add(NEW)).toMatchObject({
      status: 409,
      body: {
        error: {
          code: 718,
          reason: 'the carrier has given this port to somebody else (CANNOT_PROVIDE_EXTERNAL)',
        },
      },
    })
  })

  it('is as fast as he likes: access.addRate is not his', async () => {
    const { add } = bench()
    for (let n = 0; n < 20; n++) expect((await add({ ...NEW, externalPort: 2000 + n })).status).toBe(201)
  })

  it.each([
    ['no JSON', 'x', 415],
    ['a protocol', { ...NEW, protocol: 'SCTP' }, 400],
    ['port 0', { ...NEW, externalPort: 0 }, 400],
    ['a port as text', { ...NEW, internalPort: '22' }, 400],
    ['a port too large', { ...NEW, externalPort: 65_536 }, 400],
    ['a name for a host', { ...NEW, internalClient: 'nas' }, 400],
    ['no host', { protocol: 'TCP', externalPort: 80, internalPort: 80 }, 400],
    ['a remote network', { ...NEW, remoteHost: '198.51.100.0/24' }, 400],
    ['a negative lease', { ...NEW, lease: -1 }, 400],
    ['a lease of half a second', { ...NEW, lease: 0.5 }, 400],
    ['a description of two lines', { ...NEW, description: 'a\nb' }, 400],
    ['a description without end', { ...NEW, description: 'a'.repeat(257) }, 400],
    ['an unknown member', { ...NEW, enabled: false }, 400],
    ['a body without end', { ...NEW, description: 'a'.repeat(20_000) }, 413],
  ])('%s is refused', async (_what, body, status) => {
    const { add, carrier } = bench()
    const answer = await add(body)
    expect(answer).toMatchObject({
      status,
      body: { version: 1, error: { reason: expect.any(String) as string } },
    })
    expect(carrier.maps).toEqual([])
  })

  it.each([
    [
      'a member is missing',
      { protocol: 'TCP', externalPort: 80, internalPort: 80 },
      'internalClient is missing',
    ],
    ['there is no such member', { ...NEW, enabled: false }, 'there is no enabled'],
  ])('%s: says so', async (_what, body, reason) => {
    expect((await bench().add(body)).body).toEqual({ version: 1, error: { reason } })
  })

  it('a body that is no object: says so', () => {
    expect(readAdd('x')).toEqual({ ok: false, why: 'the body must be an object of JSON' })
  })

  it('deletes his own and those of others', async () => {
    const { add, carrier, entries, remove } = bench()
    await add(NEW)
    await add({ ...NEW, externalPort: 81, remoteHost: '198.51.100.1' })
    expect((await remove('TCP/80')).status).toBe(204)
    expect((await remove('TCP/81')).status).toBe(409)
    expect((await remove('TCP/81?remoteHost=198.51.100.1')).status).toBe(204)
    expect(entries()).toEqual([])
    expect(carrier.held.size).toBe(0)
  })

  it.each(['TCP/0', 'TCP/x', 'ICMP/80', 'TCP/80?remoteHost=everybody'])(
    'DELETE %s is refused',
    async (path) => {
      expect((await bench().remove(path)).status).toBe(400)
    },
  )
})
