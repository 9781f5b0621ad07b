// What access.rules, access.refusedPorts and the usual rules allow, told once more and in another way than
// `core/policy.ts`: case by case, for the few sets of rules that the simulation has.

export type RuleSet = 'none' | 'web' | 'denied' | 'by'

/** Hosts by number, as in `hosts.ts`. Port 0: no wish. */
export interface Wanted {
  readonly caller: number
  readonly client: number
  readonly externalPort: number
  readonly internalPort: number
}

/** As the configuration has them. */
export const RULES: Readonly<Record<RuleSet, readonly string[]>> = {
  none: [],
  web: ['allow 80-443 192.168.1.10 1-65535'],
  denied: ['deny 8080-8081 192.168.1.0/24 1-65535'],
  by: ['allow 1024-65535 192.168.1.10 1024-65535 by 192.168.1.13'],
}

const isHigh = (port: number): boolean => port === 0 || port >= 1024
const isWeb = (port: number): boolean => port >= 80 && port <= 443
const isRefused = (port: number): boolean => port === 3389
const usual = ({ externalPort, internalPort }: Wanted): boolean =>
  isHigh(externalPort) && isHigh(internalPort) && !isRefused(externalPort) && !isRefused(internalPort)

/** The one host that may act for another, and for whom. */
const DEPUTY = 3
const WARD = 0

/** What a host may map to itself beside the usual, or not although it is usual. */
const OWN: Readonly<Record<RuleSet, (wanted: Wanted) => boolean>> = {
  none: usual,
  web: (wanted) => usual(wanted) || (wanted.client === WARD && isWeb(wanted.externalPort)),
  denied: (wanted) => usual(wanted) && wanted.externalPort !== 8080 && wanted.externalPort !== 8081,
  by: usual,
}

export const isAllowed = (rules: RuleSet, wanted: Wanted): boolean =>
  wanted.caller === wanted.client ? OWN[rules](wanted) : rules === 'by' && isDeputy(wanted)

const isDeputy = ({ caller, client, externalPort, internalPort }: Wanted): boolean =>
  caller === DEPUTY && client === WARD && isHigh(externalPort) && internalPort >= 1024

/** May the caller delete what is mapped so? */
export const mayDelete = (rules: RuleSet, mapped: Wanted): boolean =>
  mapped.caller === mapped.client || (rules === 'by' && isDeputy(mapped))
