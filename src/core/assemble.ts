import type { Seconds } from '../lib/units.ts'
import { Capabilities } from './capabilities.ts'
import { Changes } from './changes.ts'
import { Claims } from './claims.ts'
import type { Context } from './context.ts'
import { ExternalAddress } from './external-address.ts'
import { Holds } from './holds.ts'
import { InterworkingFunction } from './iwf.ts'
import { MappingTable } from './mapping-table.ts'
import type { Limits, PortSpan } from './policy.ts'
import type { PcpEvents, Ports } from './ports.ts'
import { Recovery } from './recovery.ts'
import { Tombstones } from './tombstones.ts'
import { Upkeep } from './upkeep.ts'
import { WanPorts } from './wan-ports.ts'

export interface CoreOptions {
  /** The block of WAN ports for mappings; undefined where the router does no NAT. */
  readonly wanPorts: PortSpan | undefined
  readonly maxLifetime: Seconds | undefined
  readonly limits: Limits
  /** Aborts when the daemon stops. */
  readonly closing: AbortSignal
}

export interface Core {
  readonly iwf: InterworkingFunction
  readonly context: Context
  /** For whoever speaks PCP: what the carrier says unasked. */
  readonly events: PcpEvents
}

/** Joins the parts of the core; nothing runs until `start`. */
export function assembleCore(ports: Ports, options: CoreOptions): Core {
  const changes = new Changes()
  const claims = new Claims(ports, options.wanPorts && new WanPorts(options.wanPorts))
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
  const iwf = new InterworkingFunction(context, upkeep, options.limits)
  return { iwf, context, events: new Recovery(context, upkeep, () => iwf.start()) }
}
