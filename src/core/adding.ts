import { within } from '../lib/abort.ts'
import type { Ipv4Address } from '../lib/ip.ts'
import { type Millis, type Port, after, millis, toMillis } from '../lib/units.ts'
import type { Context } from './context.ts'
import { establish, heldAddress } from './establish.ts'
import { Fault } from './fault.ts'
import { withdraw } from './forward.ts'
import { firstLifetime, leaseEnd } from './lease.ts'
import type { Leftovers } from './leftovers.ts'
import { type Claim, type Grant, type LanPort } from './mapping.ts'
import { type PortKey, portKey } from './types.ts'
import type { Mappings } from './mappings.ts'
import { PendingAdds } from './pending-adds.ts'
import type { Policy } from './policy.ts'
import type { Probes } from './probes.ts'
import type { Wish } from './translate.ts'
import type { AddAnyRequest, AddRequest } from './types.ts'

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
}

/** What AddPortMapping and AddAnyPortMapping lead to where the host has nothing there: a mapping made. */
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
    this.refuseClosed()
    const key = portKey(request.protocol, request.externalPort)
    const wish = this.#wish(request, preferFailure)
    const { protocol, internalPort } = request
    const client = table.known(request.internalClient)
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

  /** Fault 501 once it is closed. */
  refuseClosed(): void {
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
      lifetime: firstLifetime(request.leaseEnd ?? leaseEnd(request.lease, now), now, wishes.maxLifetime),
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
}
