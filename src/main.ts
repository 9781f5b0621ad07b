import { type } from 'node:os'
import { type CarrierLine, carrierSide } from './carrier.ts'
import type { LiveConfig } from './config/reload.ts'
import type { Config } from './config/schema.ts'
import { assembleCore, type Core } from './core/assemble.ts'
import type { InterworkingFunction } from './core/iwf.ts'
import { leaveAddress } from './core/leave-address.ts'
import { openControl } from './control/control.ts'
import type { Limits } from './core/policy.ts'
import type { NatPort, ServerFacts, TimedRule } from './core/ports.ts'
import { HostWatch } from './lan/host-watch.ts'
import { type Interfaces, lansOf } from './lan/interfaces.ts'
import { type InterfaceName, parseInterfaceName } from './lan/interface-name.ts'
import { type LeaseDisk, LeaseWatch } from './lan/leases/lease-watch.ts'
import { linkCounters, linkUp } from './lan/link.ts'
import { sharedAbort } from './lib/abort.ts'
import type { Clock, Random } from './lib/clock.ts'
import { Closers } from './lib/closers.ts'
import type { Ipv4Address } from './lib/ip.ts'
import { isLanHost, type Lan } from './lib/lan.ts'
import type { Log } from './lib/log.ts'
import { type Millis, after, millis } from './lib/units.ts'
import { VERSION } from './lib/version.ts'
import type { RecentEvents } from './log/recent.ts'
import { Counters } from './metrics/counters.ts'
import { meteredEvents, meteredNat, meteredPcp, meteredSocket } from './metrics/metered.ts'
import { localPorts } from './nat/local-ports.ts'
import { followHosts, followInterfaces } from './network.ts'
import { Overview } from './overview.ts'
import type { Endpoint, PcpSocket } from './pcp/socket.ts'
import { type Identity, saveBootId, uuidFor } from './store/identity.ts'
import type { OpenStore } from './store/state-directory.ts'
import type { ServiceWorld } from './upnp/action.ts'
import { configIdOf, DESCRIPTION_PATH, type DescriptionValues, type Descriptors } from './upnp/description.ts'
import { sendNotify } from './upnp/gena/http-send.ts'
import { Notifier } from './upnp/gena/notifier.ts'
import { eventRoutes } from './upnp/gena/routes.ts'
import { UpnpHttp } from './upnp/http.ts'
import { SsdpServer } from './upnp/ssdp.ts'
import { SSDP_PORT } from './upnp/ssdp/message.ts'
import { udpSockets } from './upnp/ssdp/udp-sockets.ts'
import { statusPage } from './web/routes.ts'

// Joins everything: the only file that knows all parts. What it joins runs until `stop`.

/** The world as the daemon meets it: the real one, or the demo's. */
export interface Surroundings {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** What `log` was told. */
  readonly events: RecentEvents
  readonly date: () => Date
  /** The name of another program of this router that is an Internet Gateway Device. */
  readonly rival: () => string | undefined
  readonly interfaces: () => Interfaces
  /** The kernel's neighbour table, as text. */
  readonly neighbourTable: () => string
  /** Where the DHCP server keeps its leases. */
  readonly disk: LeaseDisk
  readonly connect: (server: Endpoint) => Promise<PcpSocket>
  readonly descriptors: Descriptors
  readonly identity: Identity
  readonly nat: RouterNat
  readonly store: OpenStore
}

/** A router NAT with a beginning and an end. */
export interface RouterNat extends NatPort {
  /** Goes on with `rules` of an earlier run. Rejects with one clear sentence when this system lets us do no NAT. */
  start(lans: readonly Lan[], rules: readonly TimedRule[]): Promise<void>
  /** `removeTable`: leave nothing behind; else what is mapped goes on until its lifetime ends. */
  stop(removeTable: boolean): Promise<void>
  /** The LANs are these from now on. */
  setLans(lans: readonly Lan[]): Promise<void>
  /** The router has this address no more. */
  endFlowsOf(address: Ipv4Address): Promise<void>
}

export interface Daemon {
  /** Says byebye and closes everything; with `release` the carrier's mappings are deleted first. */
  stop(release: boolean): Promise<void>
}

/** SIGTERM to exit takes 2 s at most; deletes at the carrier get most of it. */
const RELEASE_PATIENCE = millis(1500)
/** What the carrier has not deleted by then, it keeps until its lifetime ends. */
const LEAVE_PATIENCE = millis(1500)

/** Starts all parts, or none: what was started is stopped again when one fails. */
export async function startDaemon(live: LiveConfig, world: Surroundings): Promise<Daemon> {
  const closers = new Closers((error) =>
    world.log.error({ error: String(error) }, 'a part did not stop cleanly'),
  )
  try {
    return await startParts(live, world, closers)
  } catch (error) {
    await closers[Symbol.asyncDispose]()
    throw error
  }
}

async function startParts(live: LiveConfig, world: Surroundings, closers: Closers): Promise<Daemon> {
  const config = live.current
  const { clock, log, nat } = world
  const end = { release: false }

  const core = await startCore(live, world, closers)
  const { iwf } = core
  const values = descriptionValues(config, world)
  const lans = lansOf(world.interfaces(), config.lan)
  const services = serviceWorld(config, { ...core, world, values })
  const notifier = new Notifier({ ...world, send: sendNotify }, services)
  notifier.start(core.context.changes)
  closers.defer(() => notifier.stop())
  const overview = new Overview(live, world, { ...core, storeFailure: () => world.store.failure })
  // Before what the LAN and the kernel notice: where another daemon answers already, this one ends here.
  await openControl(config.control.path, { log, gateway: iwf, overview }, closers)
  const http = httpServer(config, { world, values, services, notifier, overview })
  await http.start(lans)
  closers.defer(() => http.stop())
  await nat.start(lans, core.rules())
  closers.defer(() => nat.stop(end.release))
  closers.defer(() => iwf.stop(end.release, after(clock.now(), RELEASE_PATIENCE)))

  const ssdp = ssdpServer(config, world, values)
  await ssdp.start(lans)
  closers.defer(() => ssdp.stop())
  closers.defer(followInterfaces(config, world, { ...core, http, ssdp }))
  closers.defer(followHosts(core.hosts, iwf, log))
  overview.start()
  closers.defer(() => overview.stop())
  void core.start()
  if (lans.length === 0)
    log.warn({ interfaces: config.lan.interfaces }, 'no LAN has an address yet; waiting for one')
  log.info({ lans }, 'ready')
  return {
    stop: async (release) => {
      end.release = release
      await closers[Symbol.asyncDispose]()
    },
  }
}

interface CoreParts extends Core, CarrierLine {
  /** Our address will be another one, and still works. */
  readonly leave: () => Promise<void>
  readonly hosts: HostWatch
  readonly counters: Counters
  readonly server: () => ServerFacts | undefined
}

async function startCore(live: LiveConfig, world: Surroundings, closers: Closers): Promise<CoreParts> {
  const config = live.current
  const closing = sharedAbort()
  const counters = new Counters()
  const { clock } = world
  const connect = meteredSocket(world.connect, counters)
  const carrier = carrierSide(config, { ...world, connect }, closers)
  closers.defer(() => closing.abort())
  const leases = new LeaseWatch(world, config.lan.leases)
  const hosts = new HostWatch({ ...world, leases }, config.lan.interfaces)
  const core = assembleCore(
    {
      ...world,
      pcp: meteredPcp(carrier.pcp, clock, counters),
      nat: meteredNat(world.nat, clock, counters),
      hosts,
    },
    {
      wanPorts: config.nat.mode === 'nftables' ? config.nat.ports : undefined,
      takenPorts: [...(await localPorts()), { protocol: 'UDP', port: world.identity.sourcePort }],
      maxLifetime: config.pcp.maxLifetime,
      limits: limitsOf(live, isLanHostOf(config, world)),
      probe: config.igd.probe === 'on',
      describes: config.pcp.description,
      saved: world.store.saved,
      closing: closing.signal,
    },
  )
  world.store.follow(() => core.iwf.systemUpdateId())
  const line = await carrier.start(meteredEvents(core.events, counters))
  const leave = () => leaveAddress(core.context, after(world.clock.now(), LEAVE_PATIENCE))
  return { ...core, ...line, hosts, leave, counters, server: () => carrier.pcp.server }
}

/** As the configuration has them at the moment of each question. */
const limitsOf = (live: LiveConfig, isLanHost: Limits['isLanHost']): Limits => ({
  get rules() {
    return live.current.access.rules
  },
  get refusedPorts() {
    return live.current.access.refusedPorts
  },
  get perHost() {
    return live.current.access.perHost
  },
  get total() {
    return live.current.access.total
  },
  addRate: live.current.access.addRate,
  addBurst: live.current.access.addBurst,
  totalRate: live.current.access.totalRate,
  totalBurst: live.current.access.totalBurst,
  isLanHost,
})

/** Of the LANs of this moment. */
const isLanHostOf =
  (config: Config, { interfaces }: Surroundings) =>
  (address: Ipv4Address): boolean =>
    lansOf(interfaces(), config.lan).some((lan) => isLanHost(lan, address))

interface ServiceParts {
  readonly world: Surroundings
  readonly values: DescriptionValues
  readonly iwf: InterworkingFunction
  readonly counters: Counters
}

function serviceWorld(
  config: Config,
  { world: { clock }, values, iwf, counters }: ServiceParts,
): ServiceWorld {
  const wan = interfaceNamed(config.wan.interface)
  const started: Millis = clock.now()
  return {
    gateway: iwf,
    wan: {
      up: () => linkUp(wan),
      upstreamBps: config.igd.upstreamBps,
      downstreamBps: config.igd.downstreamBps,
      counters: () => linkCounters(wan),
    },
    uptime: () => Math.floor((clock.now() - started) / 1000),
    connectionUdn: values.udns.connectionUdn,
    options: config.igd,
    answered: (action, code) => counters.request(action, code),
  }
}

interface HttpParts {
  readonly world: Surroundings
  readonly values: DescriptionValues
  readonly services: ServiceWorld
  readonly notifier: Notifier
  readonly overview: Overview
}

function httpServer(config: Config, { world, values, services, notifier, overview }: HttpParts): UpnpHttp {
  const { clock, descriptors, log, random } = world
  const { page } = config.http
  const events = eventRoutes({ clock, random, notifier, serverHeader: SERVER })
  return new UpnpHttp({
    clock,
    log,
    descriptors,
    values,
    serverHeader: SERVER,
    routes: page === 'off' ? [events] : [events, statusPage({ clock, overview, scope: page })],
    world: services,
  })
}

function ssdpServer(config: Config, world: Surroundings, values: DescriptionValues): SsdpServer {
  const { igdUdn, wanUdn, connectionUdn } = values.udns
  return new SsdpServer({
    ...world,
    sockets: udpSockets(world.log, SSDP_PORT),
    udns: { igd: igdUdn, wan: wanUdn, wanConnection: connectionUdn },
    defaultVersion: config.igd.default,
    serverHeader: SERVER,
    httpPort: config.http.port,
    paths: DESCRIPTION_PATH,
    bootId: world.identity.bootId,
    keepBootId: (bootId) => saveBootId(config.state.dir, bootId),
    configId: values.configId,
  })
}

const SERVER = `${type()}/1.0 UPnP/1.1 igd-pcp/${VERSION}`

function descriptionValues(config: Config, { descriptors, identity }: Surroundings): DescriptionValues {
  const root = config.igd.uuid ?? identity.uuid
  const { friendlyName, manufacturer, manufacturerUrl, modelName, modelDescription, modelUrl, serialNumber } =
    config.igd
  const given = {
    friendlyName,
    manufacturer,
    manufacturerUrl,
    modelName,
    modelDescription,
    modelUrl,
    serialNumber,
  }
  const label = { ...given, modelNumber: config.igd.modelNumber ?? VERSION }
  const udns = {
    igdUdn: `uuid:${root}`,
    wanUdn: `uuid:${uuidFor(root, 'WANDevice')}`,
    connectionUdn: `uuid:${uuidFor(root, 'WANConnectionDevice')}`,
  }
  const { page, port: httpPort } = config.http
  const values = { label, udns, httpPort, hasPage: page !== 'off' }
  return { ...values, configId: configIdOf(descriptors, values) }
}

function interfaceNamed(text: string): InterfaceName {
  const name = parseInterfaceName(text)
  if (!name) throw new Error(`${text} is no name of an interface`)
  return name
}
