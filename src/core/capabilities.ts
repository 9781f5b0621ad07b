import type { Clock } from '../lib/clock.ts'
import { type Millis, after, millis } from '../lib/units.ts'
import type { MapRequest, OptionName, PcpOutcome } from './ports.ts'
import type { Support } from './status.ts'
import type { Wishes } from './wishes.ts'

/** For so long a server is believed to lack an option: operators change their minds. */
const MEMORY = millis(1_800_000)

const carries = (request: MapRequest, option: OptionName): boolean =>
  option === 'PREFER_FAILURE' ? request.preferFailure : request.remotePeers !== undefined

/** `request` without `option`. */
const without = (request: MapRequest, option: OptionName): MapRequest =>
  option === 'PREFER_FAILURE' ? { ...request, preferFailure: false } : { ...request, remotePeers: undefined }

/** The options of `request` that the server showed to have: it did as they say (RFC 6887 §7.3, §13.2). */
function shownBy(request: MapRequest, outcome: PcpOutcome): readonly OptionName[] {
  if (outcome.kind === 'refused')
    return request.preferFailure && outcome.result === 'CANNOT_PROVIDE_EXTERNAL' ? ['PREFER_FAILURE'] : []
  if (outcome.kind === 'silent') return []
  const isElsewhere = request.preferFailure && outcome.external.port !== request.suggestedPort
  return (outcome.processed ?? []).filter(
    (option) => carries(request, option) && !(option === 'PREFER_FAILURE' && isElsewhere),
  )
}

interface OwnRules {
  readonly filtersHere: boolean
  readonly wishes: Pick<Wishes, 'describes'>
}

/**
 * Which options the server turned out to have, and not to have. PREFER_FAILURE and FILTER are optional for servers (RFC 6887
 * §13.2, §13.3) and off by default on some, so a request that they refuse is made without.
 */
export class Capabilities {
  readonly #clock: Clock
  readonly #lacking = new Map<OptionName, Millis>()
  readonly #had = new Set<OptionName>()
  /** The router enforces RemoteHost itself, so FILTER at the carrier only saves it work. */
  readonly #filtersHere: boolean

  readonly #wishes: OwnRules['wishes']

  constructor(clock: Clock, { filtersHere, wishes }: OwnRules) {
    this.#clock = clock
    this.#filtersHere = filtersHere
    this.#wishes = wishes
  }

  /** `request` without what the server lacks, or is not to have. */
  fit(wanted: MapRequest): MapRequest {
    const request = this.#wishes.describes ? wanted : { ...wanted, description: '' }
    const lacking = [...this.#lacking].filter(([, until]) => until > this.#clock.now())
    return lacking.reduce(
      (fitting, [option]) => (this.#mayDrop(fitting, option) ? without(fitting, option) : fitting),
      request,
    )
  }

  /** Is the answer worth a request with fewer options? Then `fit` makes one from now on. */
  learn(request: MapRequest, outcome: PcpOutcome): boolean {
    for (const option of shownBy(request, outcome)) this.#had.add(option)
    if (outcome.kind !== 'refused') return false
    const refused = this.#refusedOption(request, outcome.result)
    if (!refused) {
      // It was none of those that were left out, but one that cannot be.
      if (outcome.result === 'UNSUPP_OPTION') this.#lacking.clear()
      return false
    }
    this.#lacking.set(refused, after(this.#clock.now(), MEMORY))
    this.#had.delete(refused)
    return true
  }

  /** What is believed of each option now. */
  known(): Readonly<Record<OptionName, Support>> {
    const support = (option: OptionName): Support => {
      if ((this.#lacking.get(option) ?? 0) > this.#clock.now()) return 'refused'
      return this.#had.has(option) ? 'supported' : 'unknown'
    }
    return { PREFER_FAILURE: support('PREFER_FAILURE'), FILTER: support('FILTER') }
  }

  /** Another server is another start. */
  clear(): void {
    this.#lacking.clear()
    this.#had.clear()
  }

  /** UNSUPP_OPTION does not say which: the one least often supported first. */
  #refusedOption(request: MapRequest, result: string): OptionName | undefined {
    if (result === 'EXCESSIVE_REMOTE_PEERS') return this.#mayDrop(request, 'FILTER')
    if (result !== 'UNSUPP_OPTION') return undefined
    return this.#mayDrop(request, 'PREFER_FAILURE') ?? this.#mayDrop(request, 'FILTER')
  }

  /** A FILTER that only clears can go, too: a server without that option has none to clear. */
  #mayDrop(request: MapRequest, option: OptionName): OptionName | undefined {
    const canGo = option !== 'FILTER' || this.#filtersHere || request.remotePeers?.length === 0
    return carries(request, option) && canGo ? option : undefined
  }
}
