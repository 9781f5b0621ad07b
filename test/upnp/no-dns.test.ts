import { once } from 'node:events'
import { createHook } from 'node:async_hooks'
import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { port } from '../../src/lib/units.ts'
import { parseCallbacks } from '../../src/upnp/gena/callback.ts'
import { sendNotify } from '../../src/upnp/gena/http-send.ts'
import { udpSockets } from '../../src/upnp/ssdp/udp-sockets.ts'
import { lan } from './ssdp/fake-sockets.ts'
import { ADD, PEER, call, codeOf, fakeGateway, fakeLog, worldOf } from './bench.ts'

// No name is ever looked up: a resolver that is slow would stop the router, and one that lies would lead it.
// `npm run check` keeps node:dns out of src; here Node itself is watched, as every lookup it makes has a handle.

const LOOKUPS = new Set(['GETADDRINFOREQWRAP', 'GETNAMEINFOREQWRAP', 'QUERYWRAP'])

let seen: string[] = []
const hook = createHook({
  init: (_id, type) => {
    if (LOOKUPS.has(type)) seen.push(type)
  },
})

beforeAll(() => void hook.enable())
afterAll(() => void hook.disable())
beforeEach(() => {
  seen = []
})

it('a lookup would be seen', async () => {
  await lookup('localhost')
  expect(seen).toEqual(['GETADDRINFOREQWRAP'])
})

describe('G2: a name for an address in SOAP', () => {
  it.each([
    ['NewInternalClient', 'nosuch.invalid'],
    ['NewInternalClient', 'localhost'],
    ['NewInternalClient', 'PEER.local'],
    ['NewRemoteHost', 'example.com'],
    ['NewRemoteHost', 'localhost'],
    ['NewRemoteHost', '0x7f000001'],
  ])('%s %s is 600, and nothing is looked up', async (name, value) => {
    const { asked, gateway } = fakeGateway()
    const answer = await call('AddPortMapping', { args: { ...ADD, [name]: value }, world: worldOf(gateway) })
    expect(codeOf(answer)).toBe(600)
    expect([asked, seen]).toEqual([[], []])
  })
})

it('G21: a name in CALLBACK is no callback, and nothing is looked up', () => {
  expect(parseCallbacks('<http://localhost/><http://nosuch.invalid/>', PEER)).toEqual([])
  expect(seen).toEqual([])
})

it('what is sent goes to addresses as they are', async () => {
  const here = lan('lo', '127.0.0.1/8')
  const neighbour = createSocket('udp4').bind(0, here.address)
  await once(neighbour, 'listening')
  const socket = await udpSockets(fakeLog(), 0).lan(here, () => undefined)
  const heard = once(neighbour, 'message')
  await socket.send(Buffer.from('answer'), neighbour.address().port, here.address)
  await heard
  const to = { address: here.address, port: port(neighbour.address().port), path: '/' }
  const notify = { from: here.address, to, headers: {}, body: Buffer.alloc(0) }
  await expect(sendNotify(notify, new AbortController().signal)).rejects.toThrow('ECONNREFUSED')
  await socket.close()
  neighbour.close()
  expect(seen).toEqual([])
})
