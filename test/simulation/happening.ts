import type { IgdVersion, Protocol } from '../../src/core/types.ts'
import type { RuleSet } from './policy.ts'

// What can happen, as plain data: a schedule is a list of it and can be printed, cut short and played again. Hosts,
// ports and the like are numbers of what the world has.

/** A control point's call that is meant as it stands. */
export interface AddCall {
  readonly kind: 'add' | 'add-any'
  readonly by: number
  /** For which host. */
  readonly client: number
  readonly facade: IgdVersion
  readonly protocol: Protocol
  readonly externalPort: number
  readonly internalPort: number
  readonly remoteHost: string
  readonly lease: number
}

export type Happening =
  | AddCall
  | {
      readonly kind: 'delete'
      readonly by: number
      readonly facade: IgdVersion
      readonly which: number
      readonly own: boolean
    }
  | {
      readonly kind: 'delete-port'
      readonly by: number
      readonly facade: IgdVersion
      readonly protocol: Protocol
      readonly externalPort: number
      readonly remoteHost: string
    }
  | {
      readonly kind: 'delete-range'
      readonly by: number
      readonly protocol: Protocol
      readonly first: number
      readonly last: number
      readonly manage: boolean
    }
  /** One of the host's own mappings is asked for again, perhaps at another LAN port or for another time. */
  | {
      readonly kind: 'again'
      readonly which: number
      readonly moves: boolean
      readonly lease: number
      readonly facade: IgdVersion
      readonly any: boolean
    }
  | {
      readonly kind: 'get'
      readonly by: number
      readonly facade: IgdVersion
      readonly protocol: Protocol
      readonly externalPort: number
      readonly remoteHost: string
    }
  /** Somebody asks about a mapping that somebody has. */
  | {
      readonly kind: 'get-held'
      readonly by: number
      readonly facade: IgdVersion
      readonly which: number
    }
  | { readonly kind: 'walk' | 'list' | 'ask-state'; readonly by: number; readonly facade: IgdVersion }
  | { readonly kind: 'hostile'; readonly by: number; readonly facade: IgdVersion; readonly which: number }
  | {
      readonly kind: 'subscribe'
      readonly by: number
      readonly facade: IgdVersion
      readonly timeout: number
      readonly behaviour: 'takes' | 'refuses' | 'hangs'
    }
  | {
      readonly kind: 'operator-add' | 'operator-delete'
      readonly client: number
      readonly protocol: Protocol
      readonly externalPort: number
    }
  | {
      readonly kind: 'line'
      readonly up: boolean
      readonly down: boolean
      readonly lost: number
      readonly twice: number
      readonly late: number
      readonly latest: number
      readonly for: number
    }
  | { readonly kind: 'cut'; readonly up: boolean; readonly down: boolean; readonly for: number }
  | { readonly kind: 'server-restart'; readonly announces: boolean; readonly renumbers: boolean }
  | {
      readonly kind: 'server-state'
      readonly address: number
      readonly state: 'silent' | 'refusing'
      readonly for: number
    }
  | {
      readonly kind: 'server-result'
      readonly code: number
      readonly lifetime: number
      readonly times: number
      readonly for: number
      readonly only: 'all' | 'deletes' | 'maps'
    }
  | {
      readonly kind: 'server-mode'
      readonly mode:
        | 'nat-pmp'
        | 'ignores-preference'
        | 'brief'
        | 'no-preference'
        | 'no-filter'
        | 'wrong-nonce'
        | 'other-port'
        | 'hidden'
        | 'slow'
        | 'stuck-epoch'
        | 'drops-answers'
        | 'quota'
      readonly for: number
    }
  | { readonly kind: 'server-moves'; readonly which: number; readonly externalPort: number }
  | { readonly kind: 'server-switch'; readonly to: 'a' | 'b' }
  | {
      readonly kind: 'neighbour'
      readonly protocol: Protocol
      readonly externalPort: number
      readonly lifetime: number
    }
  | { readonly kind: 'forged-announce'; readonly epoch: number }
  | { readonly kind: 'wan'; readonly to: 'other' | 'none' | 'both' | 'no-route'; readonly for: number }
  | { readonly kind: 'wan-flaps'; readonly times: number; readonly gap: number }
  | { readonly kind: 'lan-down'; readonly for: number }
  | { readonly kind: 'host-leaves'; readonly host: number; readonly for: number }
  | { readonly kind: 'host-replaced'; readonly host: number }
  | { readonly kind: 'kernel-flush' }
  | { readonly kind: 'kernel-refuses'; readonly for: number }
  | {
      readonly kind: 'disk'
      readonly how: 'read-only' | 'full' | 'unsynced' | 'no-room'
      readonly for: number
    }
  | { readonly kind: 'crash'; readonly steps: number; readonly back: number }
  | { readonly kind: 'reboot'; readonly off: number; readonly keepsDate: boolean }
  | { readonly kind: 'stop'; readonly release: boolean; readonly back: number }
  | { readonly kind: 'reload'; readonly rules: RuleSet; readonly perHost: number }
  | { readonly kind: 'date'; readonly jump: number }
  | { readonly kind: 'suspend'; readonly for: number }
  | { readonly kind: 'nothing' }

export interface Event {
  /** Milliseconds after the one before. */
  readonly wait: number
  readonly does: Happening
}
