import type { NatRule } from '../core/ports.ts'
import { type PortKey, type Protocol, portKey } from '../core/types.ts'
import { type Ipv4Address, isIpv4, toNumber } from '../lib/ip.ts'
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
  /** Among those of its kind. A number, as text would take more memory than the rule. */
  readonly key: number
}

interface Touched {
  readonly slot: SlotName
  readonly before: readonly Held[]
}

/** Who wants each slot of one kind. As a rule that is one, and needs no list. */
class Claimants {
  readonly #owners = new Map<number, Held>()
  readonly #behind = new Map<number, readonly Held[]>()

  owner(key: number): Held | undefined {
    return this.#owners.get(key)
  }

  owners(): Iterable<Held> {
    return this.#owners.values()
  }

  /** The owner first. */
  of(key: number): readonly Held[] {
    const owner = this.#owners.get(key)
    return owner ? [owner, ...(this.#behind.get(key) ?? [])] : []
  }

  set(key: number, [owner, ...behind]: readonly Held[]): void {
    if (owner) this.#owners.set(key, owner)
    else this.#owners.delete(key)
    if (behind.length > 0) this.#behind.set(key, behind)
    else this.#behind.delete(key)
  }
}

/** How many keys of ports there are. */
const PORT_KEYS = 2 ** 17

const endpointKey = (protocol: Protocol, address: Ipv4Address, port: Port): number =>
  toNumber(address) * PORT_KEYS + portKey(protocol, port)

function slotsOf(rule: NatRule): SlotName[] {
  const { protocol, wanPort, client, clientPort, remoteHosts, external } = rule
  const slots: SlotName[] = [
    { kind: 'wanPort', key: portKey(protocol, wanPort) },
    { kind: 'endpoint', key: endpointKey(protocol, client, clientPort) },
  ]
  // LAN hosts are none of the remote hosts that a filtered mapping lets in.
  if (external && isIpv4(external.address) && remoteHosts.length === 0)
    slots.push({ kind: 'external', key: endpointKey(protocol, external.address, external.port) })
  return slots
}

/**
 * All rules. Changes are collected as steps; then they are committed or rolled back together. A rule that was dropped is
 * not taken back: its step is due until it is committed.
 */
export class Slots {
  readonly #claimants: Readonly<Record<SlotKind, Claimants>> = {
    wanPort: new Claimants(),
    endpoint: new Claimants(),
    external: new Claimants(),
  }
  readonly #touched = new Map<string, Touched>()
  /** WAN ports that were freed since the last commit. */
  readonly #dropped = new Map<PortKey, Pick<NatRule, 'protocol' | 'wanPort'>>()

  get(protocol: Protocol, wanPort: Port): Held | undefined {
    return this.#claimants.wanPort.owner(portKey(protocol, wanPort))
  }

  /** Every rule, expired ones included. */
  all(): Iterable<Held> {
    return this.#claimants.wanPort.owners()
  }

  /** Creates the rule or replaces what stands at its WAN port, and gives back what stood there. */
  put(held: Held, now: Millis): Held | undefined {
    const former = this.get(held.rule.protocol, held.rule.wanPort)
    const slots = slotsOf(held.rule)
    const isKept = ({ key, kind }: SlotName) => slots.some((slot) => slot.kind === kind && slot.key === key)
    if (former) this.#leave(former, (slot) => !isKept(slot))
    for (const slot of slots) {
      const claims = this.#claimants[slot.kind].of(slot.key)
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
    this.#dropped.set(portKey(protocol, wanPort), { protocol, wanPort })
    return former
  }

  /** What has to change in the kernel since the last commit. */
  steps(): Step[] {
    return [...this.#touched.values()]
      .map(({ slot: { key, kind }, before }) => ({
        kind,
        had: before[0],
        want: this.#claimants[kind].owner(key),
      }))
      .filter(({ had, want }) => had !== want)
  }

  /** What a kernel that has nothing needs. */
  allSteps(now: Millis): Step[] {
    const live = [...this.all()].filter(({ until }) => until > now)
    return live.flatMap((held) =>
      slotsOf(held.rule)
        .filter(({ key, kind }) => this.#claimants[kind].owner(key) === held)
        .map(({ kind }) => ({ kind, had: undefined, want: held })),
    )
  }

  commit(): void {
    this.#touched.clear()
    this.#dropped.clear()
  }

  rollback(): void {
    for (const { slot, before } of this.#touched.values()) this.#claimants[slot.kind].set(slot.key, before)
    this.#touched.clear()
    for (const { protocol, wanPort } of this.#dropped.values()) this.drop(protocol, wanPort)
  }

  #leave(former: Held, from: (slot: SlotName) => boolean): void {
    for (const slot of slotsOf(former.rule).filter(from)) {
      const claims = this.#claimants[slot.kind].of(slot.key)
      this.#write(
        slot,
        claims.filter((claim) => claim !== former),
      )
    }
  }

  #write(slot: SlotName, claims: readonly Held[]): void {
    const claimants = this.#claimants[slot.kind]
    const name = `${slot.kind} ${slot.key}`
    if (!this.#touched.has(name)) this.#touched.set(name, { slot, before: claimants.of(slot.key) })
    claimants.set(slot.key, claims)
  }
}

/** An owner whose time is over makes room for one who still has some. */
function liveFirst(claims: readonly Held[], now: Millis): readonly Held[] {
  const isLive = ({ until }: Held): boolean => until > now
  return claims.every(isLive) ? claims : [...claims.filter(isLive), ...claims.filter((c) => !isLive(c))]
}
