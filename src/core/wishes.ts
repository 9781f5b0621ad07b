import type { Seconds } from '../lib/units.ts'

/** What the operator wants of the carrier; it may change at any time. */
export interface Wishes {
  /** `pcp.maxLifetime`: never ask for more. */
  readonly maxLifetime: Seconds | undefined
  /** `igd.probe`: ask about ports that GetSpecificPortMappingEntry does not find. */
  readonly probe: boolean
  /** `pcp.description`: tell how control points call their mappings. */
  readonly describes: boolean
}
