import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { connectSocket, type Endpoint, type PcpSocket } from '../../src/pcp/socket.ts'
import { port } from '../../src/lib/units.ts'
import { fromHex, ip, toHex } from './literals.ts'

const closers: (() => void)[] = []
afterEach(() => closers.splice(0).forEach((close) => close()))

/** A UDP socket on loopback that answers nothing by itself. */
async function listen(address: string): Promise<{ peer: Socket; at: Endpoint }> {
  const peer = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  closers.push(() => peer.close())
  peer.bind(0, address)
  await once(peer, 'listening')
  return { peer, at: { address: ip(address), port: peer.address().port } }
}

async function connect(server: Endpoint): Promise<PcpSocket> {
  const socket = await connectSocket(server)
  closers.push(() => socket.close())
  return socket
}

describe.each(['127.0.0.1', '::1'])('a socket connected to %s', (address) => {
  it('C-7.1-2: knows its source, and carries packets both ways', async () => {
    const { peer, at } = await listen(address)
    const socket = await connect(at)
    expect(socket.server).toEqual(at)
    expect(socket.local.address).toBe(address)
    const heard = new Promise<[Uint8Array, Endpoint]>((resolve) =>
      socket.onMessage((packet, from) => resolve([packet, from])),
    )
    socket.send(fromHex('0201'))
    const [packet, from] = (await once(peer, 'message')) as [Buffer, { address: string; port: number }]
    expect([toHex(packet), from.address, from.port]).toEqual(['0201', address, socket.local.port])
    peer.send(fromHex('0281'), from.port, from.address)
    const [answer, source] = await heard
    expect([toHex(answer), source]).toEqual(['0281', at])
  })

  it('T8: tells an ICMP error at once, and stays usable', async () => {
    const { peer, at } = await listen(address)
    const socket = await connect(at)
    closers.splice(0, 1)
    peer.close()
    const failed = new Promise<Error>((resolve) => socket.onError(resolve))
    socket.send(fromHex('0201'))
    expect(await failed).toMatchObject({ code: 'ECONNREFUSED' })
    expect(() => socket.send(fromHex('0201'))).not.toThrow()
  })
})

it('C-8-1: sends from the port it is told, and from another where that is taken', async () => {
  const { at } = await listen('127.0.0.1')
  const first = await connect(at)
  const wanted = port(first.local.port)
  const second = await connectSocket(at, { port: wanted })
  closers.push(() => second.close())
  expect(second.local.port).not.toBe(wanted)
  first.close()
  const third = await connectSocket(at, { port: wanted })
  closers.push(() => third.close())
  expect(third.local.port).toBe(wanted)
})

it('C-7.1-2: sends from the address it is told, and from no other', async () => {
  const { at } = await listen('127.0.0.1')
  const socket = await connectSocket(at, { address: ip('127.0.0.9') })
  closers.push(() => socket.close())
  expect(socket.local.address).toBe('127.0.0.9')
  const taken = await connectSocket(at, { address: ip('127.0.0.8'), port: port(socket.local.port) })
  closers.push(() => taken.close())
  expect(taken.local.address).toBe('127.0.0.8')
  await expect(connectSocket(at, { address: ip('192.0.2.1') })).rejects.toThrow('EADDRNOTAVAIL')
})

it('closing twice and sending afterwards do no harm', async () => {
  const { at } = await listen('127.0.0.1')
  const socket = await connect(at)
  socket.close()
  socket.close()
  expect(() => socket.send(fromHex('0201'))).not.toThrow()
})

it('rejects where the server cannot be reached at all', async () => {
  await expect(connectSocket({ address: ip('255.255.255.255'), port: 5351 })).rejects.toThrow()
})
