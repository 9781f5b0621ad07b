import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, expect, it } from 'vitest'
import type { Log } from '../../src/lib/log.ts'
import { Announcements, AnnouncementSocket } from '../../src/pcp/announcements.ts'
import { fromHex, ipv4, ip } from './literals.ts'

// Loopback, as sharing the port with others is what it is about.

const closers: (() => void)[] = []
afterEach(() => closers.splice(0).forEach((close) => close()))

const ANNOUNCE = fromHex('02800000 00000000 00000007 000000000000000000000000')
const quiet: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

async function bound(port: number, address: string): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  closers.push(() => socket.close())
  socket.bind(port, address)
  await once(socket, 'listening')
  return socket
}

async function listening() {
  const announcements = new Announcements()
  const heard: number[] = []
  const sockets = new AnnouncementSocket(announcements, quiet)
  closers.push(() => sockets.leave())
  await sockets.join(ipv4('127.0.0.1'))
  const from = (socket: Socket, address: string) =>
    announcements.follow({ address: ip(address), port: socket.address().port }, ({ epoch }) =>
      heard.push(epoch),
    )
  return { from, heard, sockets }
}

const said = (heard: readonly number[]) => expect.poll(() => heard, { timeout: 5000, interval: 10 })

it('C-14.1-1: hears 224.0.0.1:5350, and another program there goes on hearing it too', async () => {
  const other = await bound(5350, '224.0.0.1')
  other.addMembership('224.0.0.1', '127.0.0.1')
  const both = once(other, 'message')
  const { from, heard } = await listening()
  const server = await bound(0, '127.0.0.1')
  server.setMulticastInterface('127.0.0.1')
  from(server, '127.0.0.1')
  server.send(ANNOUNCE, 5350, '224.0.0.1')
  await said(heard).toEqual([7])
  await both
})

it('hears nothing any more when it left', async () => {
  const other = await bound(5350, '224.0.0.1')
  other.addMembership('224.0.0.1', '127.0.0.1')
  const { from, heard, sockets } = await listening()
  const server = await bound(0, '127.0.0.1')
  server.setMulticastInterface('127.0.0.1')
  from(server, '127.0.0.1')
  sockets.leave()
  sockets.leave()
  server.send(ANNOUNCE, 5350, '224.0.0.1')
  await once(other, 'message')
  expect(heard).toEqual([])
})
