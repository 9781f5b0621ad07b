import type { Status } from '../core/status.ts'
import type { Protocol } from '../core/types.ts'

// What the status page shows one host. Plain data: whoever fills it has decided who may see what. Spans are seconds.

/** ok: it works; waiting: nothing is known yet; warning: it works but for something; error: it does not. */
export type Severity = Status['health']['severity']

/** A place on the way from the LAN to the Internet. */
export interface Hop {
  readonly name: string
  /** Its addresses, each with what it is; none known yet is an empty list. */
  readonly addresses: readonly { readonly what: string; readonly address: string }[]
  /** How the way from the hop before to this one is, and in words where that is worth some. */
  readonly reached: Severity
  readonly way: string
}

/** A span of time that is running down. */
export interface Countdown {
  readonly left: number
  readonly of: number
}

export interface MappingView {
  readonly protocol: Protocol
  readonly internal: End
  readonly external: End
  /** The only remote host let in; '' for anybody. */
  readonly remoteHost: string
  readonly description: string
  readonly lease: Countdown | 'for ever'
  /** Until the carrier is asked again; undefined while its answer is awaited. */
  readonly renewal: Countdown | undefined
  readonly health: Severity
  /** What is the matter, in words; '' when all is well. */
  readonly trouble: string
}

interface End {
  readonly address: string
  readonly port: number
}

export interface EventView {
  readonly ago: number
  readonly text: string
}

/** Something the carrier may be able to do. */
export interface Ability {
  readonly name: string
  readonly has: 'yes' | 'no' | 'not known'
  /** What follows from it, for the user. */
  readonly meaning: string
}

export interface PageView {
  readonly health: Severity
  /** Is it working? */
  readonly sentence: string
  /** What to do about what is wrong, one after the other. */
  readonly cures: readonly string[]
  readonly path: readonly Hop[]
  /** Whose mappings are listed. */
  readonly scope: Scope
  readonly mappings: readonly MappingView[]
  /** How many entries of other hosts are not listed, and how many for want of room. */
  readonly others: number
  readonly more: number
  /** The newest first. */
  readonly events: readonly EventView[]
  readonly abilities: readonly Ability[]
  /** The line at the foot: version, time since the start. */
  readonly about: string
}

/** `http.page`: a host sees its own mappings, or those of all. */
export type Scope = 'own' | 'all'
