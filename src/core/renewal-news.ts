import type { Clock } from '../lib/clock.ts'
import { bracketed } from '../lib/ip.ts'
import type { Log } from '../lib/log.ts'
import { type Millis, millis, toSeconds } from '../lib/units.ts'
import type { Mapping } from './mapping.ts'
import { aboutMapping, type MappingFields } from './mapping-name.ts'
import type { PcpGranted, PcpRefused } from './ports.ts'
import { reasonOf } from './refusal.ts'
import { lifetimeEnd } from './renewal.ts'

interface Refusal {
  readonly result: PcpRefused['result']
  /** Does the carrier still have the mapping, as far as is known? */
  readonly isHeld: boolean
  readonly again: Millis
  /** One that is only repeated is none. */
  readonly isNews: boolean
}

/** The log of what the carrier says to renewals: a line each. */
export class RenewalNews {
  readonly #clock: Clock
  readonly #log: Log

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock
    this.#log = log
  }

  /** Gives what tells of the grant when it is taken in: of the state before, and the lifetime after. */
  ofGrant(mapping: Mapping, outcome: PcpGranted): () => void {
    const [about, was] = [aboutMapping(mapping), mapping.claim.state]
    if (outcome.external.port !== mapping.externalPort) return () => this.#moved(about, mapping, outcome)
    return was === 'LAPSED' || was === 'DEGRADED'
      ? () => this.#log.info(aboutMapping(mapping), 'the carrier has a mapping again as it was')
      : () => this.#log.debug({ ...about, lifetime: `${mapping.grant.lifetime}s` }, 'a mapping is renewed')
  }

  refused(mapping: Mapping, { again, isHeld, isNews, result }: Refusal): void {
    const fields = {
      ...aboutMapping(mapping),
      why: reasonOf(result),
      ...(isHeld && { openFor: this.#until(lifetimeEnd(mapping.grant)) }),
      askedAgainIn: this.#until(again),
    }
    const message = isHeld
      ? 'the carrier refuses to renew a mapping'
      : 'the carrier refuses to map a port anew'
    this.#log[isNews ? 'warn' : 'debug'](fields, message)
  }

  /** A device that asked for one port alone does not know of another: it is asked for the first one again. */
  #moved(about: MappingFields, { preferFailure }: Mapping, { external }: PcpGranted): void {
    const fields = { ...about, now: `${bracketed(external.address)}:${external.port}` }
    const then = preferFailure
      ? 'its device does not know; the old port is asked for again'
      : 'devices can see it'
    this.#log.warn({ ...fields, then }, 'the carrier moved a mapping')
  }

  #until(then: Millis): string {
    return `${toSeconds(millis(Math.max(0, then - this.#clock.now())))}s`
  }
}
