import type { Gateway } from '../core/gateway.ts'
import type { Caller, IgdVersion } from '../core/types.ts'
import type { Millis } from '../lib/units.ts'
import type { ArgOptions, Args } from './args.ts'
import type { Result } from './soap.ts'
import type { ServiceName } from './urn.ts'

/** The WAN interface as WANCommonInterfaceConfig shows it. */
interface WanLink {
  up(): boolean
  /** Bits per second. */
  readonly upstreamBps: number
  readonly downstreamBps: number
  /** Since the interface came up; may be above 2^32. */
  counters(): WanCounters
}

export interface WanCounters {
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly packetsSent: number
  readonly packetsReceived: number
}

/** What actions act on. */
export interface ServiceWorld {
  readonly gateway: Gateway
  readonly wan: WanLink
  /** Seconds since the daemon started. */
  readonly uptime: () => number
  /** `uuid:…` of the WANConnectionDevice. */
  readonly connectionUdn: string
  readonly options: ArgOptions
  readonly now: () => Millis
  /** Told of each call: its action, '' where it named none of ours, 200 or the code of the fault, and how long it took. */
  readonly answered: (action: string, code: number, took: Millis) => void
}

/** One action: arguments in, out arguments in the order of the description. Rejects with a Fault. */
export type Action = (world: ServiceWorld, args: Args, caller: Caller) => Result | Promise<Result>

type ActionTable = ReadonlyMap<string, Action>

/** What QueryStateVariable reads. */
export type StateTable = ReadonlyMap<string, (world: ServiceWorld) => string | number>

/** One service in one version. */
export interface Service {
  readonly name: ServiceName
  readonly version: IgdVersion
  readonly actions: ActionTable
  readonly state: StateTable
}
