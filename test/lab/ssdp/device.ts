import { type Clock, repeated } from '../../../src/lib/clock.ts'
import { bootTime } from '../../../src/lib/boot-time.ts'
import { Deadlines } from '../../../src/lib/deadlines.ts'
import type { Log } from '../../../src/lib/log.ts'
import { millis, port } from '../../../src/lib/units.ts'
import { readInterfaces } from '../../../src/lan/interfaces.ts'
import { InterfaceWatcher } from '../../../src/lan/watcher.ts'
import { SsdpServer } from '../../../src/upnp/ssdp.ts'
import { udpSockets } from '../../../src/upnp/ssdp/udp-sockets.ts'

// The SSDP server and the interface watcher of the router, and nothing else of it. `device.js SPEED`: with a clock
// that runs SPEED times as fast as the real one.

function fastClock(speed: number): Clock {
  const real = new Deadlines(bootTime())
  const clock: Clock = {
    now: () => millis(real.now() * speed),
    at: (due, run) => real.at(millis(due / speed), run),
    every: (span, look) => repeated(clock, span, look),
  }
  return clock
}

const say = (fields: object, message: string) => console.log(message, fields)
const log: Log = { debug: say, info: say, warn: say, error: say }
const clock = fastClock(Number(process.argv[2] ?? 1))

const server = new SsdpServer({
  clock,
  log,
  random: {
    unit: () => Math.random(),
    bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  },
  sockets: udpSockets(log, 1900),
  date: () => new Date(),
  udns: { igd: 'uuid:lab-igd', wan: 'uuid:lab-wan', wanConnection: 'uuid:lab-connection' },
  defaultVersion: 1,
  serverHeader: 'Linux/6 UPnP/1.1 igd-pcp/0',
  httpPort: port(5000),
  paths: { 1: '/igd1.xml', 2: '/igd2.xml' },
  bootId: 1,
  keepBootId: () => Promise.resolve(),
  configId: 1,
  isNeighbour: () => true,
})
const watcher = new InterfaceWatcher(
  { clock, log, read: readInterfaces },
  { lans: { interfaces: ['lan1', 'lan2', 'lan3'], routed: [] }, wan: 'wan' },
  ({ lans }) => void server.setLans(lans),
)

async function end(): Promise<void> {
  watcher.stop()
  await server.stop()
  process.exit(0)
}

process.once('SIGTERM', () => void end())
await server.start(watcher.start().lans)
console.log('started')
