import { type Millis, millis } from '../lib/units.ts'

// RFC 6887 §8.5: did the server lose its state? Arithmetic only, with signed numbers: the RFC's own tolerance of
// one second backwards needs them.

/** What a server's last trusted response said, and when it came. */
export interface EpochReading {
  /** Epoch time in seconds as the server sent it. */
  readonly server: number
  /** Our clock at reception. */
  readonly client: Millis
}

const wholeSeconds = (from: Millis, to: Millis): number => Math.floor(to / 1000) - Math.floor(from / 1000)

/**
 * §8.5: true when the two readings fit one uninterrupted life of the server. The first response ever heard of a
 * server is always valid.
 */
export function isEpochValid(previous: EpochReading | undefined, current: EpochReading): boolean {
  if (!previous) return true
  if (current.server < previous.server - 1) return false
  const client = wholeSeconds(previous.client, current.client)
  const server = Math.max(0, current.server - previous.server)
  return client + 2 >= server - Math.floor(server / 16) && server + 2 >= client - Math.floor(client / 16)
}

/** How old a server may be and still hide a restart from §8.5: its epoch catches up with what we remember. */
const YOUNG = 900
/** When to look at a young server again, in seconds after its first response. */
const PROBES = [60, 300, 900] as const

/** The times at which a server first heard of with this reading is probed with ANNOUNCE. */
export const probeTimes = ({ client, server }: EpochReading): readonly Millis[] =>
  server < YOUNG ? PROBES.map((at) => millis(client + at * 1000)) : []
