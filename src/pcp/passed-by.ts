import type { MapRequest, PcpOutcome } from '../core/ports.ts'
import type { Clock } from '../lib/clock.ts'
import { type Millis, after, millis } from '../lib/units.ts'
import type { Link, OpenLink } from './link.ts'

/** Operators change their minds, as about the options of `core/capabilities.ts`. */
const MEMORY = millis(1_800_000)

/** Addresses that answer and map nothing for us: for half an hour others are asked, where there are others. */
export class PassedBy {
  readonly #clock: Clock
  readonly #until = new Map<OpenLink, Millis>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(open: OpenLink | undefined): void {
    if (open) this.#until.set(open, after(this.#clock.now(), MEMORY))
  }

  has(open: OpenLink): boolean {
    return (this.#until.get(open) ?? 0) > this.#clock.now()
  }

  clear(): void {
    this.#until.clear()
  }
}

/**
 * RFC 7488 §5: over IPv6 our own mappings take THIRD_PARTY, which many a home router refuses (RFC 6887 §13.1). True where
 * nothing else of the request can have been refused.
 */
export const lacksThirdParty = (
  { place }: Pick<Link, 'place'>,
  { internalAddress, preferFailure, remotePeers }: MapRequest,
  outcome: PcpOutcome,
): boolean =>
  place.self !== undefined &&
  internalAddress === undefined &&
  !preferFailure &&
  remotePeers === undefined &&
  outcome.kind === 'refused' &&
  outcome.result === 'UNSUPP_OPTION'
