import type { MapRequest, PcpOutcome } from '../core/ports.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { type Millis, after, millis } from '../lib/units.ts'
import type { Link, OpenLink } from './link.ts'

/** Operators change their minds, as about the options of `core/capabilities.ts`. */
const MEMORY = millis(1_800_000)

interface PassedByWorld {
  readonly clock: Clock
  readonly log: Log
}

/** Addresses that answer and map nothing for us: for half an hour others are asked, where there are others. */
export class PassedBy {
  readonly #world: PassedByWorld
  readonly #until = new Map<OpenLink, Millis>()

  constructor(world: PassedByWorld) {
    this.#world = world
  }

  /** `server`: how the log calls it. */
  add(open: OpenLink | undefined, server: string): void {
    if (!open) return
    const { clock, log } = this.#world
    if (!this.has(open))
      log.warn(
        { server },
        'over IPv6 the server maps nothing for an IPv4 address (it refuses THIRD_PARTY); another one is asked if there is any',
      )
    this.#until.set(open, after(clock.now(), MEMORY))
  }

  has(open: OpenLink): boolean {
    return (this.#until.get(open) ?? 0) > this.#world.clock.now()
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
