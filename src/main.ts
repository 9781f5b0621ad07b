import type { LiveConfig } from './config/reload.ts'
import type { Config } from './config/schema.ts'
import type { NatPort, TimedRule } from './core/ports.ts'
import { type FrontWorld, type OpenFront, openFront } from './front.ts'
import { type InterworkingWorld, startInterworking } from './interworking.ts'
import { ipv4Interface, lansOf } from './lan/interfaces.ts'
import { Closers } from './lib/closers.ts'
import type { Ipv4Address } from './lib/ip.ts'
import { type Lan, textOfLan } from './lib/lan.ts'
import type { Log } from './lib/log.ts'
import { after, millis } from './lib/units.ts'
import { VERSION } from './lib/version.ts'
import { followHosts, followInterfaces } from './network.ts'

// Joins everything. What it joins runs until `stop`.

/** The world as the daemon meets it: the real one, or the demo's. */
export interface Surroundings extends InterworkingWorld, FrontWorld {
  readonly log: Log
  readonly nat: RouterNat
}

/** A router NAT with a beginning and an end. */
export interface RouterNat extends NatPort {
  /** Goes on with `rules` of an earlier run. Rejects with one clear sentence when this system lets us do no NAT. */
  start(lans: readonly Lan[], rules: readonly TimedRule[]): Promise<void>
  /** `removeTable`: leave nothing behind; else what is mapped goes on until its lifetime ends. */
  stop(removeTable: boolean): Promise<void>
  /** The LANs are these from now on. */
  setLans(lans: readonly Lan[]): Promise<void>
  /** The operator's PCP servers are these from now on. */
  setServers(servers: Config['pcp']['servers']): Promise<void>
  /** The router has this address no more. */
  endFlowsOf(address: Ipv4Address): Promise<void>
}

export interface Daemon {
  /** Says byebye and closes everything; with `release` the carrier's mappings are deleted first. */
  stop(release: boolean): Promise<void>
}

/** SIGTERM to exit takes 2 s at most; deletes at the carrier get most of it. */
const RELEASE_PATIENCE = millis(1500)

/** Starts all parts, or none: what was started is stopped again when one fails. */
export async function startDaemon(live: LiveConfig, world: Surroundings, open = openFront): Promise<Daemon> {
  const closers = new Closers((error) =>
    world.log.error({ error: String(error) }, 'a part did not stop cleanly'),
  )
  try {
    const stopped = { release: false }
    await startParts(live, world, { closers, open, stopped })
    return {
      stop: async (release) => {
        stopped.release = release
        await closers[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await closers[Symbol.asyncDispose]()
    throw error
  }
}

const readyFields = ({ http, nat, wan }: Config, lans: readonly Lan[]) => ({
  version: VERSION,
  lans: lans.map(textOfLan),
  wan: wan.interface,
  nat: nat.mode,
  ...(http.page !== 'off' && { pages: lans.map(({ address }) => `http://${address}:${http.port}/`) }),
})

interface Start {
  readonly closers: Closers
  readonly open: OpenFront
  /** How it ends. */
  readonly stopped: { readonly release: boolean }
}

async function startParts(
  live: LiveConfig,
  world: Surroundings,
  { closers, open, stopped }: Start,
): Promise<void> {
  const config = live.current
  const { clock, log, nat } = world
  const core = await startInterworking(live, world, closers)
  const { iwf } = core
  const front = await open(live, world, core, closers)
  const lans = lansOf(world.interfaces(), config.lan)
  await nat.start(lans, core.rules())
  closers.defer(() => nat.stop(stopped.release))
  closers.defer(live.follow(['pcp.servers'], ({ pcp }) => nat.setServers(pcp.servers)))
  closers.defer(() => iwf.stop(stopped.release, after(clock.now(), RELEASE_PATIENCE)))
  await front.announce(lans)
  closers.defer(followInterfaces(config, world, { ...core, ...front }))
  closers.defer(followHosts(core.hosts, iwf))
  void core.start()
  if (lans.length === 0)
    log.warn({ interfaces: config.lan.interfaces }, 'no LAN has an address yet; waiting for one')
  if (!ipv4Interface(world.interfaces(), config.wan.interface))
    log.warn({ interface: config.wan.interface }, 'the WAN has no IPv4 address yet; waiting for one')
  log.info(readyFields(config, lans), 'ready')
}
