import type { PcpGranted, PcpMapping, PcpRefused } from '../core/ports.ts'
import type { External } from '../core/types.ts'
import type { Clock } from '../lib/clock.ts'
import type { IpAddress } from '../lib/ip.ts'
import { after, type Millis, toMillis } from '../lib/units.ts'
import type { MapMatch } from './validate.ts'
import { PROTOCOL_NUMBER } from './wire/constants.ts'

/**
 * A mapping the server granted, for as long as it may speak of it unasked (RFC 6887 §14.2). Flat and without a timer of
 * its own: there is one for each mapping, and it lives as long.
 */
interface Grant extends PcpMapping {
  readonly thirdParty: IpAddress | undefined
  /** Where it was granted last. */
  readonly external: External
  /** Why the server refused it since. */
  refused: PcpRefused['result'] | undefined
  readonly expires: Millis
}

interface About {
  readonly mapping: PcpMapping
  readonly match: MapMatch
}

/** So many more than stood at the last look may stand, before those that are over are looked for. */
const SLACK = 64

/** The mappings that stand at the server, by their nonces. */
export class GrantedMappings {
  readonly #clock: Clock
  readonly #byNonce = new Map<string, Grant>()
  #lookAt = SLACK

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many are kept, those included whose lifetime is over and nobody has looked for. */
  get size(): number {
    return this.#byNonce.size
  }

  find(nonce: string): About | undefined {
    const grant = this.#live(nonce)
    return grant && aboutOf(grant)
  }

  set(nonce: string, { mapping, match }: About, said: PcpGranted): void {
    const { generation, internalAddress, internalPort, protocol } = mapping
    const expires = after(said.sentAt, toMillis(said.lifetime))
    // Field by field: the request that asked for it has more, which need not be kept for so long.
    this.#byNonce.set(nonce, {
      protocol,
      internalAddress,
      internalPort,
      generation,
      thirdParty: match.thirdParty,
      external: said.external,
      refused: undefined,
      expires,
    })
    if (this.#byNonce.size > this.#lookAt) this.#forgetExpired()
  }

  /**
   * Notes what the server says unasked. False: it says what it said before, as duplicates do, and the answers to
   * retransmissions (§8.3).
   */
  isNews(nonce: string, said: PcpGranted | PcpRefused): boolean {
    const grant = this.#live(nonce)
    if (!grant || isSame(grant, said)) return false
    if (said.kind === 'granted') this.set(nonce, aboutOf(grant), said)
    else grant.refused = said.result
    return true
  }

  delete(nonce: string): void {
    this.#byNonce.delete(nonce)
  }

  clear(): void {
    this.#byNonce.clear()
  }

  #live(nonce: string): Grant | undefined {
    const grant = this.#byNonce.get(nonce)
    return grant && this.#clock.now() < grant.expires ? grant : undefined
  }

  #forgetExpired(): void {
    const now = this.#clock.now()
    for (const [nonce, { expires }] of this.#byNonce) if (expires <= now) this.#byNonce.delete(nonce)
    this.#lookAt = 2 * this.#byNonce.size + SLACK
  }
}

const aboutOf = ({ generation, internalAddress, internalPort, protocol, thirdParty }: Grant): About => ({
  mapping: { protocol, internalAddress, internalPort, generation },
  match: { protocol: PROTOCOL_NUMBER[protocol], internalPort, thirdParty },
})

function isSame({ external, refused }: Grant, said: PcpGranted | PcpRefused): boolean {
  if (said.kind === 'refused') return refused === said.result
  const { address, port } = said.external
  return refused === undefined && external.address === address && external.port === port
}
