import { atMost } from '../lib/abort.ts'
import type { Ipv4Address } from '../lib/ip.ts'
import { type Millis, type Port, after, millis, seconds, toMillis } from '../lib/units.ts'
import type { Adding } from './adding.ts'
import type { Context } from './context.ts'
import { Fault } from './fault.ts'
import { forwardWhileGranted } from './forward.ts'
import { type Claim, type Entry, entryOf, isRetired, isStray, type Mapping, remoteHosts } from './mapping.ts'
import { aboutMapping } from './mapping-name.ts'
import type { Mappings } from './mappings.ts'
import type { Policy } from './policy.ts'
import { reasonOf } from './refusal.ts'
import { lifetimeEnd } from './renewal.ts'
import { errorOf } from './rfc6970.ts'
import type { Added } from './told.ts'
import { pcpMapping } from './translate.ts'
import type { AddRequest, RemoteHost } from './types.ts'
import type { Upkeep } from './upkeep.ts'

/** A repeated add asks the carrier only when less than this share of the lifetime is left (RFC 7648 §4). */
const FRESH = 0.75
/** How long the carrier may take to give back a mapping that could not be moved. */
const RESTORE = millis(25_000)

interface AddingAgainParts {
  readonly adding: Adding
  readonly mappings: Mappings
  readonly upkeep: Upkeep
}

/** What AddPortMapping and AddAnyPortMapping lead to where the host has it already: asked for again, or pointed elsewhere. */
export class AddingAgain {
  readonly #context: Context
  readonly #policy: Policy
  readonly #parts: AddingAgainParts

  constructor(context: Context, policy: Policy, parts: AddingAgainParts) {
    this.#context = context
    this.#policy = policy
    this.#parts = parts
  }

  /**
   * The host asks again for what it has: a new lease, perhaps for another remote host or LAN port. Once it has asked by
   * AddPortMapping, `preferFailure`, the mapping is not to be moved to another port.
   */
  async add(mapping: Mapping, request: AddRequest, preferFailure: boolean, due: Millis): Promise<Added> {
    this.#parts.adding.refuseClosed()
    if (isUnconfirmed(mapping) || isStray(mapping)) await this.#confirm(mapping, request, preferFailure, due)
    if (preferFailure) mapping.preferFailure = true
    const former = mapping.claim.internalPort
    const moves = former !== request.internalPort && !isRetired(mapping)
    const replaced = moves ? await this.#repoint(mapping, request, due) : undefined
    if (replaced !== undefined) return { port: replaced, isNew: true }
    // Its lease may have ended while the carrier was asked.
    if (isRetired(mapping))
      return { port: await this.#parts.adding.create(request, preferFailure, due), isNew: true }
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
    if (differs) {
      await forwardWhileGranted(this.#context, mapping)
      void this.#parts.upkeep.renewNow(mapping)
    } else if (!isFresh(mapping, ports.clock.now())) this.#parts.upkeep.refresh(mapping)
    return isNew
  }

  /** Nobody may be told that it is there before the carrier says so again, and at the port that they are told. */
  async #confirm(
    mapping: Mapping,
    { externalPort, remoteHost }: AddRequest,
    preferFailure: boolean,
    due: Millis,
  ): Promise<void> {
    if (!preferFailure && this.#parts.upkeep.accept(mapping, remoteHost)) return
    await this.#askAgain(mapping, due)
    if (isRetired(mapping)) return
    const { port: given } = mapping.grant.external
    if (given !== (preferFailure ? externalPort : mapping.externalPort))
      throw new Fault(preferFailure ? 718 : 501, `the carrier gives port ${given} instead`)
  }

  async #askAgain(mapping: Mapping, due: Millis): Promise<void> {
    const { upkeep } = this.#parts
    const refused = isUnconfirmed(mapping) ? upkeep.refusal(mapping) : undefined
    if (refused !== undefined)
      throw new Fault(errorOf(refused, 2), `it was asked a moment ago, and ${reasonOf(refused)}`)
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
      return await this.#parts.adding.create(request, mapping.preferFailure, due)
    } catch (error) {
      const about = aboutMapping(mapping)
      log.warn(about, 'a mapping could not be moved to another LAN port; the old one is asked back')
      const old = asRequest(mapping, request.remoteHost, entry, clock.now())
      this.#parts.adding
        .create(old, mapping.preferFailure, after(clock.now(), RESTORE))
        .catch((lost: unknown) => {
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
    leaseEnd: end,
    lease: end === 'never' ? 'infinite' : seconds(Math.max(1, Math.floor((end - now) / 1000))),
    static: mapping.static || undefined,
  }
}
