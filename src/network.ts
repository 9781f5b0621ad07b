import type { Config } from './config/schema.ts'
import type { InterworkingFunction } from './core/iwf.ts'
import type { HostWatch } from './lan/host-watch.ts'
import { hasIpv4, type Interfaces } from './lan/interfaces.ts'
import { InterfaceWatcher } from './lan/watcher.ts'
import type { Clock } from './lib/clock.ts'
import type { Ipv4Address } from './lib/ip.ts'
import { type Lan, sameLans, textOfLan } from './lib/lan.ts'
import type { Log } from './lib/log.ts'
import { SerialQueues } from './lib/serial.ts'

// Goes where the network around the router goes: its addresses, and the hosts on its LANs.

interface NetworkWorld {
  readonly clock: Clock
  readonly log: Log
  readonly interfaces: () => Interfaces
  readonly nat: LanFollower & { endFlowsOf(address: Ipv4Address): Promise<void> }
}

/** What serves the LANs of the moment. */
export interface LanFollower {
  setLans(lans: readonly Lan[]): Promise<void>
}

interface Followers {
  readonly http: LanFollower
  readonly ssdp: LanFollower
  /** The WAN has another address, and the last one still works. */
  readonly leave: () => Promise<void>
  /** It has another one, one again, or none. */
  readonly reconnect: () => Promise<void>
}

/** Follows the LANs and the WAN address. Returns what ends it. */
export function followInterfaces(config: Config, world: NetworkWorld, followers: Followers): () => void {
  const { clock, interfaces, log, nat } = world
  const { http, ssdp } = followers
  const turns = new SerialQueues<'network'>()
  const followLans = async (lans: readonly Lan[]) => {
    log.info({ lans: lans.map(textOfLan) }, 'the LANs changed')
    await http.setLans(lans)
    await nat.setLans(lans)
    await ssdp.setLans(lans)
  }
  const watched = { lans: config.lan, wan: config.wan.interface }
  const watcher = new InterfaceWatcher({ clock, log, read: interfaces }, watched, (now, before) => {
    const follow = async () => {
      if (!sameLans(now.lans, before.lans)) await followLans(now.lans)
      if (now.wan !== before.wan) await followWan(now.wan)
    }
    turns
      .run('network', follow)
      .catch((error: unknown) => log.error({ error }, 'a change of the network is not followed'))
  })
  const followWan = wanFollower(config.wan.interface, world, followers, watcher.start().wan)
  return () => watcher.stop()
}

/**
 * Goes from one WAN address to the next. The old one is left while it still works; when it does not, flows that still
 * run over it are cut, as their packets would leave with an address that is not ours any more.
 */
function wanFollower(
  name: string,
  { interfaces, log, nat }: NetworkWorld,
  { leave, reconnect }: Omit<Followers, 'http' | 'ssdp'>,
  first: Ipv4Address | undefined,
) {
  let last = first
  return async (wan: Ipv4Address | undefined) => {
    const former = last
    last = wan ?? last
    if (wan === undefined) log.warn({ interface: name }, 'the WAN has no IPv4 address any more')
    else log.info({ interface: name, address: wan, former: former ?? 'none' }, changeOf(wan, former))
    if (former !== undefined && former !== last)
      await (hasIpv4(interfaces(), name, former) ? leave() : nat.endFlowsOf(former))
    await reconnect()
  }
}

const changeOf = (wan: Ipv4Address, former: Ipv4Address | undefined): string =>
  wan === former ? 'the WAN has its address again' : 'the WAN has another address'

/** Ends the mappings of hosts that are gone (RFC 6970 §5.10). Returns what ends it. */
export function followHosts(watch: HostWatch, iwf: InterworkingFunction): () => void {
  watch.start({ hosts: () => iwf.hosts(), gone: (host, why) => void iwf.forgetHost(host, why) })
  return () => watch.stop()
}
