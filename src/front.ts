import { type } from 'node:os'
import type { LiveConfig } from './config/reload.ts'
import type { Config } from './config/schema.ts'
import { openControl } from './control/control.ts'
import type { InterworkingFunction } from './core/iwf.ts'
import type { Interworking, InterworkingWorld } from './interworking.ts'
import type { HostWatch } from './lan/host-watch.ts'
import { lansOf } from './lan/interfaces.ts'
import { type InterfaceName, parseInterfaceName } from './lan/interface-name.ts'
import { linkCounters, linkUp } from './lan/link.ts'
import type { Closers } from './lib/closers.ts'
import type { Lan } from './lib/lan.ts'
import type { Log } from './lib/log.ts'
import type { Millis } from './lib/units.ts'
import { VERSION } from './lib/version.ts'
import type { RecentEvents } from './log/recent.ts'
import type { Meters } from './metrics/meters.ts'
import { MetricsOffer } from './metrics/offer.ts'
import type { LanFollower } from './network.ts'
import { Overview } from './overview.ts'
import { saveBootId, uuidFor } from './store/identity.ts'
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

// What a LAN sees of us: descriptions, control, events, the status page, and the announcement of all that.

export interface FrontWorld
  extends Pick<InterworkingWorld, 'clock' | 'identity' | 'interfaces' | 'random' | 'store'> {
  readonly log: Log
  /** What `log` was told. */
  readonly events: RecentEvents
  readonly date: () => Date
  readonly descriptors: Descriptors
  /** The name of another program of this router that is an Internet Gateway Device. */
  readonly rival: () => string | undefined
}

/** It listens, and LANs that come and go are to be told to its parts. */
interface Front {
  readonly http: LanFollower
  readonly ssdp: LanFollower
  /** Tells the LANs that we are there. */
  announce(lans: readonly Lan[]): Promise<void>
}

export type OpenFront = (
  live: LiveConfig,
  world: FrontWorld,
  core: Interworking,
  closers: Closers,
) => Promise<Front>

/** Listens on the control socket, where metrics are wanted, and on the LANs of this moment. Rejects when one of them cannot be had. */
export const openFront: OpenFront = async (live, world, core, closers) => {
  const config = live.current
  const { iwf } = core
  const values = descriptionValues(config, world)
  const services = serviceWorld(live, { ...core, world, values })
  const notifier = new Notifier({ ...world, send: sendNotify }, services)
  notifier.start(core.context.changes)
  closers.defer(() => notifier.stop())
  const overview = new Overview(live, world, { ...core, storeFailure: () => world.store.failure })
  // Before what the LAN and the kernel notice: where another daemon answers already, this one ends here.
  await openControl(config.control.path, { log: world.log, gateway: iwf, overview }, closers)
  const offer = new MetricsOffer({ ...world, meters: core.meters, facts: () => overview.facts() })
  closers.defer(() => offer.stop())
  await offer.use(config.metrics.listen)
  closers.defer(live.follow(['metrics.listen'], ({ metrics }) => offer.use(metrics.listen)))
  const http = httpServer(live, { world, values, services, notifier, overview })
  await http.start(lansOf(world.interfaces(), config.lan))
  closers.defer(() => http.stop())
  const ssdp = ssdpServer(config, world, values, core.hosts)
  const announce = async (lans: readonly Lan[]) => {
    await ssdp.start(lans)
    closers.defer(() => ssdp.stop())
    overview.start()
    closers.defer(() => overview.stop())
  }
  return { http, ssdp, announce }
}

interface ServiceParts {
  readonly world: FrontWorld
  readonly values: DescriptionValues
  readonly iwf: InterworkingFunction
  readonly meters: Meters
}

function serviceWorld(
  live: LiveConfig,
  { world: { clock }, values, iwf, meters }: ServiceParts,
): ServiceWorld {
  const wan = interfaceNamed(live.current.wan.interface)
  const started: Millis = clock.now()
  return {
    gateway: iwf,
    wan: {
      up: () => linkUp(wan),
      get upstreamBps() {
        return live.current.igd.upstreamBps
      },
      get downstreamBps() {
        return live.current.igd.downstreamBps
      },
      counters: () => linkCounters(wan),
    },
    uptime: () => Math.floor((clock.now() - started) / 1000),
    connectionUdn: values.udns.connectionUdn,
    get options() {
      return live.current.igd
    },
    now: () => clock.now(),
    answered: (action, code, took) => meters.request(action, code, took),
  }
}

interface HttpParts {
  readonly world: FrontWorld
  readonly values: DescriptionValues
  readonly services: ServiceWorld
  readonly notifier: Notifier
  readonly overview: Overview
}

function httpServer(live: LiveConfig, { world, values, services, notifier, overview }: HttpParts): UpnpHttp {
  const { clock, descriptors, log, random } = world
  const events = eventRoutes({ clock, random, notifier, serverHeader: SERVER })
  return new UpnpHttp({
    clock,
    log,
    descriptors,
    values,
    serverHeader: SERVER,
    routes: [events, statusPage({ clock, overview, scope: () => live.current.http.page })],
    world: services,
  })
}

function ssdpServer(
  config: Config,
  world: FrontWorld,
  values: DescriptionValues,
  hosts: HostWatch,
): SsdpServer {
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
    isNeighbour: (address) => hosts.isNeighbour(address),
    configId: values.configId,
  })
}

const SERVER = `${type()}/1.0 UPnP/1.1 igd-pcp/${VERSION}`

function descriptionValues(config: Config, { descriptors, identity }: FrontWorld): DescriptionValues {
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
