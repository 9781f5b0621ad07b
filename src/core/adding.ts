import { atMost, within } from '../lib/abort.ts'
import type { Ipv4Address } from '../lib/ip.ts'
import { type Millis, type Port, after, millis, seconds, toMillis } from '../lib/units.ts'
import type { Context } from './context.ts'
import { establish, heldAddress } from './establish.ts'
import { Fault } from './fault.ts'
import { forwardWhileGranted, withdraw } from './forward.ts'
import { firstLifetime, leaseEnd } from './lease.ts'
import type { Leftovers } from './leftovers.ts'
import {
  type Claim,
  type Entry,
  entryOf,
  type Grant,
  isRetired,
  isStray,
  type LanPort,
  type Mapping,
  type PortKey,
  portKey,
  remoteHosts,
} from './mapping.ts'
import { aboutMapping } from './mapping-name.ts'
import type { Mappings } from './mappings.ts'
import { PendingAdds } from './pending-adds.ts'
import type { Policy } from './policy.ts'
import type { Probes } from './probes.ts'
import { lifetimeEnd } from './renewal.ts'
import { pcpMapping, type Wish } from './translate.ts'
import type { Added } from './told.ts'
import type { AddAnyRequest, AddRequest, RemoteHost } from './types.ts'
import type { Upkeep } from './upkeep.ts'

/** A repeated add asks the carrier only when less than this share of the lifetime is left (RFC 7648 §4). */
const FRESH = 0.75
/** How long the carrier may take to give back a mapping that could not be moved. */
const RESTORE = millis(25_000)

/** How long an add waits for deletes that would make room. */
const ROOM = millis(5000)

/** What the carrier granted, and for which claim. */
interface Asked {
  readonly claim: Claim
  readonly grant: Grant
}

export interface AddingParts {
  readonly mappings: Mappings
  readonly probes: Probes
  readonly leftovers: Leftovers
  readonly upkeep: Upkeep
}

/** What AddPortMapping and AddAnyPortMapping lead to: a mapping made, asked for again, or pointed elsewhere. */
export class Adding {
  readonly #context: Context
  readonly #policy: Policy
  readonly #parts: AddingParts
  /** Ports that AddPortMapping asks of the carrier right now, and for whom. */
  readonly #asking = new Map<PortKey, Ipv4Address>()
  readonly #pending = new PendingAdds()
  #closed = false

  constructor(context: Context, policy: Policy, parts: AddingParts) {
    this.#context = context
    this.#policy = policy
    this.#parts = parts
  }

  /**
   * Fault 718 when another host has the port, or is about to, 729 when the operator has: nothing is asked of the
   * carrier. What a host has, the operator does not take over: 718.
   */
  refuseTaken(request: AddRequest): void {
    const { protocol, externalPort, internalClient } = request
    const held = this.#context.table.at(protocol, externalPort)
    if (held?.static === true && request.static !== true)
      throw new Fault(729, 'the operator of the router has this port')
    if (held?.static === false && request.static === true)
      throw new Fault(718, 'a LAN host has this port; delete its mapping first')
    const owner = held?.claim.client ?? this.#asking.get(portKey(protocol, externalPort))
    if (owner !== undefined && owner !== internalClient)
      throw new Fault(718, 'another host has this port; see igd-pcp mappings')
  }

  /** Ends what is being asked for the LAN host. */
  forget(client: Ipv4Address): void {
    this.#pending.end(client)
  }

  /** From now on nothing is made. What is being made is given back; resolves when that has begun. */
  close(): Promise<void> {
    this.#closed = true
    return this.#pending.endAll()
  }

  /** Resolves with the external port, once the carrier has granted it. */
  async create(request: AddAnyRequest, preferFailure: boolean, due: Millis): Promise<Port> {
    const { closing, holds, ports, table } = this.#context
    this.#refuseClosed()
    const key = portKey(request.protocol, request.externalPort)
    const wish = this.#wish(request, preferFailure)
    const { protocol, internalClient: client, internalPort } = request
    const mac = ports.hosts.macOf(client)
    holds.check({ protocol, client, internalPort }, wish)
    if (!ports.pcp.reachable) throw new Fault(501, 'the carrier does not answer; see igd-pcp status')
    const admitted = this.#policy.admit(table, client)
    if (preferFailure) this.#asking.set(key, client)
    const pending = this.#pending.begin(client, closing)
    try {
      const ask = () => this.#asked({ protocol, client, internalPort }, wish, due, pending.signal)
      const { claim, grant } = await this.#withRoom(ask, due)
      const obstacle = this.#obstacle(claim, grant, pending.signal)
      if (obstacle !== undefined) throw await this.#giveBack(claim, grant, obstacle)
      await this.#parts.mappings.adopt({ claim, grant, preferFailure, mac }, request)
      return grant.external.port
    } finally {
      pending[Symbol.dispose]()
      admitted[Symbol.dispose]()
      if (preferFailure) this.#asking.delete(key)
    }
  }

  /**
   * The host asks again for what it has: a new lease, perhaps for another remote host or LAN port. Once it has asked by
   * AddPortMapping, `preferFailure`, the mapping is not to be moved to another port.
   */
  async addAgain(mapping: Mapping, request: AddRequest, preferFailure: boolean, due: Millis): Promise<Added> {
    this.#refuseClosed()
    if (isUnconfirmed(mapping) || isStray(mapping)) await this.#revive(mapping, preferFailure, due)
    const { port: given } = mapping.grant.external
    const isElsewhere = given !== (preferFailure ? request.externalPort : mapping.externalPort)
    if (isElsewhere && !isRetired(mapping))
      throw new Fault(preferFailure ? 718 : 501, `the carrier gives port ${given} instead`)
    if (preferFailure) mapping.preferFailure = true
    const former = mapping.claim.internalPort
    const moves = former !== request.internalPort && !isRetired(mapping)
    const replaced = moves ? await this.#repoint(mapping, request, due) : undefined
    if (replaced !== undefined) return { port: replaced, isNew: true }
    // Its lease may have ended while the carrier was asked.
    if (isRetired(mapping)) return { port: await this.create(request, preferFailure, due), isNew: true }
    const isNew = await this.#putAgain(mapping, request, former)
    return { port: mapping.externalPort, isNew }
  }

  /** False where it is the lease alone that is another one. */
  async #putAgain(mapping: Mapping, request: AddRequest, former: Port): Promise<boolean> {
    const { changes, ports, table } = this.#context
    const moves = former !== request.internalPort
    const known = entryOf(mapping, request.remoteHost) !== undefined
    if (!known) this.#policy.check(table, request.internalClient)
    const before = remoteHosts(mapping)
    const kept = this.#parts.mappings.put(mapping, request, !known || moves)
    changes.table()
    const isNew = !known || moves
    if (moves) await this.#keptOrPointedBack(mapping, former, kept)
    else await kept
    const differs = !sameHosts(before, remoteHosts(mapping))
    if (differs) await forwardWhileGranted(this.#context, mapping)
    else if (isFresh(mapping, ports.clock.now())) return isNew
    void this.#parts.upkeep.renewNow(mapping)
    return isNew
  }

  async #asked(lan: LanPort, wish: Wish, due: Millis, signal: AbortSignal): Promise<Asked> {
    const claim = await this.#claim(lan, wish.externalPort, due)
    const ask = (until: AbortSignal) => establish(this.#context, claim, wish, until)
    return { claim, grant: await within(this.#context.ports.clock, due, ask, signal) }
  }

  /** Asks where the carrier's quota leaves room, or what nobody wants any more gives way: then once more, if need be. */
  async #withRoom<T>(ask: () => Promise<T>, due: Millis): Promise<T> {
    const { quota } = this.#context
    if (quota.isFull()) await this.#makeRoom(due)
    quota.check()
    try {
      return await ask()
    } catch (error) {
      if (!quota.isFull()) throw error
      await this.#makeRoom(due)
      if (quota.isFull()) throw error
      return await ask()
    }
  }

  /** Probes first, and what the carrier is being told to delete; never what somebody has. */
  async #makeRoom(due: Millis): Promise<void> {
    const { ports, tombstones } = this.#context
    this.#parts.probes.giveBackAll()
    const patience = after(ports.clock.now(), ROOM)
    await tombstones.allCleared(millis(Math.min(due, patience)))
  }

  #refuseClosed(): void {
    if (this.#closed) throw new Fault(501, 'the daemon gives everything back and ends')
  }

  /** An internal port for the mapping, when nothing of ours is in the way of its external port. */
  async #claim(lan: LanPort, externalPort: Port | 0, due: Millis): Promise<Claim> {
    const { leftovers, probes } = this.#parts
    const key = portKey(lan.protocol, externalPort)
    const reserved = (await probes.adopt(key, lan, due)) ?? leftovers.adopt(lan, externalPort)
    await this.#context.tombstones.cleared(key, due)
    return reserved ?? this.#context.claims.open(lan, externalPort)
  }

  #wish(request: AddAnyRequest, preferFailure: boolean): Wish {
    const { ports, wishes } = this.#context
    const now = ports.clock.now()
    return {
      externalPort: this.#wishedPort(request, preferFailure),
      preferFailure,
      remoteHost: request.remoteHost,
      description: request.description,
      lifetime: firstLifetime(leaseEnd(request.lease, now), now, wishes.maxLifetime),
      externalAddress: heldAddress(this.#context),
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
    const until = after(ports.clock.now(), toMillis(lifetime))
    await tombstones.bury(claim, external.port, until, withdraw(this.#context, claim)).done
    return new Fault(501, why)
  }

  /** Nobody may be told that it is there before the carrier says so again. */
  async #revive(mapping: Mapping, preferFailure: boolean, due: Millis): Promise<void> {
    const { upkeep } = this.#parts
    if (!preferFailure && upkeep.accept(mapping)) return
    const asked = isStray(mapping) ? upkeep.askBack(mapping) : upkeep.renewNow(mapping)
    await atMost(this.#context.ports.clock, due, asked)
    if (isUnconfirmed(mapping))
      throw new Fault(501, 'the carrier does not confirm the mapping; see igd-pcp status')
  }

  /**
   * Another LAN port behind the same external port. Behind NAT that is the router's business alone; without NAT
   * it is another mapping to the carrier, of which this gives the external port; should it fail the old one comes back.
   */
  async #repoint(mapping: Mapping, request: AddRequest, due: Millis): Promise<Port | undefined> {
    if (mapping.entries.some(({ remoteHost }) => remoteHost !== request.remoteHost))
      throw new Fault(718, 'entries of other remote hosts point to another port')
    const { claim } = mapping
    if (claim.wanPort === undefined) return await this.#replace(mapping, request, due)
    const old = claim.internalPort
    claim.internalPort = request.internalPort
    if (await forwardWhileGranted(this.#context, mapping)) return undefined
    claim.internalPort = old
    throw new Fault(501, 'the NAT of this router refused the rule; see igd-pcp status')
  }

  /** Where the disk takes nothing it still leads where it led before. */
  async #keptOrPointedBack(mapping: Mapping, former: Port, kept: Promise<void>): Promise<void> {
    try {
      await kept
    } catch (error) {
      if (isRetired(mapping)) throw error
      mapping.claim.internalPort = former
      void this.#context.journal.active(mapping)
      await forwardWhileGranted(this.#context, mapping)
      throw error
    }
  }

  async #replace(mapping: Mapping, request: AddRequest, due: Millis): Promise<Port> {
    const { clock, log } = this.#context.ports
    // Once it is deleted nothing could be made in its place.
    this.#refuseSecond({ ...mapping.claim, internalPort: request.internalPort })
    if (!(await this.#context.journal.active(mapping)))
      throw new Fault(501, 'nothing can be written to state.dir')
    const entry = entryOf(mapping, request.remoteHost)
    const { confirmed } = this.#parts.mappings.retire(mapping)
    this.#context.changes.table()
    await atMost(clock, due, confirmed)
    try {
      return await this.create(request, mapping.preferFailure, due)
    } catch (error) {
      const about = aboutMapping(mapping)
      log.warn(about, 'a mapping could not be moved to another LAN port; the old one is asked back')
      const old = asRequest(mapping, request.remoteHost, entry, clock.now())
      this.create(old, mapping.preferFailure, after(clock.now(), RESTORE)).catch((lost: unknown) => {
        log.error({ ...about, why: whyOf(lost) }, 'the old mapping is lost; its device has to ask again')
      })
      throw error
    }
  }

  /** Fault 718 when the LAN port is another mapping's: without NAT it has one. */
  #refuseSecond(lan: Claim): void {
    if (this.#context.table.ofPcpMapping(pcpMapping(lan)))
      throw new Fault(718, 'this LAN port has an external port already, and PCP allows one')
  }
}

const whyOf = (error: unknown): string => (error instanceof Fault ? error.reason : String(error))

const isUnconfirmed = ({ claim: { state } }: Mapping): boolean => state === 'LAPSED' || state === 'RESTORED'

const isFresh = ({ claim, grant }: Mapping, now: Millis): boolean =>
  claim.state === 'ACTIVE' && lifetimeEnd(grant) - now >= FRESH * toMillis(grant.lifetime)

const sameHosts = (a: readonly Ipv4Address[], b: readonly Ipv4Address[]): boolean =>
  a.length === b.length && a.every((host) => b.includes(host))

/** What would ask for the entry of this mapping that `remoteHost` has, for the whole seconds that it has left. */
function asRequest(
  { claim, externalPort, ...mapping }: Mapping,
  remoteHost: RemoteHost,
  entry: Entry | undefined,
  now: Millis,
): AddRequest {
  const end = entry?.leaseEnd ?? 'never'
  return {
    remoteHost,
    externalPort,
    protocol: claim.protocol,
    internalPort: claim.internalPort,
    internalClient: claim.client,
    description: entry?.description ?? '',
    lease: end === 'never' ? 'infinite' : seconds(Math.max(1, Math.floor((end - now) / 1000))),
    static: mapping.static || undefined,
  }
}
