import type { PcpGranted, PcpMapping, PcpRefused } from '../core/ports.ts'
import type { Clock } from '../lib/clock.ts'
import { after, toMillis } from '../lib/units.ts'
import type { MapMatch } from './validate.ts'

/** A mapping the server granted, for as long as it may speak of it unasked (RFC 6887 §14.2). */
interface Grant {
  readonly mapping: PcpMapping
  readonly match: MapMatch
  /** What the server last said of it. */
  said: PcpGranted | PcpRefused
  readonly expiry: Disposable
}

/** The mappings that stand at the server, by their nonces. */
export class GrantedMappings {
  readonly #clock: Clock
  readonly #byNonce = new Map<string, Grant>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  find(nonce: string): Pick<Grant, 'mapping' | 'match'> | undefined {
    return this.#byNonce.get(nonce)
  }

  set(nonce: string, { mapping, match }: Pick<Grant, 'mapping' | 'match'>, said: PcpGranted): void {
    this.delete(nonce)
    const expiry = this.#clock.at(after(said.sentAt, toMillis(said.lifetime)), () =>
      this.#byNonce.delete(nonce),
    )
    this.#byNonce.set(nonce, { mapping: named(mapping), match, said, expiry })
  }

  /**
   * Notes what the server says unasked. False: it says what it said before, as duplicates do, and the answers to
   * retransmissions (§8.3).
   */
  isNews(nonce: string, said: PcpGranted | PcpRefused): boolean {
    const grant = this.#byNonce.get(nonce)
    if (!grant || isSame(grant.said, said)) return false
    if (said.kind === 'granted') this.set(nonce, grant, said)
    else grant.said = said
    return true
  }

  delete(nonce: string): void {
    this.#byNonce.get(nonce)?.expiry[Symbol.dispose]()
    this.#byNonce.delete(nonce)
  }

  clear(): void {
    for (const { expiry } of this.#byNonce.values()) expiry[Symbol.dispose]()
    this.#byNonce.clear()
  }
}

/** The request that asked for it has more, which need not be kept for as long as the mapping. */
const named = ({ generation, internalAddress, internalPort, protocol }: PcpMapping): PcpMapping => ({
  protocol,
  internalAddress,
  internalPort,
  generation,
})

function isSame(a: PcpGranted | PcpRefused, b: PcpGranted | PcpRefused): boolean {
  if (a.kind === 'granted' && b.kind === 'granted')
    return a.external.address === b.external.address && a.external.port === b.external.port
  return a.kind === 'refused' && b.kind === 'refused' && a.result === b.result
}
