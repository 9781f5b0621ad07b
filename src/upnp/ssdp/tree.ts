import type { IgdVersion } from '../../core/types.ts'

// The NT and USN values of the two facades (UDA 1.1 §1.2.2, tables 1-1 to 1-3). Both name the same three devices:
// a control point that meets both descriptions must see one router.

/** Unique Device Names, `uuid:` included, lower case. They stay the same over restarts. */
export interface Udns {
  readonly igd: string
  readonly wan: string
  readonly wanConnection: string
}

/** A notification type or search target, and the name of the thing that has it. */
export interface Target {
  readonly nt: string
  readonly usn: string
}

export interface Tree {
  /** Path of the description document. */
  readonly path: string
  /** What NOTIFY and the answer to ssdp:all carry, in this order. */
  readonly advertised: readonly Target[]
  /** What a search may name: the advertised ones, and those that are answered only when asked for. */
  readonly answered: readonly Target[]
}

type TypeRow = readonly [owner: keyof Udns, type: string, version: number]

/** In the order in which control points stop listening: the root first, what nobody looks for last. */
const typesOf = (version: IgdVersion): readonly TypeRow[] => [
  ['igd', 'device:InternetGatewayDevice', version],
  ['wanConnection', 'device:WANConnectionDevice', version],
  ['wan', 'device:WANDevice', version],
  ['wanConnection', 'service:WANIPConnection', version],
  ['wan', 'service:WANCommonInterfaceConfig', 1],
  ['igd', 'service:Layer3Forwarding', 1],
]

/** Control points that look for the PPP service alone take the WANIPConnection they then find in the description. */
const PPP: TypeRow = ['wanConnection', 'service:WANPPPConnection', 1]

export function igdTree(version: IgdVersion, udns: Udns, path: string): Tree {
  const typed = ([owner, type, typeVersion]: TypeRow): Target =>
    named(udns[owner], `urn:schemas-upnp-org:${type}:${typeVersion}`)
  const advertised = [
    ...typesOf(version).map(typed),
    named(udns.igd, 'upnp:rootdevice'),
    ...[udns.igd, udns.wan, udns.wanConnection].map((udn) => ({ nt: udn, usn: udn })),
  ]
  return { path, advertised, answered: version === 1 ? [...advertised, typed(PPP)] : advertised }
}

const named = (udn: string, nt: string): Target => ({ nt, usn: `${udn}::${nt}` })
