import type { PcpRefused, ServerSource } from '../core/ports.ts'
import type { External } from '../core/types.ts'

// What a probe found out, and what it comes to. `--json` prints it as it is, so a change of meaning is a new version.

/** What became of an option. */
export interface Finding {
  /**
   * `supported`: seen at work. `accepted`: taken without a complaint, which says nothing of its effect. `ignored`:
   * taken and not obeyed. `unknown`: the server refused for another reason, or said nothing.
   */
  readonly verdict:
    | 'supported'
    | 'accepted'
    | 'allowed'
    | 'ignored'
    | 'not supported'
    | 'not allowed'
    | 'unknown'
  /** The result code that was the answer, where it was no grant. */
  readonly result?: PcpRefused['result']
}

export interface OptionFindings {
  readonly PREFER_FAILURE: Finding
  readonly FILTER: Finding
  readonly THIRD_PARTY: Finding
  readonly DESCRIPTION: Finding
}

/** Seconds. */
interface LifetimeLimits {
  /** What is granted to whom asks for one second. */
  readonly least: number
  /** What is granted to whom asks for as much as there is: 2^32-1 by PCP, a day by NAT-PMP. */
  readonly most: number | undefined
}

/** What the server said of itself. */
export interface Findings {
  readonly reachable: boolean
  readonly protocol?: 'PCP' | 'NAT-PMP'
  /** Of the protocol, as on the wire. */
  readonly protocolVersion?: number
  /** Seconds since the server lost its state. */
  readonly epoch?: number
  readonly externalAddress?: External['address']
  readonly lifetime?: LifetimeLimits
  readonly options?: OptionFindings
  /** Why port mapping will not work, and what to do. Undefined: it will. */
  readonly trouble?: string
  /** Internal UDP ports whose deletion the server did not confirm. */
  readonly left: readonly number[]
}

export interface ProbeReport extends Findings {
  readonly version: 1
  /** Address and port. */
  readonly server: string
  /** Where the address comes from. */
  readonly source: ServerSource
  /** Will port mapping work? */
  readonly works: boolean
}
