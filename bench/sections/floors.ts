import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Ipv4Address } from '../../src/lib/ip.ts'
import { ANY_IPV4 } from '../../src/lib/ip.ts'
import { encodeRequest } from '../../src/pcp/wire/packet.ts'
import { Calls } from '../support/calls.ts'
import { HTTP_PORT } from '../support/daemon.ts'
import { load } from '../support/load.ts'
import type { Place } from '../support/place.ts'
import { Program } from '../support/program.ts'
import type { Report } from '../support/report.ts'
import { type Latency, latencyOf, median, medianOf } from '../support/stats.ts'
import { type Effort, hostAt, nameOf, type Way } from './soap.ts'

// What nobody can be faster than on this machine: each part of an AddPortMapping by itself.

const ECHO = `
const body = Buffer.from('x'.repeat(Number(process.argv[2])))
require('node:http').createServer((request, response) => {
  request.on('data', () => {}).on('end', () => {
    const close = request.headers.connection === 'close'
    response.writeHead(200, { 'Content-Length': body.length, Connection: close ? 'close' : 'keep-alive' })
    response.end(body)
  })
}).listen(Number(process.argv[1]), process.argv[3], () => console.log('ready'))
`
const PCP_PORT = 5351
/** As long as the answer to AddPortMapping. */
const ANSWER = 280

export async function echoes(
  place: Place,
  ways: readonly Way[],
  effort: Effort,
): Promise<ReadonlyMap<string, Latency>> {
  const command = [process.execPath, '-e', ECHO, String(HTTP_PORT), String(ANSWER), place.router]
  const echo = new Program(place.on('cpe', command))
  await echo.said('ready')
  const target = { address: place.router, port: HTTP_PORT, path: '/' }
  const found = new Map<string, Latency>()
  for (const way of ways) {
    const calls = new Calls(target, way.close)
    const call = (n: number, host: string) => calls.add(n, host)
    const rounds: Latency[] = []
    for (let round = 0; round < effort.rounds; round++)
      rounds.push(
        await load({
          target,
          hostOf: (_, worker) => hostAt(place, worker),
          connections: way.connections,
          calls: effort.calls,
          call,
        }),
      )
    found.set(nameOf(way), medianOf(rounds))
  }
  await echo.stop()
  return found
}

/** MAP requests to the embedded server, one in flight. Run where the daemon runs, by `pcp-round-trip.js`. */
export async function pcpRoundTrip(carrier: string, calls: number): Promise<Latency> {
  const { ask, close } = await bareClient(carrier)
  const times: number[] = []
  const started = performance.now()
  for (let n = 0; n < calls; n++) {
    const sent = performance.now()
    await ask(n)
    times.push(performance.now() - sent)
  }
  close()
  return latencyOf(times, (performance.now() - started) / 1000)
}

/** So many that the server never waits, and no socket's buffer is full. */
const IN_FLIGHT = 32

/** How many requests a second the server answers. */
export async function pcpRate(carrier: string, calls: number): Promise<number> {
  const { ask, close } = await bareClient(carrier)
  const started = performance.now()
  for (let n = 0; n < calls; n += IN_FLIGHT)
    await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, calls - n) }, (_, i) => ask(n + i)))
  close()
  return calls / ((performance.now() - started) / 1000)
}

/** The least that can speak to a PCP server: `ask(n)` makes mapping `n`, and resolves when something is answered. */
async function bareClient(carrier: string) {
  const socket = createSocket('udp4')
  socket.connect(PCP_PORT, carrier)
  await once(socket, 'connect')
  const clientAddress = socket.address().address as Ipv4Address
  const waiting: (() => void)[] = []
  socket.on('message', () => waiting.shift()?.())
  const ask = (n: number) => {
    const nonce = new Uint8Array(12).fill(n % 251)
    const map = { nonce, protocol: 17, internalPort: 20_000 + n, externalPort: 0, externalAddress: ANY_IPV4 }
    socket.send(encodeRequest({ clientAddress, lifetime: 120, body: { opcode: 'MAP', map }, options: [] }))
    return new Promise<void>((resolve) => waiting.push(resolve))
  }
  return { ask, close: () => void socket.close() }
}

/** One element added to a map by a kept `nft -i`, each acknowledged before the next. Runs in the CPE. */
export async function nftTransaction(place: Place, count: number): Promise<Latency> {
  const [file = '', ...args] = place.on('cpe', ['nft', '-i'])
  const nft = spawn(file, args, { stdio: ['pipe', 'ignore', 'pipe'] })
  const line = async (text: string, n: number) => {
    let heard = ''
    nft.stdin.write(`${text}\nlist table ip __bench_${n}\n`)
    while (!heard.includes(`__bench_${n}`)) {
      const [data] = (await once(nft.stderr, 'data')) as [Buffer]
      heard += data.toString()
    }
  }
  await line(
    'add table ip bench; add map ip bench m { type inet_service : ipv4_addr . inet_service; flags timeout; }',
    0,
  )
  const times: number[] = []
  const started = performance.now()
  for (let n = 1; n <= count; n++) {
    const before = performance.now()
    await line(`add element ip bench m { ${1000 + n} timeout 600s : 192.168.77.10 . 80 }`, n)
    times.push(performance.now() - before)
  }
  const seconds = (performance.now() - started) / 1000
  await line('delete table ip bench', count + 1)
  nft.stdin.end('quit\n')
  await once(nft, 'exit')
  return latencyOf(times, seconds)
}

/** One line appended to a file and synced, as the journal does at each step. */
export function syncedAppend(count: number): Latency {
  const path = join(tmpdir(), `igd-pcp-bench-${process.pid}`)
  const file = openSync(path, 'a')
  const line = Buffer.alloc(250, 'x')
  const times: number[] = []
  const started = performance.now()
  for (let n = 0; n < count; n++) {
    const before = performance.now()
    writeSync(file, line)
    fdatasyncSync(file)
    times.push(performance.now() - before)
  }
  closeSync(file)
  rmSync(path)
  return latencyOf(times, (performance.now() - started) / 1000)
}

/** A bare Node that does nothing: how long until it runs, in ms, and its resident memory in MB. */
export async function bareNode(
  rounds: number,
): Promise<{ readonly start: number; readonly resident: number }> {
  const starts: number[] = []
  const sizes: number[] = []
  for (let round = 0; round < rounds; round++) {
    const started = performance.now()
    const node = new Program([process.execPath, '-e', 'console.log("ready"); setTimeout(() => {}, 60000)'])
    await node.said('ready')
    starts.push(performance.now() - started)
    await new Promise((resolve) => setTimeout(resolve, 500))
    sizes.push(node.memory().resident)
    await node.stop()
  }
  return { start: median(starts), resident: median(sizes) }
}

export const floorReport = (rows: readonly (readonly [string, Latency])[]): Report => ({
  title: 'Floors',
  note: 'The parts by themselves: what a call cannot be faster than here.',
  head: ['what', 'p50 ms', 'p99 ms', '/s'],
  rows: rows.map(([name, { p50, p99, perSecond }]) => [name, p50, p99, Math.round(perSecond)]),
})
