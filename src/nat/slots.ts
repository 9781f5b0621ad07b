import type { NatRule } from '../core/ports.ts'
import type { Protocol } from '../core/types.ts'
import { isIpv4 } from '../lib/ip.ts'
import type { Millis, Port } from '../lib/units.ts'

// Which rule gets which key of our maps. Rules may want the same key, and nft refuses to give a key other data:
// so each key has one owner at a time, the others wait behind it.

/** A rule as it stands, and until when. */
export interface Held {
  readonly rule: NatRule
  readonly until: Millis
}

/**
 * A WAN port has one rule. A LAN endpoint has two when it is mapped twice: what it sends leaves by the older one.
 * An external port has two for the moment in which the carrier moves it from one mapping to another.
 */
export type SlotKind = 'wanPort' | 'endpoint' | 'external'

/** The owner of a slot, or the owner's terms, change. */
export interface Step {
  readonly kind: SlotKind
  /** What was written last; the kernel may have let it expire. */
  readonly had: Held | undefined
  readonly want: Held | undefined
}

interface SlotName {
  readonly kind: SlotKind
  readonly key: string
}

interface Touched {
  readonly kind: SlotKind
  readonly before: readonly Held[]
}

const wanPortSlot = (protocol: Protocol, wanPort: Port): SlotName => ({
  kind: 'wanPort',
  key: `W ${protocol} ${wanPort}`,
})

function slotsOf(rule: NatRule): SlotName[] {
  const { protocol, wanPort, client, clientPort, remoteHosts, external } = rule
  const slots = [wanPortSlot(protocol, wanPort)]
  slots.push({ kind: 'endpoint', key: `L ${protocol} ${client} ${clientPort}` })
  // LAN hosts are none of the remote hosts that a filtered mapping lets in.
  if (external && isIpv4(external.address) && remoteHosts.length === 0)
    slots.push({ kind: 'external', key: `E ${protocol} ${external.address} ${external.port}` })
  return slots
}

/**
 * All rules. Changes are collected as steps; then they are committed or rolled back together. A rule that was dropped is
 * not taken back: its step is due until it is committed.
 */
export class Slots {
  /** Who wants a slot, its owner first. */
  readonly #claims = new Map<string, readonly Held[]>()
  readonly #touched = new Map<string, Touched>()
  /** WAN ports that were freed since the last commit. */
  readonly #dropped = new Map<string, Pick<NatRule, 'protocol' | 'wanPort'>>()

  get(protocol: Protocol, wanPort: Port): Held | undefined {
    return this.#claims.get(wanPortSlot(protocol, wanPort).key)?.[0]
  }

  /** Every rule, expired ones included. */
  *all(): Iterable<Held> {
    for (const [key, [owner]] of this.#claims) if (owner && key.startsWith('W')) yield owner
  }

  /** Creates the rule or replaces what stands at its WAN port, and gives back what stood there. */
  put(held: Held, now: Millis): Held | undefined {
    const former = this.get(held.rule.protocol, held.rule.wanPort)
    const slots = slotsOf(held.rule)
    const kept = new Set(slots.map(({ key }) => key))
    if (former) this.#leave(former, (slot) => !kept.has(slot.key))
    for (const slot of slots) {
      const claims = this.#claims.get(slot.key) ?? []
      const next = claims.some((claim) => claim === former)
        ? claims.map((claim) => (claim === former ? held : claim))
        : claims.concat(held)
      this.#write(slot, liveFirst(next, now))
    }
    return former
  }

  /** Gives back what stood there. */
  drop(protocol: Protocol, wanPort: Port): Held | undefined {
    const former = this.get(protocol, wanPort)
    if (!former) return undefined
    this.#leave(former, () => true)
    this.#dropped.set(wanPortSlot(protocol, wanPort).key, { protocol, wanPort })
    return former
  }

  /** What has to change in the kernel since the last commit. */
  steps(): Step[] {
    return [...this.#touched]
      .map(([key, { kind, before }]) => ({ kind, had: before[0], want: this.#claims.get(key)?.[0] }))
      .filter(({ had, want }) => had !== want)
  }

  /** What a kernel that has nothing needs. */
  allSteps(now: Millis): Step[] {
    const live = [...this.all()].filter(({ until }) => until > now)
    return live.flatMap((held) =>
      slotsOf(held.rule)
        .filter(({ key }) => this.#claims.get(key)?.[0] === held)
        .map(({ kind }) => ({ kind, had: undefined, want: held })),
    )
  }

  commit(): void {
    this.#touched.clear()
    this.#dropped.clear()
  }

  rollback(): void {
    for (const [key, { before }] of this.#touched) this.#assign(key, before)
    this.#touched.clear()
    for (const { protocol, wanPort } of this.#dropped.values()) this.drop(protocol, wanPort)
  }

  #leave(former: Held, from: (slot: SlotName) => boolean): void {
    for (const slot of slotsOf(former.rule).filter(from)) {
      const claims = this.#claims.get(slot.key) ?? []
      this.#write(
        slot,
        claims.filter((claim) => claim !== former),
      )
    }
  }

  #write({ kind, key }: SlotName, claims: readonly Held[]): void {
    if (!this.#touched.has(key)) this.#touched.set(key, { kind, before: this.#claims.get(key) ?? [] })
    this.#assign(key, claims)
  }

  #assign(key: string, claims: readonly Held[]): void {
    if (claims.length > 0) this.#claims.set(key, claims)
    else this.#claims.delete(key)
  }
}

/** An owner whose time is over makes room for one who still has some. */
function liveFirst(claims: readonly Held[], now: Millis): readonly Held[] {
  const isLive = ({ until }: Held): boolean => until > now
  return claims.every(isLive) ? claims : [...claims.filter(isLive), ...claims.filter((c) => !isLive(c))]
}
