import type { Seconds } from '../lib/units.ts'
import { Changes } from './changes.ts'
import { Claims } from './claims.ts'
import type { Context } from './context.ts'
import { ExternalAddress } from './external-address.ts'
import { InterworkingFunction } from './iwf.ts'
import { MappingTable } from './mapping-table.ts'
import type { Limits, PortSpan } from './policy.ts'
import type { Ports } from './ports.ts'
import { Tombstones } from './tombstones.ts'
import { WanPorts } from './wan-ports.ts'

export interface CoreOptions {
  /** The block of WAN ports for mappings; undefined where the router does no NAT. */
  readonly wanPorts: PortSpan | undefined
  readonly maxLifetime: Seconds | undefined
  readonly limits: Limits
  /** Aborts when the daemon stops. */
  readonly closing: AbortSignal
}

/** Joins the parts of the core; nothing runs until `start`. */
export function assembleCore(
  ports: Ports,
  options: CoreOptions,
): { iwf: InterworkingFunction; context: Context } {
  const changes = new Changes()
  const claims = new Claims(ports, options.wanPorts && new WanPorts(options.wanPorts))
  const context: Context = {
    ports,
    table: new MappingTable(),
    claims,
    tombstones: new Tombstones(ports, claims, options.closing),
    external: new ExternalAddress(changes),
    changes,
    maxLifetime: options.maxLifetime,
    closing: options.closing,
  }
  return { iwf: new InterworkingFunction(context, options.limits), context }
}
