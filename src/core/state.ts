// What becomes of one life of an internal port, from the first thought of it until the carrier surely holds nothing
// of it any more: as two tables, and nothing else decides.

/** What a state means for those who look at it. */
interface Meaning {
  /** Does the router forward? */
  readonly nat: boolean
  /** Does Get… show it? */
  readonly shown: boolean
  /** Has the carrier granted it, as far as is known? Else it is asked until it answers. */
  readonly held: boolean
  /** The status of a mapping-entry in the YANG module ietf-pcp-iwf. */
  readonly status: 'disabled' | 'requested' | 'assigned' | 'stale'
}

export const STATE = {
  /** On its way to the disk; nothing was sent. */
  INTENT: { nat: false, shown: false, held: false, status: 'requested' },
  /** The carrier is asked, a control point waits. */
  REQUESTING: { nat: true, shown: false, held: false, status: 'requested' },
  /** The router itself asks: for its address, or whether a port is free. */
  PROBE: { nat: false, shown: false, held: false, status: 'requested' },
  /** Granted. */
  ACTIVE: { nat: true, shown: true, held: true, status: 'assigned' },
  /** Granted, and the carrier is asked to prolong it. */
  RENEWING: { nat: true, shown: true, held: true, status: 'assigned' },
  /** The carrier refuses to renew it, or gave it another port than it must have. */
  DEGRADED: { nat: true, shown: true, held: true, status: 'stale' },
  /** The PCP lifetime is over, a lease lives. */
  LAPSED: { nat: true, shown: true, held: false, status: 'stale' },
  /** To be made anew, as the carrier or the daemon began anew. */
  RECOVERING: { nat: true, shown: true, held: false, status: 'stale' },
  /** Known from before a reboot; nothing is promised to anybody until the carrier confirms it. */
  RESTORED: { nat: false, shown: false, held: false, status: 'stale' },
  /** No control point was told yes; the carrier may have done it all the same. */
  ABORTING: { nat: false, shown: false, held: false, status: 'disabled' },
  /** Nobody wants it any more; the carrier is told until it confirms. */
  DELETING: { nat: false, shown: false, held: false, status: 'disabled' },
  /** Confirmed, but the carrier forwards for some time yet (RFC 6887 §15.1). */
  QUARANTINE: { nat: false, shown: false, held: false, status: 'disabled' },
  /** The carrier holds nothing of it. */
  GONE: { nat: false, shown: false, held: false, status: 'disabled' },
} as const satisfies Record<string, Meaning>
export type State = keyof typeof STATE

/** What can happen to it. */
export type Event =
  /** A control point's request is about to leave. */
  | 'asking'
  /** The router's own request is about to leave. */
  | 'probing'
  /** SUCCESS as wished. */
  | 'granted'
  /** SUCCESS with another port than the one it must have. */
  | 'moved'
  | 'refused'
  /** A renewal left. */
  | 'renewing'
  /** No answer to a renewal. */
  | 'silent'
  /** Known from before a restart of the daemon. */
  | 'resumed'
  /** Known from before a reboot of the machine. */
  | 'rebooted'
  /** The PCP lifetime, or the quarantine, is over. */
  | 'expired'
  /** The carrier lost its state, or another one is asked. */
  | 'lost'
  /** What was asked for is not wanted any more, or was not what was wished. */
  | 'abandoned'
  /** Deleted by its owner, or by the end of its lease. */
  | 'ended'
  /** The carrier confirmed the delete. */
  | 'deleted'
  /** The carrier confirmed the delete, but goes on for a while. */
  | 'lingers'

const ENDS = { ended: 'DELETING', abandoned: 'DELETING' } as const
const HELD = {
  granted: 'ACTIVE',
  moved: 'DEGRADED',
  refused: 'DEGRADED',
  expired: 'LAPSED',
  lost: 'RECOVERING',
  ...ENDS,
} as const
const UNDOING = { deleted: 'GONE', expired: 'GONE', lingers: 'QUARANTINE' } as const

/** An event that a row does not name changes nothing. */
const NEXT: Record<State, Partial<Record<Event, State>>> = {
  INTENT: {
    asking: 'REQUESTING',
    probing: 'PROBE',
    refused: 'GONE',
    abandoned: 'ABORTING',
    resumed: 'RECOVERING',
    rebooted: 'RESTORED',
  },
  REQUESTING: { granted: 'ACTIVE', refused: 'GONE', abandoned: 'ABORTING' },
  PROBE: { asking: 'REQUESTING', refused: 'GONE', abandoned: 'ABORTING' },
  ACTIVE: { ...HELD, renewing: 'RENEWING' },
  RENEWING: { ...HELD, silent: 'ACTIVE' },
  DEGRADED: HELD,
  LAPSED: { ...HELD, refused: 'LAPSED', lost: 'LAPSED' },
  RECOVERING: HELD,
  RESTORED: { granted: 'ACTIVE', moved: 'DEGRADED', ...ENDS },
  ABORTING: { ...UNDOING, asking: 'REQUESTING' },
  DELETING: UNDOING,
  QUARANTINE: { expired: 'GONE' },
  GONE: {},
}

export const next = (state: State, event: Event): State => NEXT[state][event] ?? state
