import type { Protocol, RemoteHost } from '../../src/core/types.ts'

// What control points were told, and so what has to be there: written from the norms alone, and knowing nothing of how
// the router keeps it. Each add has a description of its own, by which its entry is known again wherever it is shown.

/**
 * asked: no answer yet. held: answered 200. unsure: the answer did not come, or other calls of the same port were on
 * their way at the same time. gone: refused, deleted, replaced, over; it must not be there.
 */
type Fate = 'asked' | 'held' | 'unsure' | 'gone'

/** Which ports a call is about. */
export interface Scope {
  readonly protocol: Protocol
  readonly first: number
  readonly last: number
  /** AddAnyPortMapping may end at any port, but only concerns what this host has. */
  readonly onlyOf: string | undefined
}

/** A call on its way. */
export interface Pending {
  readonly scope: Scope
  readonly since: number
  /** Nothing else happened to its ports meanwhile. */
  clean: boolean
}

/** One add, and what came of it. */
export interface Told {
  readonly tag: string
  /** The machine that owns it: its address and which of those that had that address. */
  readonly client: string
  readonly machine: number
  readonly protocol: Protocol
  readonly remoteHost: RemoteHost
  readonly internalPort: number
  /** AddPortMapping: this port or none. AddAnyPortMapping: undefined. */
  readonly wish: number | undefined
  readonly static: boolean
  /** Was the machine there, and so known by its MAC address? */
  readonly known: boolean
  /** Milliseconds; Infinity for ever. */
  readonly lease: number
  fate: Fate
  /** Where it was told to be; 0 while that is unknown. */
  port: number
  /** The lease ends between these. */
  endsFrom: number
  endsTo: number
  toldAt: number
  /** A reboot may keep it from being shown until the carrier confirms it. */
  hidden: boolean
  /** The disk took nothing when it was answered. */
  volatile: boolean
}

export class Promises {
  readonly all = new Map<string, Told>()
  /** Those that are not gone. */
  readonly live = new Set<Told>()
  readonly #pending = new Set<Pending>()
  /** Refused, deleted or replaced while the disk took nothing: a crash may bring them back. */
  readonly #mayReturn = new Set<Told>()
  /** Over by itself, since when, and perhaps not noted: a reboot after which nobody knows the time may bring it back. */
  readonly #unwritten = new Map<Told, number>()

  /** A call begins. Two about the same ports make each other's end uncertain. */
  begin(scope: Scope, now: number): Pending {
    const pending = { scope, since: now, clean: true }
    for (const other of this.#pending)
      if (concern(other.scope, scope)) {
        other.clean = false
        pending.clean = false
      }
    this.#pending.add(pending)
    return pending
  }

  end(pending: Pending): void {
    this.#pending.delete(pending)
  }

  /** Something else happens to what this host has. */
  disturb(client: string): void {
    for (const told of this.live)
      if (told.client === client && told.fate === 'held') this.turn(told, 'unsure')
    for (const pending of this.#pending) pending.clean = false
  }

  ask(told: Told): void {
    this.all.set(told.tag, told)
    this.live.add(told)
  }

  turn(told: Told, fate: Fate): void {
    told.fate = fate
    if (fate === 'gone') this.live.delete(told)
    else this.live.add(told)
  }

  /** The add was answered 200, at this port. */
  granted(
    told: Told,
    port: number,
    { clean, since }: Pending,
    { diskTakes, now }: { readonly now: number; readonly diskTakes: boolean },
  ): void {
    told.volatile = !diskTakes
    told.port = port
    told.toldAt = now
    told.endsFrom = since + told.lease
    told.endsTo = now + told.lease
    this.turn(told, clean ? 'held' : 'unsure')
    for (const other of this.at(told.protocol, port))
      if (other !== told && other.remoteHost === told.remoteHost && other.client === told.client)
        if (clean) this.deleted(other, diskTakes)
        else this.turn(other, 'unsure')
    // Where the carrier has moved what the host had, AddAnyPortMapping takes it at its other port.
    if (told.wish === undefined)
      for (const other of this.live)
        if (isSameEnd(told, other) && other.port !== port && other.fate === 'held') this.turn(other, 'unsure')
  }

  /** The add was answered with a fault: nothing of it may be there. `early`: before anything was done. */
  refused(told: Told, { diskTakes, early }: { readonly early: boolean; readonly diskTakes: boolean }): void {
    this.deleted(told, diskTakes || early)
    if (early) return
    for (const other of this.live)
      if (mayShare(told, other) && other.fate === 'held') this.turn(other, 'unsure')
  }

  /** Those that were told this port. */
  at(protocol: Protocol, port: number): Told[] {
    return [...this.live].filter((told) => told.protocol === protocol && told.port === port)
  }

  /** Refused, deleted, replaced, or gone with its host. */
  deleted(told: Told, diskTakes: boolean): void {
    this.turn(told, 'gone')
    if (!diskTakes) this.#mayReturn.add(told)
  }

  /** What ended by itself meanwhile. */
  age(now: number): void {
    for (const told of this.live) {
      if (told.fate === 'asked' || told.endsTo >= now) continue
      this.turn(told, 'gone')
      this.#unwritten.set(told, now)
    }
  }

  /** The daemon died: of what was on its way nobody knows. */
  died(now: number): void {
    for (const told of this.live) {
      if (told.fate === 'asked') {
        this.turn(told, 'unsure')
        told.endsTo = now + told.lease
        for (const other of this.live) if (mayShare(told, other)) this.turn(other, 'unsure')
      }
      if (told.volatile) this.turn(told, 'unsure')
    }
    for (const told of this.#mayReturn) this.turn(told, 'unsure')
    this.#mayReturn.clear()
    this.#pending.clear()
  }

  /** The machine was off, and for how long cannot be told. A lease may end later, or earlier by a date that was wrong. */
  lostTime(now: number, isConcerned: (told: Told) => boolean): void {
    for (const told of [...this.#unwritten.keys()].filter(isConcerned)) {
      this.#unwritten.delete(told)
      this.turn(told, 'unsure')
    }
    for (const told of this.live) {
      if (!isConcerned(told)) continue
      told.endsFrom = Math.min(told.endsFrom, now)
      told.endsTo = Math.max(told.endsTo, now + told.lease)
    }
  }

  /** The disk took everything that waited for it, and what ended by itself until `end`. */
  written(end: number): void {
    this.#mayReturn.clear()
    for (const [told, since] of this.#unwritten) if (since <= end) this.#unwritten.delete(told)
    for (const told of this.live) told.volatile = false
  }
}

const overlaps = (a: Scope, b: Scope): boolean =>
  a.protocol === b.protocol && a.first <= b.last && b.first <= a.last

const concern = (a: Scope, b: Scope): boolean =>
  overlaps(a, b) && (a.onlyOf === undefined || b.onlyOf === undefined || a.onlyOf === b.onlyOf)

const isSameEnd = (a: Told, b: Told): boolean =>
  a !== b &&
  a.protocol === b.protocol &&
  a.client === b.client &&
  a.internalPort === b.internalPort &&
  a.remoteHost === b.remoteHost

/** What an add that failed half way may have touched. */
function mayShare(told: Told, other: Told): boolean {
  if (other === told || other.protocol !== told.protocol || other.client !== told.client) return false
  return told.wish === undefined ? other.internalPort === told.internalPort : other.port === told.wish
}
