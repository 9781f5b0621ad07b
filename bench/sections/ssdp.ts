import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { Place } from '../support/place.ts'
import { pause, type Program } from '../support/program.ts'
import type { Report } from '../support/report.ts'
import { latencyOf, type Latency } from '../support/stats.ts'

const SEARCH = Buffer.from(
  'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\n' +
    'ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n\r\n',
)

/** Searches every `every` ms until somebody answers; in ms since the call. */
export async function search(place: Place, every: number): Promise<number> {
  const started = performance.now()
  const socket = createSocket('udp4')
  socket.bind(0, place.hosts[0])
  await once(socket, 'listening')
  const count = { answers: 0 }
  socket.on('message', () => void (count.answers += 1))
  // A closed port answers with an ICMP error, which is no answer.
  socket.on('error', () => undefined)
  while (count.answers === 0) {
    socket.send(SEARCH, 1900, place.router)
    await pause(every)
  }
  socket.close()
  return performance.now() - started
}

/** Single searches, a pause apart so that no limit for a single source is reached. */
export async function searches(place: Place, count: number): Promise<Latency> {
  const times: number[] = []
  const sockets = place.hosts.slice(0, 8).map((host) => {
    const socket = createSocket('udp4')
    socket.bind(0, host)
    return socket
  })
  await Promise.all(sockets.map((socket) => once(socket, 'listening')))
  const started = performance.now()
  for (let n = 0; n < count; n++) {
    const socket = sockets[n % sockets.length]
    if (!socket) continue
    const sent = performance.now()
    socket.send(SEARCH, 1900, place.router)
    await once(socket, 'message')
    times.push(performance.now() - sent)
    await pause(25)
  }
  const seconds = (performance.now() - started) / 1000
  for (const socket of sockets) socket.close()
  return latencyOf(times, seconds)
}

interface Flood {
  readonly sent: number
  readonly answered: number
  /** Microseconds of the daemon's processor time for a search. */
  readonly cpu: number
}

/** As many searches as one host can send in `seconds`, and what the daemon does with them. */
export async function flood(place: Place, daemon: Program, seconds: number): Promise<Flood> {
  const socket = createSocket('udp4')
  socket.bind(0, place.hosts[1])
  await once(socket, 'listening')
  const count = { sent: 0, answered: 0 }
  socket.on('message', () => void (count.answered += 1))
  const [before, started] = [daemon.cpu(), performance.now()]
  while (performance.now() - started < seconds * 1000) {
    for (let n = 0; n < 50; n++) socket.send(SEARCH, 1900, place.router)
    count.sent += 50
    await pause(10)
  }
  await pause(200)
  socket.close()
  return { ...count, cpu: (1e6 * (daemon.cpu() - before)) / count.sent }
}

export const ssdpReport = (usual: Latency, { answered, cpu, sent }: Flood, seconds: number): Report => ({
  title: 'SSDP',
  note: 'A search by unicast; and a flood from one host, which the limits for a single source cut short.',
  head: ['what', 'searches', 'answers', 'p50 ms', 'p99 ms', 'CPU µs/search'],
  rows: [
    ['one after the other', '-', '-', usual.p50, usual.p99, '-'],
    [`flood of ${seconds} s`, sent, answered, '-', '-', cpu],
  ],
})
