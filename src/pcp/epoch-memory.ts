import type { KnownEpoch } from '../core/place.ts'
import { seconds } from '../lib/units.ts'
import type { EpochReading } from './epoch.ts'

/** What servers said of their age, over their coming and going and over restarts of the daemon. */
export interface EpochMemory {
  /** The last reading of this server; undefined: none that the clock of this boot could be compared with. */
  known(server: string): EpochReading | undefined
  note(server: string, reading: EpochReading): void
}

/** Remembers one server's, as one is asked: at first what the last run kept, and `keep` gets what is to be kept of this. */
export function epochMemory(saved: KnownEpoch | undefined, keep: (epoch: KnownEpoch) => void): EpochMemory {
  let last = saved
  return {
    known: (server) => (last?.server === server ? { server: last.seconds, client: last.at } : undefined),
    note: (server, reading) => {
      last = { server, seconds: seconds(reading.server), at: reading.client }
      keep(last)
    },
  }
}
