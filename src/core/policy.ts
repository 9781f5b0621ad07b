import type { Clock } from '../lib/clock.ts'
import { inPrefix, type Ipv4Address, type Prefix } from '../lib/ip.ts'
import { TokenBuckets } from '../lib/token-bucket.ts'
import type { Port } from '../lib/units.ts'
import { Fault } from './fault.ts'
import type { MappingTable } from './mapping-table.ts'
import type { Caller } from './types.ts'

export interface PortSpan {
  readonly first: number
  readonly last: number
}

/** One line of `access.rules`: the first that matches decides. */
interface AccessRule {
  readonly allow: boolean
  readonly externalPorts: PortSpan
  readonly clients: Prefix
  readonly internalPorts: PortSpan
}

export interface Limits {
  readonly rules: readonly AccessRule[]
  /** Entries one host may have. */
  readonly perHost: number
  /** Entries there may be in all. */
  readonly total: number
  /** Adds per second and host, and how many at once. */
  readonly addRate: number
  readonly addBurst: number
}

/** What an add wants, as far as policy cares. Port 0 of AddAnyPortMapping is no wish and breaks no rule. */
export interface Wanted {
  readonly externalPort: Port | 0
  readonly internalPort: Port
  readonly internalClient: Ipv4Address
}

/** RFC 6970 §6: unauthenticated control points get the ports of ordinary programs only. */
const UNPRIVILEGED: PortSpan = { first: 1024, last: 65535 }

const within = (port: number, span: PortSpan): boolean => port >= span.first && port <= span.last

const matches = (rule: AccessRule, wanted: Wanted): boolean =>
  (wanted.externalPort === 0 || within(wanted.externalPort, rule.externalPorts)) &&
  within(wanted.internalPort, rule.internalPorts) &&
  inPrefix(wanted.internalClient, rule.clients)

const usual = (wanted: Wanted): boolean =>
  (wanted.externalPort === 0 || within(wanted.externalPort, UNPRIVILEGED)) &&
  within(wanted.internalPort, UNPRIVILEGED)

/** Who may map what, and how much of it. */
export class Policy {
  readonly #limits: Limits
  readonly #adds: TokenBuckets<Ipv4Address>
  /** Entries asked of the carrier and not in the table yet. */
  readonly #asked = new Map<Ipv4Address, number>()
  #askedInAll = 0

  constructor(clock: Clock, limits: Limits) {
    this.#limits = limits
    this.#adds = new TokenBuckets(clock, { perSecond: limits.addRate, burst: limits.addBurst })
  }

  /** Faults: 606 for another host's address or a port the rules keep; 728 for adds that come too fast. */
  authorize(wanted: Wanted, caller: Caller): void {
    if (wanted.internalClient !== caller.address) throw new Fault(606, 'InternalClient is not the caller')
    const rule = this.#limits.rules.find((line) => matches(line, wanted))
    if (!(rule?.allow ?? usual(wanted))) throw new Fault(606, 'access.rules does not allow this port')
    if (!this.#adds.take(caller.address)) throw new Fault(728, 'this host adds faster than access.addRate')
  }

  /** Faults: 606 when a range reaches ports that only authorised control points may touch. */
  authorizeRange(startPort: number): void {
    if (startPort < UNPRIVILEGED.first) throw new Fault(606, 'the range reaches below port 1024')
  }

  /** Room for one entry more, kept until disposed. Faults: as `check`. */
  admit(table: MappingTable, client: Ipv4Address): Disposable {
    this.check(table, client)
    this.#count(client, 1)
    return { [Symbol.dispose]: () => this.#count(client, -1) }
  }

  /** Is there room for one entry more? Faults: 728 when it would be too many. */
  check(table: MappingTable, client: Ipv4Address): void {
    const asked = this.#asked.get(client) ?? 0
    if (table.size + this.#askedInAll >= this.#limits.total) throw new Fault(728, 'access.total is reached')
    if (entriesOf(table, client) + asked >= this.#limits.perHost)
      throw new Fault(728, 'access.perHost is reached')
  }

  #count(client: Ipv4Address, step: number): void {
    const asked = (this.#asked.get(client) ?? 0) + step
    if (asked === 0) this.#asked.delete(client)
    else this.#asked.set(client, asked)
    this.#askedInAll += step
  }
}

function entriesOf(table: MappingTable, client: Ipv4Address): number {
  let own = 0
  for (const mapping of table.ofClient(client)) own += mapping.entries.size
  return own
}
