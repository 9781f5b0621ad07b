import { type CarrierLine, carrierSide, type CarrierWorld } from './carrier.ts'
import type { LiveConfig } from './config/reload.ts'
import type { Config } from './config/schema.ts'
import { assembleCore, type Core } from './core/assemble.ts'
import { leaveAddress } from './core/leave-address.ts'
import type { NatPort, ServerFacts } from './core/ports.ts'
import { HostWatch } from './lan/host-watch.ts'
import { lansOf } from './lan/interfaces.ts'
import { type LeaseDisk, LeaseWatch } from './lan/leases/lease-watch.ts'
import { sharedAbort } from './lib/abort.ts'
import type { Closers } from './lib/closers.ts'
import type { Ipv4Address } from './lib/ip.ts'
import { isLanHost } from './lib/lan.ts'
import { after, millis } from './lib/units.ts'
import { Counters } from './metrics/counters.ts'
import { meteredEvents, meteredNat, meteredPcp, meteredSocket, meteredStore } from './metrics/metered.ts'
import { Meters } from './metrics/meters.ts'
import type { LocalPort } from './nat/local-ports.ts'
import { epochMemory } from './pcp/epoch-memory.ts'
import type { Identity } from './store/identity.ts'
import type { OpenStore } from './store/state-directory.ts'

// The interworking function as it stands between a LAN, which it does not see, and the carrier.

export interface InterworkingWorld extends Omit<CarrierWorld, 'epochs'> {
  /** The kernel's neighbour table, as text. */
  readonly neighbourTable: () => string
  /** Where the DHCP server keeps its leases, and the hooks of DHCP clients what they were told. */
  readonly disk: LeaseDisk
  readonly identity: Identity
  /** Ports where programs of the router listen. */
  readonly localPorts: () => Promise<readonly LocalPort[]>
  readonly nat: NatPort
  readonly store: OpenStore
}

/** What the carrier has not deleted by then, it keeps until its lifetime ends. */
const LEAVE_PATIENCE = millis(1500)

/** The function with its ways to the carrier and to the kernel's NAT; nothing of it listens on a LAN. */
export interface Interworking extends Core, CarrierLine {
  /** Our address will be another one, and still works. */
  readonly leave: () => Promise<void>
  readonly hosts: HostWatch
  readonly counters: Counters
  /** `counters`, and who else measures. */
  readonly meters: Meters
  readonly server: () => ServerFacts | undefined
}

/** Joins it and finds the carrier. Nothing is asked of that before `start`. */
export async function startInterworking(
  live: LiveConfig,
  world: InterworkingWorld,
  closers: Closers,
): Promise<Interworking> {
  const config = live.current
  const closing = sharedAbort()
  const counters = new Counters()
  const meters = new Meters(counters)
  const { clock } = world
  const connect = meteredSocket(world.connect, meters)
  const epochs = epochMemory(world.store.saved.epoch, (epoch) => world.store.noteEpoch(epoch))
  const carrier = carrierSide(live, { ...world, connect, epochs }, closers)
  closers.defer(() => closing.abort())
  const leases = new LeaseWatch(world, config.lan.leases)
  const hosts = new HostWatch({ ...world, leases }, config.lan.interfaces)
  const core = assembleCore(
    {
      ...world,
      pcp: meteredPcp(carrier.pcp, clock, meters),
      nat: meteredNat(world.nat, clock, meters),
      store: meteredStore(world.store, clock, meters),
      hosts,
    },
    {
      wanPorts: config.nat.mode === 'nftables' ? config.nat.ports : undefined,
      takenPorts: [...(await world.localPorts()), { protocol: 'UDP', port: world.identity.sourcePort }],
      isLanHost: isLanHostOf(config, world),
      get limits() {
        return live.current.access
      },
      get maxLifetime() {
        return live.current.pcp.maxLifetime
      },
      get probe() {
        return live.current.igd.probe === 'on'
      },
      get describes() {
        return live.current.pcp.description
      },
      saved: world.store.saved,
      closing: closing.signal,
    },
  )
  world.store.follow({
    systemUpdateId: () => core.iwf.systemUpdateId(),
    records: () => core.context.journal.records(),
  })
  const line = await carrier.start(meteredEvents(core.events, meters))
  const leave = () => leaveAddress(core.context, after(world.clock.now(), LEAVE_PATIENCE))
  return { ...core, ...line, hosts, leave, counters, meters, server: () => carrier.pcp.server }
}

/** Of the LANs of this moment. */
const isLanHostOf =
  (config: Config, { interfaces }: Pick<InterworkingWorld, 'interfaces'>) =>
  (address: Ipv4Address): boolean =>
    lansOf(interfaces(), config.lan).some((lan) => isLanHost(lan, address))
