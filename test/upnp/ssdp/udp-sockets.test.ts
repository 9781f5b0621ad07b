import { type Socket, createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Log } from '../../../src/lib/log.ts'
import type { Datagram, Receive } from '../../../src/upnp/ssdp/sockets.ts'
import { udpSockets } from '../../../src/upnp/ssdp/udp-sockets.ts'
import { ipv4, lan } from './fake-sockets.ts'

const LOOPBACK = lan('lo', '127.0.0.1/8')
const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
const unheard = () => undefined

/** A neighbour on loopback, whose port, free a moment ago, the sockets of a test use as well. */
let neighbour: Socket
let port: number
let closes: (() => Promise<void>)[]

beforeEach(async () => {
  neighbour = createSocket('udp4').bind(0, '127.0.0.1')
  await once(neighbour, 'listening')
  const free = createSocket('udp4').bind(0, '127.0.0.1')
  await once(free, 'listening')
  port = free.address().port
  free.close()
  await once(free, 'close')
  closes = []
})

afterEach(async () => {
  for (const close of closes) await close()
  neighbour.close()
})

/** A receiver, and the first datagram it gets. */
function ear(): { receive: Receive; heard: Promise<Datagram> } {
  let receive: Receive = unheard
  const heard = new Promise<Datagram>((resolve) => (receive = resolve))
  return { receive, heard }
}

it('unicast: a LAN socket hears, and answers from the address and port that were asked', async () => {
  const { receive, heard } = ear()
  const socket = await udpSockets(silent, port).lan(LOOPBACK, receive)
  closes.push(() => socket.close())
  neighbour.send('search', port, '127.0.0.1')
  const { bytes, address, port: from } = await heard
  expect(Buffer.from(bytes).toString()).toBe('search')
  expect([address, from]).toEqual(['127.0.0.1', neighbour.address().port])
  const answered = once(neighbour, 'message')
  await socket.send(Buffer.from('answer'), from, address)
  const [answer, info] = (await answered) as [Buffer, { address: string; port: number }]
  expect(answer.toString()).toBe('answer')
  expect([info.address, info.port]).toEqual(['127.0.0.1', port])
})

it('multicast: what a LAN socket sends is heard where the group was joined, however often', async () => {
  const sockets = udpSockets(silent, port)
  const { receive, heard } = ear()
  const group = await sockets.group(receive)
  const socket = await sockets.lan(LOOPBACK, unheard)
  closes.push(
    () => group.close(),
    () => socket.close(),
  )
  group.join(LOOPBACK.address)
  group.join(LOOPBACK.address)
  await socket.send(Buffer.from('notify'), port, '239.255.255.250')
  const { bytes, address } = await heard
  expect(Buffer.from(bytes).toString()).toBe('notify')
  expect(address).toBe('127.0.0.1')
  group.leave(LOOPBACK.address)
  expect(() => group.leave(LOOPBACK.address)).toThrow('EADDRNOTAVAIL')
})

it('joining with an address that is nobody’s throws', async () => {
  const group = await udpSockets(silent, port).group(unheard)
  closes.push(() => group.close())
  expect(() => group.join(ipv4('192.0.2.1'))).toThrow('ENODEV')
})

it.each([
  [
    'a port somebody holds',
    LOOPBACK,
    () => neighbour.address().port,
    /^SSDP cannot use UDP port \d+ at 127.0.0.1 \(lo\): \S+ \(process \d+\) holds it for itself; stop it: \S/,
  ],
  [
    'an address nobody has',
    lan('br0', '192.0.2.1/24'),
    () => port,
    /^SSDP cannot use UDP port \d+ at 192.0.2.1 \(br0\): no interface has this address$/,
  ],
])('%s is one clear error', async (_name, where, at, message) => {
  await expect(udpSockets(silent, at()).lan(where, unheard)).rejects.toThrow(message)
})

it('a send that the system refuses rejects', async () => {
  const socket = await udpSockets(silent, port).lan(LOOPBACK, unheard)
  closes.push(() => socket.close())
  await expect(socket.send(new Uint8Array(70_000), port, '127.0.0.1')).rejects.toThrow('EMSGSIZE')
})
