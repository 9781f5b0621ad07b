import type { Clock } from '../lib/clock.ts'
import { inPrefix, type Ipv4Address, type Prefix } from '../lib/ip.ts'
import { TokenBuckets } from '../lib/token-bucket.ts'
import type { Port } from '../lib/units.ts'
import { Fault } from './fault.ts'
import type { MappingTable } from './mapping-table.ts'
import type { Caller, PortRange } from './types.ts'

export interface PortSpan {
  readonly first: number
  readonly last: number
}

/** One line of `access.rules`: the first that matches decides. */
interface AccessRule {
  readonly allow: boolean
  readonly externalPorts: PortSpan
  /** The hosts that mappings lead to. */
  readonly clients: Prefix
  readonly internalPorts: PortSpan
  /** The hosts that ask, for themselves or for others; undefined: see `isAbout`. */
  readonly callers: Prefix | undefined
}

/** What the operator allows. */
export interface Limits {
  readonly rules: readonly AccessRule[]
  /** Ports of neither side that are mapped only where a rule allows it. */
  readonly refusedPorts: readonly PortSpan[]
  /** Entries one host may have. */
  readonly perHost: number
  /** Entries there may be in all. */
  readonly total: number
  /** Adds per second and host, and how many at once. */
  readonly addRate: number
  readonly addBurst: number
  /** The same for all hosts together. */
  readonly totalRate: number
  readonly totalBurst: number
}

export interface PolicyOptions {
  /** Those of the moment: the operator may change them at any time. */
  readonly limits: Limits
  /** Can this be the address of a host on a LAN of ours? What a rule allows for others ends there. */
  readonly isLanHost: (address: Ipv4Address) => boolean
}

/** A mapping as far as policy cares. Port 0 of AddAnyPortMapping is no wish. */
export interface Wanted {
  readonly externalPort: Port | 0
  readonly internalPort: Port
  readonly internalClient: Ipv4Address
}

/** RFC 6970 §6: unauthenticated control points get the ports of ordinary programs only. */
const UNPRIVILEGED: PortSpan = { first: 1024, last: 65535 }

const within = (port: number, span: PortSpan): boolean => port >= span.first && port <= span.last

/** No wish is any port that the carrier may choose, so a line matches it that has them all. */
const covers = (span: PortSpan, port: Port | 0): boolean =>
  port === 0 ? span.first <= UNPRIVILEGED.first && span.last === UNPRIVILEGED.last : within(port, span)

/**
 * Without `by`, an allow is about hosts that ask for themselves, so that no line written for miniupnpd gives a host
 * power over another; a deny is about whoever asks.
 */
const isAbout = ({ allow, callers }: AccessRule, client: Ipv4Address, caller: Caller): boolean =>
  callers ? inPrefix(caller.address, callers) : !allow || client === caller.address

const matches = (rule: AccessRule, wanted: Wanted, caller: Caller): boolean =>
  covers(rule.externalPorts, wanted.externalPort) &&
  within(wanted.internalPort, rule.internalPorts) &&
  inPrefix(wanted.internalClient, rule.clients) &&
  isAbout(rule, wanted.internalClient, caller)

/** Who may map what, and how much of it. */
export class Policy {
  readonly #options: PolicyOptions
  readonly #adds: TokenBuckets<Ipv4Address>
  readonly #allAdds: TokenBuckets<'all'>
  /** Entries asked of the carrier and not in the table yet. */
  readonly #asked = new Map<Ipv4Address, number>()
  #askedInAll = 0

  constructor(clock: Clock, options: PolicyOptions) {
    this.#options = options
    this.#adds = new TokenBuckets(clock, {
      get perSecond() {
        return options.limits.addRate
      },
      get burst() {
        return options.limits.addBurst
      },
    })
    this.#allAdds = new TokenBuckets(clock, {
      get perSecond() {
        return options.limits.totalRate
      },
      get burst() {
        return options.limits.totalBurst
      },
    })
  }

  /** Faults: 606 for another host's address or a port the rules keep; 728 for adds that come too fast. */
  authorize(wanted: Wanted, caller: Caller): void {
    if (caller.operator) {
      if (this.#options.isLanHost(wanted.internalClient)) return
      throw new Fault(
        606,
        'InternalClient has to be a host on a LAN of this router, and not the router itself',
      )
    }
    const own = wanted.internalClient === caller.address
    if (!own && !this.#allowedFor(wanted, caller))
      throw new Fault(606, 'it asks for another host, which no line of access.rules allows')
    if (own && !this.#allowedOwn(wanted, caller))
      throw new Fault(606, 'this port is not for devices to map; a line in access.rules can allow it')
    if (!this.#adds.take(caller.address))
      throw new Fault(728, 'this host asks more often than access.addRate allows')
    if (!this.#allAdds.take('all'))
      throw new Fault(728, 'all hosts together ask more often than access.totalRate allows')
  }

  /** May the caller change what is mapped so? Its own always, another host's where a rule lets it map that. */
  mayManage(mapped: Wanted, caller: Caller): boolean {
    const own = mapped.internalClient === caller.address
    return caller.operator === true || own || this.#allowedFor(mapped, caller)
  }

  /** May the caller map for others at all? */
  managesOthers({ address }: Caller): boolean {
    return this.#options.limits.rules.some(
      ({ allow, callers }) => allow && callers && inPrefix(address, callers),
    )
  }

  /** Faults: 606 when a range reaches ports below 1024 and no rule gives the caller any of them. */
  authorizeRange({ startPort, endPort }: PortRange, caller: Caller): void {
    if (Math.min(startPort, endPort) >= UNPRIVILEGED.first) return
    const given = this.#options.limits.rules.some(
      (rule) =>
        rule.allow &&
        rule.externalPorts.first < UNPRIVILEGED.first &&
        inPrefix(caller.address, rule.callers ?? rule.clients),
    )
    if (!given) throw new Fault(606, 'the range reaches below port 1024')
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
    if (table.size + this.#askedInAll >= this.#options.limits.total)
      throw new Fault(728, 'there are as many mappings as access.total allows')
    if (table.entriesOf(client) + asked >= this.#options.limits.perHost)
      throw new Fault(728, 'this host has as many mappings as access.perHost allows')
  }

  #rule(wanted: Wanted, caller: Caller): AccessRule | undefined {
    return this.#options.limits.rules.find((rule) => matches(rule, wanted, caller))
  }

  #allowedOwn(wanted: Wanted, caller: Caller): boolean {
    return this.#rule(wanted, caller)?.allow ?? this.#isUsual(wanted)
  }

  #allowedFor(wanted: Wanted, caller: Caller): boolean {
    return this.#rule(wanted, caller)?.allow === true && this.#options.isLanHost(wanted.internalClient)
  }

  #isUsual({ externalPort, internalPort }: Wanted): boolean {
    return [externalPort, internalPort].every(
      (port) =>
        port === 0 ||
        (within(port, UNPRIVILEGED) && !this.#options.limits.refusedPorts.some((span) => within(port, span))),
    )
  }

  #count(client: Ipv4Address, step: number): void {
    const asked = (this.#asked.get(client) ?? 0) + step
    if (asked === 0) this.#asked.delete(client)
    else this.#asked.set(client, asked)
    this.#askedInAll += step
  }
}
