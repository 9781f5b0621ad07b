import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { millis } from '../../src/lib/units.ts'
import type { Endpoint } from '../../src/pcp-server/mapping.ts'
import { PcpServer } from '../../src/pcp-server/server.ts'
import { encodeRequest } from '../../src/pcp/wire/packet.ts'
import { ip } from '../pcp/literals.ts'
import { at, Bench, decode, mapRequest, seen } from './bench.ts'

const opened: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0)) await close()
})

/** A server and a client on loopback. */
async function pair(
  address: string,
): Promise<{ bench: Bench; server: PcpServer; client: Socket; to: Endpoint }> {
  const bench = new Bench()
  const server = new PcpServer(bench.responder, bench)
  opened.push(() => server.stop())
  const to = await server.start(at(address, 0))
  const client = createSocket(address.includes(':') ? 'udp6' : 'udp4').bind(0, address)
  await once(client, 'listening')
  opened.push(() => new Promise<void>((closed) => client.close(closed)))
  return { bench, server, client, to }
}

async function next(client: Socket): Promise<{ bytes: Uint8Array; from: RemoteInfo }> {
  const [bytes, from] = (await once(client, 'message')) as [Uint8Array, RemoteInfo]
  return { bytes, from }
}

describe('the socket of the server', () => {
  it.each(['127.0.0.1', '::1'])('answers on %s, from the port that was asked', async (address) => {
    const { client, to } = await pair(address)
    client.send(encodeRequest(mapRequest({ client: ip(address) })), to.port, to.address)
    const { bytes, from } = await next(client)
    expect(seen(decode(bytes))).toMatchObject({ result: 'SUCCESS', external: '203.0.113.1:8080' })
    expect(from).toMatchObject({ address, port: to.port })
  })

  it('answers from another port when that is the fault', async () => {
    const { bench, client, to } = await pair('127.0.0.1')
    bench.responder.faults.otherPort = true
    client.send(encodeRequest(mapRequest({ client: ip('127.0.0.1') })), to.port, to.address)
    const { from } = await next(client)
    expect(from.address).toBe('127.0.0.1')
    expect(from.port).not.toBe(to.port)
  })

  it('holds back what is delayed, and sends it no more after stop', async () => {
    const { bench, server, client } = await pair('127.0.0.1')
    bench.responder.faults.delay = millis(3000)
    const to = at('127.0.0.1', client.address().port)
    server.send(bench.responder.announcements(to, 2))
    expect(bench.clock.pending).toBe(2)
    const first = next(client)
    await bench.clock.advance(3000)
    expect(decode((await first).bytes).body).toEqual({ opcode: 'ANNOUNCE' })
    expect(bench.clock.pending).toBe(1)
    await server.stop()
    expect(bench.clock.pending).toBe(0)
  })

  it('rejects when the port is in use, and can be stopped all the same', async () => {
    const { bench, to } = await pair('127.0.0.1')
    const second = new PcpServer(bench.responder, bench)
    await expect(second.start(to)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await second.stop()
  })

  it('does not fall over a datagram that cannot be sent', async () => {
    const { bench, server } = await pair('127.0.0.1')
    server.send(bench.responder.announcements(at('255.255.255.255', 1), 1))
    await vi.waitFor(() => {
      expect(bench.lines).toEqual([expect.stringContaining('nothing sent to 255.255.255.255:1: ')])
    })
  })
})
