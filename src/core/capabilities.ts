import type { Clock } from '../lib/clock.ts'
import { type Millis, after, millis } from '../lib/units.ts'
import type { MapRequest, PcpOutcome } from './ports.ts'
import type { OptionName, Support } from './status.ts'

/** The options that a request can do without. THIRD_PARTY is not one of them. */
type Optional = OptionName

/** For so long a server is believed to lack an option: operators change their minds. */
const MEMORY = millis(1_800_000)

const carries = (request: MapRequest, option: Optional): boolean =>
  option === 'PREFER_FAILURE' ? request.preferFailure : request.remotePeers !== undefined

/** `request` without `option`. */
const without = (request: MapRequest, option: Optional): MapRequest =>
  option === 'PREFER_FAILURE' ? { ...request, preferFailure: false } : { ...request, remotePeers: undefined }

interface OwnRules {
  readonly filtersHere: boolean
  readonly describes: boolean
}

/**
 * Which options the server turned out not to have. PREFER_FAILURE and FILTER are optional for servers (RFC 6887
 * §13.2, §13.3) and off by default on some, so a request that they refuse is made without.
 */
export class Capabilities {
  readonly #clock: Clock
  readonly #lacking = new Map<Optional, Millis>()
  /** The router enforces RemoteHost itself, so FILTER at the carrier only saves it work. */
  readonly #filtersHere: boolean

  /** `pcp.description`: may the carrier read how LAN hosts call their mappings (RFC 7220 §4)? */
  readonly #describes: boolean

  constructor(clock: Clock, { describes, filtersHere }: OwnRules) {
    this.#clock = clock
    this.#filtersHere = filtersHere
    this.#describes = describes
  }

  /** `request` without what the server lacks, or is not to have. */
  fit(wanted: MapRequest): MapRequest {
    const request = this.#describes ? wanted : { ...wanted, description: '' }
    const lacking = [...this.#lacking].filter(([, until]) => until > this.#clock.now())
    return lacking.reduce((fitting, [option]) => without(fitting, option), request)
  }

  /** Is the answer worth a request with fewer options? Then `fit` makes one from now on. */
  learn(request: MapRequest, outcome: PcpOutcome): boolean {
    if (outcome.kind !== 'refused') return false
    const refused = this.#refusedOption(request, outcome.result)
    if (!refused) return false
    this.#lacking.set(refused, after(this.#clock.now(), MEMORY))
    return true
  }

  /** What is believed of each option now. */
  known(): Readonly<Record<Optional, Support>> {
    const support = (option: Optional): Support =>
      (this.#lacking.get(option) ?? 0) > this.#clock.now() ? 'refused' : 'unknown'
    return { PREFER_FAILURE: support('PREFER_FAILURE'), FILTER: support('FILTER') }
  }

  /** Another server is another start. */
  clear(): void {
    this.#lacking.clear()
  }

  /** UNSUPP_OPTION does not say which: the one least often supported first. */
  #refusedOption(request: MapRequest, result: string): Optional | undefined {
    if (result === 'EXCESSIVE_REMOTE_PEERS') return this.#mayDrop(request, 'FILTER')
    if (result !== 'UNSUPP_OPTION') return undefined
    return this.#mayDrop(request, 'PREFER_FAILURE') ?? this.#mayDrop(request, 'FILTER')
  }

  #mayDrop(request: MapRequest, option: Optional): Optional | undefined {
    return carries(request, option) && (option !== 'FILTER' || this.#filtersHere) ? option : undefined
  }
}
