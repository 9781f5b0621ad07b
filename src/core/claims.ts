import type { Clock, Random } from '../lib/clock.ts'
import type { Millis, Port } from '../lib/units.ts'
import { Census } from './census.ts'
import { Fault } from './fault.ts'
import type { Journal } from './journal.ts'
import {
  type Claim,
  happened,
  type InternalKey,
  internalKey,
  type LanPort,
  type Unmapped,
} from './mapping.ts'
import type { Ports } from './ports.ts'
import type { Standing } from './place.ts'
import type { ClaimPart, ClaimRecord } from './record.ts'
import type { Event } from './state.ts'
import { pcpMapping } from './translate.ts'
import type { WanPorts } from './wan-ports.ts'

/**
 * Hands out internal ports: no two mappings ever share one (RFC 6887 §11: one MAP per internal address, protocol
 * and port), and each life of a port gets a generation of its own, hence a nonce of its own (§11.2).
 */
export class Claims {
  readonly census = new Census()
  readonly #clock: Clock
  readonly #random: Random
  readonly #journal: Journal
  /** Undefined where the router does no NAT: then the LAN host's own port is the internal port. */
  readonly #wanPorts: WanPorts | undefined
  readonly #open = new Map<InternalKey, Claim>()
  /** What still goes on about a life that is over, and ends with the next one of its port. */
  readonly #epilogues = new Map<InternalKey, AbortController>()
  #lastGeneration: number

  constructor(
    ports: Pick<Ports, 'clock' | 'random'>,
    journal: Journal,
    {
      lastGeneration,
      wanPorts,
    }: { readonly lastGeneration: number; readonly wanPorts: WanPorts | undefined },
  ) {
    this.#clock = ports.clock
    this.#random = ports.random
    this.#journal = journal
    this.#wanPorts = wanPorts
    this.#lastGeneration = lastGeneration
  }

  /** `wish` is the WAN port to take if it is free. Faults: 718 when PCP cannot express it, 728 when none is left. */
  open(of: LanPort, wish: Port | 0): Claim {
    const claim = this.tryOpen(of, wish)
    if (claim) return claim
    throw this.#wanPorts
      ? new Fault(728, 'no WAN port is left in nat.ports')
      : new Fault(718, 'this LAN port has an external port already, and PCP allows one')
  }

  /** The same, for those who can do without. */
  tryOpen(of: LanPort, wish: Port | 0): Claim | undefined {
    const wanPort = this.#wanPorts?.allocate(of.protocol, wish, this.#random.unit())
    if (this.#wanPorts && wanPort === undefined) return undefined
    return this.#opened(newClaim({ ...of, wanPort, generation: ++this.#lastGeneration }, this.census))
  }

  /**
   * The claim of the last run, in its state. Undefined where it cannot go on: the router does NAT now and did not
   * then, or the other way round, or its WAN port is no mapping's any more.
   */
  reopen(record: ClaimRecord): Claim | undefined {
    const { protocol, wanPort } = record
    if ((this.#wanPorts === undefined) !== (wanPort === undefined)) return undefined
    if (wanPort !== undefined && !this.#wanPorts?.reserve(protocol, wanPort)) return undefined
    return this.#opened(this.#recorded(record))
  }

  /** A claim of the last run that cannot go on: its internal port is not ours to give. */
  foreign(record: ClaimRecord): Claim {
    return this.#born(this.#recorded(record))
  }

  /** The server holds nothing of this claim: it refused, or was not asked. */
  refuse(claim: Claim): void {
    this.#release(claim, 'refused')
  }

  /**
   * The server holds nothing of this claim any more from `free` on. Should we crash before `settled`, it is deleted
   * there once more.
   */
  close(claim: Claim, free: Millis, settled?: Promise<void>): void {
    if (free <= this.#clock.now()) {
      this.#release(claim, 'deleted', settled)
      return
    }
    happened(claim, 'lingers')
    this.#clock.at(free, () => this.#release(claim, 'expired'))
  }

  /** Runs `task` for a claim that is about to be closed, with a signal that aborts when its internal port is opened anew. */
  async epilogue(claim: Claim, task: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const key = internalKey(pcpMapping(claim))
    const end = new AbortController()
    this.#epilogues.set(key, end)
    await task(end.signal)
    if (this.#epilogues.get(key) === end) this.#epilogues.delete(key)
  }

  /** What has ended by now where it was left needs no delete. */
  #recorded(record: ClaimRecord): Claim {
    const now = this.#clock.now()
    return newClaim({ ...record, former: record.former?.filter(({ until }) => until > now) }, this.census)
  }

  #opened(claim: Claim): Claim | undefined {
    const key = internalKey(pcpMapping(claim))
    if (this.#open.has(key)) return undefined
    this.#open.set(key, claim)
    this.#epilogues.get(key)?.abort()
    return this.#born(claim)
  }

  #born(claim: Claim): Claim {
    this.census.born(claim.state)
    return claim
  }

  #release(claim: Claim, event: Event, settled?: Promise<void>): void {
    happened(claim, event)
    const held = this.#open.get(internalKey(pcpMapping(claim))) === claim
    if (held) this.#open.delete(internalKey(pcpMapping(claim)))
    if (held && claim.wanPort !== undefined) this.#wanPorts?.release(claim.protocol, claim.wanPort)
    if (settled) void settled.then(() => this.#journal.gone(claim))
    else this.#journal.gone(claim)
  }
}

/** Field by field, as there is one a mapping: a copy by spread has a shape of its own, and takes twice the memory. */
const newClaim = (
  { client, former = NOWHERE, generation, internalPort, knownAs, place, protocol, wanPort }: ClaimPart,
  census: Census,
): Claim => ({
  protocol,
  client,
  internalPort,
  wanPort,
  generation,
  knownAs,
  place,
  former,
  noting: undefined,
  state: 'INTENT',
  asking: 0,
  askedAt: undefined,
  census,
  unmapped: NO_DELETES,
})

const NOWHERE: readonly Standing[] = []
const NO_DELETES: readonly Unmapped[] = []
