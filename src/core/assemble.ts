import type { Millis, Port, Seconds } from '../lib/units.ts'
import { Capabilities } from './capabilities.ts'
import { Changes } from './changes.ts'
import { Claims } from './claims.ts'
import type { Context } from './context.ts'
import { ExternalAddress } from './external-address.ts'
import { Holds } from './holds.ts'
import { InterworkingFunction } from './iwf.ts'
import type { Mapping } from './mapping.ts'
import { MappingTable } from './mapping-table.ts'
import type { Limits, PortSpan } from './policy.ts'
import type { PcpEvents, Ports } from './ports.ts'
import { Probes } from './probes.ts'
import { Recovery } from './recovery.ts'
import type { Protocol } from './types.ts'
import { Tombstones } from './tombstones.ts'
import { Upkeep } from './upkeep.ts'
import { WanPorts } from './wan-ports.ts'

interface TakenPort {
  readonly protocol: Protocol
  readonly port: Port
}

export interface CoreOptions {
  /** The block of WAN ports for mappings; undefined where the router does no NAT. */
  readonly wanPorts: PortSpan | undefined
  /** Ports of the block that the router's own programs have. */
  readonly takenPorts: readonly TakenPort[]
  readonly maxLifetime: Seconds | undefined
  readonly limits: Limits
  /** `igd.probe`: ask the carrier about ports that GetSpecificPortMappingEntry does not find. */
  readonly probe: boolean
  /** Aborts when the daemon stops. */
  readonly closing: AbortSignal
}

export interface Core {
  readonly iwf: InterworkingFunction
  readonly context: Context
  /** For whoever speaks PCP: what the carrier says unasked. */
  readonly events: PcpEvents
  /** When the carrier is asked about a mapping again; undefined while its answer is awaited. */
  readonly nextAttempt: (mapping: Mapping) => Millis | undefined
}

/** Joins the parts of the core; nothing runs until `start`. */
export function assembleCore(ports: Ports, options: CoreOptions): Core {
  const changes = new Changes()
  const claims = new Claims(ports, options.wanPorts && wanPortsOf(options.wanPorts, options.takenPorts))
  const context: Context = {
    ports,
    table: new MappingTable(),
    claims,
    tombstones: new Tombstones(ports, claims, options.closing),
    external: new ExternalAddress(changes),
    changes,
    capabilities: new Capabilities(ports.clock, options.wanPorts !== undefined),
    holds: new Holds(ports.clock),
    maxLifetime: options.maxLifetime,
    closing: options.closing,
  }
  const upkeep = new Upkeep(context)
  const probes = options.probe ? new Probes(context) : undefined
  const iwf = new InterworkingFunction(context, { probes, upkeep }, options.limits)
  const events = new Recovery(context, upkeep, () => iwf.start())
  return { iwf, context, events, nextAttempt: (mapping) => upkeep.nextAttempt(mapping) }
}

/** A mapping at a port where a program of the router listens would cut that program off. */
function wanPortsOf(block: PortSpan, taken: readonly TakenPort[]): WanPorts {
  const wanPorts = new WanPorts(block)
  for (const { protocol, port } of taken) wanPorts.reserve(protocol, port)
  return wanPorts
}
