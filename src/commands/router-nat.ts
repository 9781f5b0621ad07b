import type { Config } from '../config/schema.ts'
import type { Clock } from '../lib/clock.ts'
import { isIpv4 } from '../lib/ip.ts'
import type { Lan } from '../lib/lan.ts'
import type { Log } from '../lib/log.ts'
import type { RouterNat } from '../main.ts'
import { NftablesNat, type NatWorld } from '../nat/nftables.ts'
import { noNat } from '../nat/none.ts'
import { spawnProgram } from '../nat/process.ts'
import { kernelReservedPorts } from '../nat/reserved-ports.ts'
import { type RulesetOptions, TABLE } from '../nat/ruleset.ts'
import { type ClaimTable, claimTable } from '../nat/table-claim.ts'

export interface RouterNatWorld extends NatWorld {
  readonly claimTable: ClaimTable
}

const CLAIMED = `another igd-pcp has the nftables table ${TABLE}; end it: a router has only one`

/** `nat: none`: nothing to begin, nothing to end. */
export const withoutNat: RouterNat = {
  ...noNat,
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
  setLans: () => Promise.resolve(),
  setServers: () => Promise.resolve(),
  endFlowsOf: () => Promise.resolve(),
}

/** The router NAT that the configuration asks for. */
export function routerNat(config: Config, world: RouterNatWorld): RouterNat {
  if (config.nat.mode === 'none') return withoutNat
  let nat: NftablesNat | undefined
  let claim: AsyncDisposable | undefined
  const started = (): NftablesNat => {
    if (!nat) throw new Error('the router NAT is not started')
    return nat
  }
  return {
    start: async (lans, rules) => {
      claim = await world.claimTable()
      if (!claim) throw new Error(CLAIMED)
      nat = new NftablesNat(optionsOf(config, lans), world)
      const obstacle = await nat.preflight()
      if (obstacle !== undefined) throw new Error(obstacle)
      await nat.start(rules)
    },
    set: (rule, timeout) => started().set(rule, timeout),
    remove: (protocol, wanPort) => started().remove(protocol, wanPort),
    busyWanPorts: () => started().busyWanPorts(),
    stop: async (removeTable) => {
      await nat?.stop({ removeTable })
      await claim?.[Symbol.asyncDispose]()
    },
    setLans: (lans) => started().setLans(lans),
    setServers: (servers) => started().setServers(ipv4Of(servers)),
    endFlowsOf: (address) => started().endFlowsOf(address),
  }
}

/** What keeps this system from doing NAT, in one line; undefined where nothing does. Changes nothing. */
export async function natObstacle(
  config: Config,
  lans: readonly Lan[],
  world: { readonly clock: Clock; readonly log: Log },
): Promise<string | undefined> {
  if (config.nat.mode === 'none') return undefined
  const claim = await claimTable()
  if (!claim) return CLAIMED
  await claim[Symbol.asyncDispose]()
  const whole = { ...world, spawn: spawnProgram, reservedPorts: kernelReservedPorts }
  return await new NftablesNat(optionsOf(config, lans), whole).preflight()
}

const optionsOf = ({ http, nat, pcp, wan }: Config, lans: readonly Lan[]): RulesetOptions => ({
  wan: wan.interface,
  lans,
  block: nat.ports,
  masquerade: nat.masquerade,
  allowLanPcp: nat.allowLanPcp,
  httpPort: http.port,
  servers: ipv4Of(pcp.servers),
})

/** The table is one of IPv4. */
const ipv4Of = (servers: Config['pcp']['servers']): RulesetOptions['servers'] =>
  servers.flatMap(({ address, port }) => (isIpv4(address) ? [{ address, port }] : []))
