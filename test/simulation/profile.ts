import { seconds } from '../../src/lib/units.ts'
import type { Switchable } from '../../src/pcp-server/settings.ts'
import type { WorldOptions } from '../support/world/world.ts'
import type { Draw } from './dice.ts'
import { RULES, type RuleSet } from './policy.ts'

/** What stays as it is for a whole schedule. */
export interface Profile extends WorldOptions {
  /** The configuration but for who may map what. */
  readonly rest: string
  readonly nat: 'nftables' | 'none'
  readonly rules: RuleSet
  /** Entries a host may have, and all of them together. */
  readonly perHost: number
  readonly total: number
  readonly zeroLease: 'spec' | 'static'
  /** WAN ports for mappings. */
  readonly wanPorts: { readonly first: number; readonly last: number }
}

/** The adds that a host may make at once and per second are the defaults. */
export function profileOf(seed: number, draw: Draw): Profile {
  const nat = draw.chance(0.85) ? 'nftables' : 'none'
  const wanPorts = { first: 50_000, last: draw.chance(0.15) ? 50_009 : 50_063 }
  const perHost = draw.chance(0.3) ? 2 + draw.below(4) : 64
  const total = draw.chance(0.2) ? 4 + draw.below(8) : 512
  const zeroLease = draw.of(['spec', 'static'] as const)
  const rules = draw.of(['none', 'none', 'web', 'denied', 'by'] as const)
  const longest = draw.of([undefined, undefined, 120, 3600])
  const lacks = draw.chance(0.15) ? draw.of<Switchable>(['PREFER_FAILURE', 'FILTER']) : undefined
  const supported = (['THIRD_PARTY', 'PREFER_FAILURE', 'FILTER'] as const).filter((one) => one !== lacks)
  const settings = {
    minLifetime: seconds(draw.of([120, 120, 30, 300])),
    maxLifetime: seconds(draw.of([120, 600, 3600, 86_400, 86_400, 604_800])),
    quota: draw.of([1000, 1000, 1000, 12]),
    supported: new Set(supported),
  }
  const servers = draw.of(['static', 'static', 'static-two', 'dhcp'] as const)
  const natPmp = draw.chance(0.2) ? 'off' : 'auto'
  const probe = draw.chance(0.7) ? 'on' : 'off'
  const rest = [
    '[nat]',
    `mode = "${nat}"`,
    `ports = "${wanPorts.first}-${wanPorts.last}"`,
    '[pcp]',
    ...(longest === undefined ? [] : [`maxLifetime = ${Math.max(longest, settings.minLifetime)}`]),
    `natpmp = "${natPmp}"`,
    '[igd]',
    `zeroLease = "${zeroLease}"`,
    `probe = "${probe}"`,
  ].join('\n')
  const toml = rest + accessOf(rules, perHost, total)
  return {
    seed,
    nat,
    rules,
    perHost,
    total,
    zeroLease,
    wanPorts,
    rest,
    toml,
    settings: { ...settings, maxLifetime: seconds(Math.max(settings.minLifetime, settings.maxLifetime)) },
    servers,
    leases: draw.chance(0.5),
  }
}

export const accessOf = (rules: RuleSet, perHost: number, total: number): string =>
  `\n[access]\nrules = ${JSON.stringify(RULES[rules])}\nperHost = ${perHost}\ntotal = ${total}\n`
