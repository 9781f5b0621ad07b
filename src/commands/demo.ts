import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../config/load.ts'
import { LiveConfig } from '../config/reload.ts'
import type { Config } from '../config/schema.ts'
import { showRequest, showResponse } from '../demo/show-pcp.ts'
import { play } from '../demo/script.ts'
import type { Interfaces } from '../lan/interfaces.ts'
import type { LeaseDisk } from '../lan/leases/lease-watch.ts'
import { bootTime } from '../lib/boot-time.ts'
import { Closers } from '../lib/closers.ts'
import { Deadlines } from '../lib/deadlines.ts'
import { type IpAddress, type Ipv4Address, parseIpv4 } from '../lib/ip.ts'
import type { Log } from '../lib/log.ts'
import { RecentEvents } from '../log/recent.ts'
import { startDaemon } from '../main.ts'
import { localPorts } from '../nat/local-ports.ts'
import { AnnouncementSocket } from '../pcp/announcements.ts'
import { routeTables } from '../pcp/discovery/routes.ts'
import { type Endpoint, type PcpSocket, connectSocket } from '../pcp/socket.ts'
import { Responder } from '../pcp-server/responder.ts'
import { PcpServer } from '../pcp-server/server.ts'
import { DEFAULT_SETTINGS } from '../pcp-server/settings.ts'
import { loadIdentity } from '../store/identity.ts'
import { openStateDirectory } from '../store/state-directory.ts'
import { parseArguments } from './arguments.ts'
import { DONE, type Io, USAGE } from './io.ts'
import { random } from './random.ts'
import { withoutNat } from './router-nat.ts'
import { untilSignal } from './signals.ts'

const HELP = `usage: igd-pcp demo

The whole chain on loopback: a carrier, the daemon and a control point that maps a port and prints each step.
No root, and nothing is announced on a real network. Stays up until Ctrl-C.
`

/** What is kept of the log for the status page. */
const EVENTS = 20

const ROUTER = address('127.0.0.1')
const HOST = address('127.0.0.2')
const CARRIER = address('127.0.0.3')
const ROUTER_WAN = address('127.0.0.4')
const WAN = 'demo-wan'

/** Both directions of what the router says to the carrier, in words. */
class Tap {
  #lines: string[] = []

  async connect(server: Endpoint, address?: IpAddress): Promise<PcpSocket> {
    const socket = await connectSocket(server, { address })
    return {
      ...socket,
      send: (packet) => {
        this.#lines.push(...showRequest(packet))
        socket.send(packet)
      },
      onMessage: (listener) =>
        socket.onMessage((packet, from) => {
          this.#lines.push(...showResponse(packet))
          listener(packet, from)
        }),
    }
  }

  readonly take = (): string[] => this.#lines.splice(0)
}

export async function demo(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parseArguments({ args: [...argv], options: { help: { type: 'boolean', short: 'h' } } })
  if (values.help === true) {
    io.out(HELP)
    return DONE
  }
  const closers = new Closers((error) => io.err(`igd-pcp demo: ${String(error)}\n`))
  try {
    return await show(io, closers)
  } catch (error) {
    io.err(`igd-pcp demo: ${error instanceof Error ? error.message : String(error)}\n`)
    return USAGE
  } finally {
    await closers[Symbol.asyncDispose]()
  }
}

async function show(io: Io, closers: Closers): Promise<number> {
  const clock = new Deadlines(bootTime())
  const stateDir = await mkdtemp(join(tmpdir(), 'igd-pcp-demo-'))
  closers.defer(() => rm(stateDir, { recursive: true }))

  const carrier = new PcpServer(new Responder(DEFAULT_SETTINGS, { clock, random, log: QUIET }), {
    clock,
    log: QUIET,
  })
  closers.defer(() => carrier.stop())
  const server = await carrier.start({ address: CARRIER, port: 0 })

  const tap = new Tap()
  const config = demoConfig({ stateDir, server, httpPort: await freePort() })
  const date = () => new Date()
  const events = new RecentEvents(QUIET, date, EVENTS)
  const store = await openStateDirectory(stateDir, { clock, log: QUIET })
  closers.defer(() => store.close())
  const daemon = await startDaemon(new LiveConfig(config), {
    clock,
    random,
    log: events,
    events,
    date,
    rival: () => undefined, // nothing is announced that it could clash with
    interfaces: demoInterfaces,
    neighbourTable: () => '', // loopback has no neighbours
    disk: NO_LEASES,
    connect: (to) => tap.connect(to),
    descriptors: io.descriptors,
    identity: await loadIdentity(stateDir),
    routes: routeTables,
    localPorts,
    hear: (announcements) => new AnnouncementSocket(announcements, QUIET),
    nat: withoutNat,
    store,
  })
  closers.defer(() => daemon.stop(true))
  io.out(INTRODUCTION)
  const httpPort = config.http.port
  await play({ host: HOST, router: ROUTER, httpPort, heardOnWan: tap.take, print: io.out })
  io.out(ending(httpPort))
  await untilSignal()
  return DONE
}

const INTRODUCTION = `
A home router with igd-pcp, a carrier that speaks PCP and a LAN host, all on loopback:

  LAN host ${HOST}  ──UPnP──►  router ${ROUTER}  ──PCP──►  carrier ${CARRIER}
`

const ending = (port: number): string => `
That was all of it: the LAN host spoke UPnP, the carrier heard PCP. The router stays up; try

  http://${ROUTER}:${port}/
  upnpc -u http://${ROUTER}:${port}/igd1.xml -l

Ctrl-C ends it.
`

/** Loopback is the LAN; the way to the carrier is an interface that only the demo has. */
function demoInterfaces(): Interfaces {
  const { lo } = networkInterfaces()
  return { lo, [WAN]: lo?.map((at) => (at.family === 'IPv4' ? { ...at, cidr: `${ROUTER_WAN}/8` } : at)) }
}

interface DemoPlace {
  readonly stateDir: string
  readonly server: Endpoint
  readonly httpPort: number
}

/** The demo's configuration goes the way of every other: through the schema. */
function demoConfig({ stateDir, server, httpPort }: DemoPlace): Config {
  const flags = {
    lan: ['lo'],
    wan: WAN,
    'pcp-server': [`${server.address}:${server.port}`],
    nat: 'none',
    'state-dir': stateDir,
    'http-port': String(httpPort),
    control: join(stateDir, 'control.sock'),
  }
  const config = loadConfig({ file: undefined, environment: {}, flags })
  if (!config.ok) throw new Error(config.why.map(({ what }) => what).join('; '))
  return config.value
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, ROUTER, resolve)
  })
  const bound = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof bound === 'object' && bound ? bound.port : 0
}

/** The demo's LAN has no DHCP server. */
const NO_LEASES: LeaseDisk = {
  isFull: () => Promise.resolve(false),
  read: () => Promise.resolve(undefined),
  watch: () => undefined,
}

const QUIET: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
function ignore(): void {
  // The demo tells its story itself.
}

function address(text: string): Ipv4Address {
  const parsed = parseIpv4(text)
  if (!parsed) throw new RangeError(text)
  return parsed
}
