import { atMost, within } from '../lib/abort.ts'
import { ANY_IPV4, type Ipv4Address } from '../lib/ip.ts'
import { TokenBuckets } from '../lib/token-bucket.ts'
import { type Millis, type Port, after, millis, seconds, toMillis } from '../lib/units.ts'
import { askCarrier, firstAsking } from './ask.ts'
import type { Context } from './context.ts'
import { believed } from './lease.ts'
import { type Claim, happened, type LanPort } from './mapping.ts'
import { type PortKey, portKey } from './types.ts'
import type { Wish } from './translate.ts'
import type { Caller, EntryKey } from './types.ts'

/** RFC 6970 §4.2: a probe is short-lived. */
const LIFETIME = seconds(60)
const PATIENCE = millis(25_000)
/** A scan of all ports must not become one of the carrier's (RFC 6887 §17.2). */
const PER_HOST = { perSecond: 1, burst: 1 }

/** What a probe got: the port is ours for a minute, for whichever host asks for it. */
interface Reserved {
  readonly claim: Claim
  readonly externalPort: Port
  readonly until: Millis
  readonly expiry: Disposable
}

/**
 * RFC 6970 §5.7: GetSpecificPortMappingEntry for a port we do not know asks the carrier whether it is free. The
 * control point is answered 714 either way, so nobody waits for it; but what the carrier reserved is not wasted: the
 * AddPortMapping that usually follows takes it over.
 */
export class Probes {
  readonly #context: Context
  readonly #hosts: TokenBuckets<Ipv4Address>
  /** Ports probed within the last minute, those refused too. */
  readonly #recent = new Set<PortKey>()
  readonly #asking = new Map<PortKey, Promise<void>>()
  readonly #reserved = new Map<PortKey, Reserved>()

  constructor(context: Context) {
    this.#context = context
    this.#hosts = new TokenBuckets(context.ports.clock, PER_HOST)
  }

  /** Asks the carrier, unless it is not to be, was asked a moment ago, or the host asks too much. */
  start({ externalPort, protocol, remoteHost }: EntryKey, { address }: Caller): void {
    const { ports, table, wishes } = this.#context
    if (!wishes.probe) return
    const key = portKey(protocol, externalPort)
    const known = table.at(protocol, externalPort) !== undefined || this.#recent.has(key)
    const isWelcome = ports.pcp.reachable && !this.#context.quota.isFull()
    if (known || remoteHost !== '' || !isWelcome || !this.#hosts.take(address)) return
    const own = { protocol, client: ANY_IPV4, internalPort: externalPort }
    const claim = this.#context.claims.tryOpen(own, externalPort)
    if (!claim) return
    this.#recent.add(key)
    ports.clock.at(after(ports.clock.now(), toMillis(LIFETIME)), () => this.#recent.delete(key))
    const asked = this.#ask(claim, externalPort).finally(() => this.#asking.delete(key))
    this.#asking.set(key, asked)
  }

  /**
   * The claim that holds `key` at the carrier, now for this LAN host; undefined when there is none, or when the
   * carrier knows it by the router's own address and so cannot pass it on: then it is given back.
   */
  async adopt(
    key: PortKey,
    lan: Pick<LanPort, 'client' | 'internalPort'>,
    due: Millis,
  ): Promise<Claim | undefined> {
    const asking = this.#asking.get(key)
    if (asking) await atMost(this.#context.ports.clock, due, asking)
    const reserved = this.#take(key)
    if (reserved?.claim.wanPort !== undefined) {
      reserved.claim.client = lan.client
      reserved.claim.internalPort = lan.internalPort
      return reserved.claim
    }
    if (reserved) this.#bury(reserved)
    return undefined
  }

  /** Gives back all that nobody has asked for: somebody needs the room. */
  giveBackAll(): void {
    for (const key of [...this.#reserved.keys()]) this.#giveBack(key)
  }

  async #ask(claim: Claim, externalPort: Port): Promise<void> {
    const { claims, closing, ports, tombstones } = this.#context
    const { clock } = ports
    const asking = firstAsking(this.#context, claim, wishFor(externalPort))
    if (!(await asking.write())) {
      claims.refuse(claim)
      return
    }
    happened(claim, 'probing')
    const ask = (signal: AbortSignal) => askCarrier(this.#context, asking, signal)
    const outcome = await within(clock, after(clock.now(), PATIENCE), ask, closing)
    const lifetime = outcome.kind === 'granted' ? believed(outcome.lifetime) : LIFETIME
    const until = after(clock.now(), toMillis(lifetime))
    if (outcome.kind === 'refused' && claim.former.length === 0) claims.refuse(claim)
    else if (outcome.kind === 'granted' && outcome.external.port === externalPort)
      this.#reserve(externalPort, claim, until)
    else tombstones.bury(claim, externalPort, until)
  }

  #reserve(externalPort: Port, claim: Claim, until: Millis): void {
    const { clock } = this.#context.ports
    const key = portKey(claim.protocol, externalPort)
    const expiry = clock.at(after(clock.now(), toMillis(LIFETIME)), () => this.#giveBack(key))
    this.#reserved.set(key, { claim, externalPort, until, expiry })
  }

  #take(key: PortKey): Reserved | undefined {
    const reserved = this.#reserved.get(key)
    this.#reserved.delete(key)
    reserved?.expiry[Symbol.dispose]()
    return reserved
  }

  #giveBack(key: PortKey): void {
    const reserved = this.#take(key)
    if (reserved) this.#bury(reserved)
  }

  #bury({ claim, externalPort, until }: Reserved): void {
    this.#context.tombstones.bury(claim, externalPort, until)
  }
}

const wishFor = (externalPort: Port): Wish => ({
  externalPort,
  preferFailure: true,
  remoteHost: '',
  description: '',
  lifetime: LIFETIME,
  externalAddress: undefined,
})
