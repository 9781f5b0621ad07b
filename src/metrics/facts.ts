import type { Counts } from '../core/status.ts'

/** How things are at the moment of a scrape. */
export interface Facts {
  readonly version: string
  /** Unix time in seconds at which the daemon started, by what the system believed then. */
  readonly startedAt: number
  readonly counts: Counts
  /** How many mappings are in each state, by its name. */
  readonly mappings: Readonly<Record<string, number>>
  /** What control points see, and `access.total`. */
  readonly entries: number
  readonly mostEntries: number
  readonly carrierReachable: boolean
  /** Unix time in seconds of the last answer of the server in use; undefined: none yet. */
  readonly carrierAnswered: number | undefined
  /** Can the journal be written? */
  readonly stateWritable: boolean
  /** Every problem that `igd-pcp status` knows, and whether there is one now. */
  readonly problems: ReadonlyMap<string, boolean>
}
