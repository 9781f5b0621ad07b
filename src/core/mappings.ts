import { atMost, within } from '../lib/abort.ts'
import type { Ipv4Address } from '../lib/ip.ts'
import type { MacAddress } from '../lib/mac.ts'
import { type Millis, type Port, after, millis, toMillis } from '../lib/units.ts'
import type { Context } from './context.ts'
import { establish } from './establish.ts'
import { Fault } from './fault.ts'
import { forwardWhileGranted, withdraw } from './forward.ts'
import { firstLifetime, leaseEnd } from './lease.ts'
import { LeaseTimers } from './lease-timers.ts'
import { learnExternalAddress } from './learn-address.ts'
import {
  type Claim,
  type Entry,
  type Grant,
  type Mapping,
  type PortKey,
  portKey,
  remoteHosts,
} from './mapping.ts'
import { PendingAdds } from './pending-adds.ts'
import type { Policy } from './policy.ts'
import type { Probes } from './probes.ts'
import { lifetimeEnd } from './renewal.ts'
import type { Wish } from './translate.ts'
import type { AddAnyRequest, AddRequest, RemoteHost } from './types.ts'
import type { Upkeep } from './upkeep.ts'

/** A repeated add asks the carrier only when less than this share of the lifetime is left (RFC 7648 §4). */
const FRESH = 0.75
/** How long the carrier may take to give back a mapping that could not be moved. */
const RESTORE = millis(25_000)

export interface MappingParts {
  /** Undefined where `igd.probe` is off. */
  readonly probes: Probes | undefined
  readonly upkeep: Upkeep
}

/** The life of mappings: made, asked for again, pointed elsewhere, shrunk entry by entry, retired. */
export class Mappings {
  readonly #context: Context
  readonly #policy: Policy
  readonly #probes: Probes | undefined
  readonly #upkeep: Upkeep
  readonly #leases: LeaseTimers
  /** Ports that AddPortMapping asks of the carrier right now, and for whom. */
  readonly #asking = new Map<PortKey, Ipv4Address>()
  readonly #pending = new PendingAdds()
  #learning: Promise<void> | undefined

  constructor(context: Context, policy: Policy, { probes, upkeep }: MappingParts) {
    this.#context = context
    this.#probes = probes
    this.#policy = policy
    this.#upkeep = upkeep
    this.#leases = new LeaseTimers(context.ports.clock)
  }

  stop(): void {
    this.#upkeep.stop()
    this.#leases.stop()
  }

  /** Sees to it that the external address becomes known, also when no mapping tells it. */
  learnAddress(): void {
    this.#learning ??= learnExternalAddress(this.#context).finally(() => {
      this.#learning = undefined
    })
  }

  /** Fault 718 when another host has the port, or is about to: nothing is asked of the carrier. */
  refuseTaken({ protocol, externalPort, internalClient }: AddRequest): void {
    const holder = this.#context.table.at(protocol, externalPort)?.claim.client
    const owner = holder ?? this.#asking.get(portKey(protocol, externalPort))
    if (owner !== undefined && owner !== internalClient) throw new Fault(718, 'another host has this port')
  }

  /** What this host has for this LAN port; the one with the wanted external port if there are several. */
  held(request: AddAnyRequest): Mapping | undefined {
    const own = [...this.#context.table.ofClient(request.internalClient)].filter(
      ({ claim }) => claim.protocol === request.protocol && claim.internalPort === request.internalPort,
    )
    return own.find((mapping) => mapping.externalPort === request.externalPort) ?? own[0]
  }

  /** Resolves with the external port, once the carrier has granted it. */
  async create(request: AddAnyRequest, preferFailure: boolean, due: Millis): Promise<Port> {
    const { claims, closing, holds, ports, table, tombstones } = this.#context
    const key = portKey(request.protocol, request.externalPort)
    const wish = this.#wish(request, preferFailure)
    const lan = {
      protocol: request.protocol,
      client: request.internalClient,
      internalPort: request.internalPort,
    }
    const mac = ports.hosts.macOf(lan.client)
    holds.check(lan, wish)
    if (!ports.pcp.reachable) throw new Fault(501, 'the carrier does not answer')
    const admitted = this.#policy.admit(table, request.internalClient)
    if (preferFailure) this.#asking.set(key, request.internalClient)
    const pending = this.#pending.begin(lan.client, closing)
    try {
      const reserved = await this.#probes?.adopt(key, lan, due)
      await tombstones.cleared(key, due)
      const claim = reserved ?? claims.open(lan, request.externalPort)
      const ask = (signal: AbortSignal) => establish(this.#context, claim, wish, signal)
      const grant = await within(ports.clock, due, ask, pending.signal)
      const obstacle = this.#obstacle(claim, grant, pending.signal)
      if (obstacle !== undefined) throw await this.#giveBack(claim, grant, obstacle)
      return this.#adopt({ claim, grant, preferFailure, mac }, request)
    } finally {
      pending[Symbol.dispose]()
      admitted[Symbol.dispose]()
      if (preferFailure) this.#asking.delete(key)
    }
  }

  /** The host asks again for what it has: a new lease, perhaps for another remote host or LAN port. */
  async addAgain(mapping: Mapping, request: AddRequest, due: Millis): Promise<void> {
    if (mapping.claim.internalPort !== request.internalPort) await this.#repoint(mapping, request, due)
    if (isLapsed(mapping)) await this.#revive(mapping, due)
    if (isGone(mapping)) return
    if (!mapping.entries.has(request.remoteHost))
      this.#policy.check(this.#context.table, request.internalClient)
    const before = remoteHosts(mapping)
    this.#put(mapping, request)
    this.#context.changes.table()
    if (isFresh(mapping, this.#context.ports.clock.now()) && sameHosts(before, remoteHosts(mapping))) return
    await forwardWhileGranted(this.#context, mapping)
    void this.#upkeep.renewNow(mapping)
  }

  /**
   * Takes one entry away, and the mapping with the last one: the router stops forwarding at once. Resolves when
   * the carrier has confirmed.
   */
  async remove(entry: Entry): Promise<void> {
    const { mapping } = entry
    this.#leases.cancel(entry)
    if (mapping.entries.size === 1) {
      await this.#retire(mapping)
      return
    }
    this.#context.table.dropEntry(entry)
    await forwardWhileGranted(this.#context, mapping)
    void this.#upkeep.renewNow(mapping)
  }

  /** Ends all that the LAN host has or asks for. Gives the number of entries it had. */
  forget(client: Ipv4Address): number {
    this.#pending.end(client)
    const own = [...this.#context.table.ofClient(client)]
    const entries = own.reduce((count, mapping) => count + mapping.entries.size, 0)
    for (const mapping of own) void this.#retire(mapping)
    return entries
  }

  /** Deletes everything; resolves when the carrier has confirmed all of it. */
  async releaseAll(): Promise<void> {
    const mappings = [...this.#context.table.mappings()]
    await Promise.all(mappings.map((mapping) => this.#retire(mapping)))
  }

  #wish(request: AddAnyRequest, preferFailure: boolean): Wish {
    const { external, maxLifetime, ports } = this.#context
    const now = ports.clock.now()
    return {
      externalPort: this.#wishedPort(request, preferFailure),
      preferFailure,
      remoteHost: request.remoteHost,
      lifetime: firstLifetime(leaseEnd(request.lease, now), now, maxLifetime),
      externalAddress: external.address,
    }
  }

  /** RFC 6970 §5.6.1: AddAnyPortMapping only suggests, and not what one of us has already. */
  #wishedPort({ externalPort, protocol }: AddAnyRequest, preferFailure: boolean): Port | 0 {
    const taken = externalPort === 0 || this.#context.table.at(protocol, externalPort) !== undefined
    return taken && !preferFailure ? 0 : externalPort
  }

  /**
   * Why what the carrier granted must not become a mapping. A server that lost its state may give away a port that
   * it gave us before; its first owner keeps it here.
   */
  #obstacle({ protocol }: Claim, { external: { port } }: Grant, gone: AbortSignal): string | undefined {
    if (this.#context.table.at(protocol, port))
      return `the carrier gave port ${port}, which another mapping of ours has`
    return gone.aborted ? 'the LAN host is gone' : undefined
  }

  async #giveBack(claim: Claim, { external, lifetime }: Grant, why: string): Promise<Fault> {
    const { ports, tombstones } = this.#context
    await withdraw(this.#context, claim)
    const until = after(ports.clock.now(), toMillis(lifetime))
    void tombstones.bury(claim, portKey(claim.protocol, external.port), until)
    return new Fault(501, why)
  }

  #adopt({ claim, grant, preferFailure, mac }: Granted, request: AddAnyRequest): Port {
    const { changes, table } = this.#context
    const mapping: Mapping = {
      claim,
      externalPort: grant.external.port,
      mac,
      preferFailure,
      grant,
      state: 'active',
      filtered: false,
      entries: new Map(),
    }
    table.add(mapping)
    this.#put(mapping, request)
    this.#upkeep.keep(mapping)
    changes.table()
    return mapping.externalPort
  }

  #put(mapping: Mapping, { remoteHost, description, lease }: Omit<AddRequest, 'externalPort'>): void {
    const { ports, table } = this.#context
    const old = mapping.entries.get(remoteHost)
    if (remoteHost !== '') mapping.filtered = true
    if (old) this.#leases.cancel(old)
    const end = leaseEnd(lease, ports.clock.now())
    const entry = table.putEntry({ mapping, remoteHost, description, lease, leaseEnd: end })
    this.#leases.arm(entry, () => {
      void this.remove(entry)
      this.#context.changes.table()
    })
  }

  async #retire(mapping: Mapping): Promise<void> {
    const { ports, table, tombstones } = this.#context
    mapping.state = 'gone'
    this.#upkeep.drop(mapping)
    for (const entry of mapping.entries.values()) this.#leases.cancel(entry)
    table.remove(mapping)
    await withdraw(this.#context, mapping.claim)
    // A renewal whose answer was lost may have prolonged it for another lifetime.
    const prolonged = after(ports.clock.now(), toMillis(mapping.grant.lifetime))
    const key = portKey(mapping.claim.protocol, mapping.externalPort)
    await tombstones.bury(mapping.claim, key, prolonged)
  }

  /** The carrier let it lapse: the answer must wait for the carrier again. */
  async #revive(mapping: Mapping, due: Millis): Promise<void> {
    await atMost(this.#context.ports.clock, due, this.#upkeep.renewNow(mapping))
    if (isLapsed(mapping)) throw new Fault(501, 'the carrier let the mapping lapse and does not answer')
  }

  /**
   * Another LAN port behind the same external port. Behind NAT that is the router's business alone; without NAT
   * it is another mapping to the carrier, and should that fail the old one comes back.
   */
  async #repoint(mapping: Mapping, request: AddRequest, due: Millis): Promise<void> {
    if (mapping.entries.size > (mapping.entries.has(request.remoteHost) ? 1 : 0))
      throw new Fault(718, 'entries of other remote hosts point to another port')
    if (mapping.claim.wanPort === undefined) {
      await this.#replace(mapping, request, due)
      return
    }
    const old = mapping.claim
    mapping.claim = { ...old, internalPort: request.internalPort }
    if (await forwardWhileGranted(this.#context, mapping)) return
    mapping.claim = old
    throw new Fault(501, 'the router NAT refused the rule')
  }

  async #replace(mapping: Mapping, request: AddRequest, due: Millis): Promise<void> {
    const { clock, log } = this.#context.ports
    const old = asRequest(mapping, request.remoteHost)
    await atMost(clock, due, this.#retire(mapping))
    try {
      await this.create(request, mapping.preferFailure, due)
    } catch (error) {
      log.warn({ mapping: mapping.claim }, 'a mapping could not be moved; the old one is asked back')
      this.create(old, mapping.preferFailure, after(clock.now(), RESTORE)).catch((lost: unknown) => {
        log.error({ mapping: mapping.claim, error: String(lost) }, 'the old mapping is lost')
      })
      throw error
    }
  }
}

interface Granted {
  readonly claim: Claim
  readonly grant: Grant
  readonly preferFailure: boolean
  readonly mac: MacAddress | undefined
}

// Properties that other turns change while one waits, so each look is a fresh one.
const isGone = (mapping: Mapping): boolean => mapping.state === 'gone'
const isLapsed = (mapping: Mapping): boolean => mapping.state === 'lapsed'

const isFresh = ({ grant, state }: Mapping, now: Millis): boolean =>
  state === 'active' && lifetimeEnd(grant) - now >= FRESH * toMillis(grant.lifetime)

const sameHosts = (a: readonly Ipv4Address[], b: readonly Ipv4Address[]): boolean =>
  a.length === b.length && a.every((host) => b.includes(host))

/** What asked for the entry of this mapping that `remoteHost` has. */
function asRequest(mapping: Mapping, remoteHost: RemoteHost): AddRequest {
  const { claim, entries, externalPort } = mapping
  const entry = entries.get(remoteHost)
  return {
    remoteHost,
    externalPort,
    protocol: claim.protocol,
    internalPort: claim.internalPort,
    internalClient: claim.client,
    description: entry?.description ?? '',
    lease: entry?.lease ?? 'infinite',
  }
}
