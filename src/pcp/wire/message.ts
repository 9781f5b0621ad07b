import type { IpAddress } from '../../lib/ip.ts'

// PCP messages as values (RFC 6887 §7, §11, §12, §13, §14). Numbers are as on the wire, so that every field of
// every message round-trips, also with codes that this program does not know.

/** 12 octets (§11.1). */
export type Nonce = Uint8Array

/** §11.1: MAP. In a request the external pair is suggested, in a response assigned. */
export interface MapPayload {
  readonly nonce: Nonce
  /** IANA protocol number, 0 for all. */
  readonly protocol: number
  readonly internalPort: number
  readonly externalPort: number
  readonly externalAddress: IpAddress
}

/** §12.1: PEER. */
export interface PeerPayload extends MapPayload {
  readonly remotePort: number
  readonly remoteAddress: IpAddress
}

/** §7.3. */
export type Option =
  | { readonly option: 'THIRD_PARTY'; readonly internalAddress: IpAddress }
  | { readonly option: 'PREFER_FAILURE' }
  | {
      readonly option: 'FILTER'
      readonly prefixLength: number
      readonly remotePort: number
      readonly remoteAddress: IpAddress
    }
  | { readonly option: 'DESCRIPTION'; readonly text: Uint8Array }
  | { readonly option: 'UNKNOWN'; readonly code: number; readonly data: Uint8Array }

/** What an opcode carries. UNKNOWN keeps the octets after the header as they came. */
export type Body =
  | { readonly opcode: 'ANNOUNCE' }
  | { readonly opcode: 'MAP'; readonly map: MapPayload }
  | { readonly opcode: 'PEER'; readonly peer: PeerPayload }
  | { readonly opcode: 'UNKNOWN'; readonly code: number; readonly data: Uint8Array }

/** §7.1. */
export interface Request {
  /** Seconds, 0..2^32-1; 0 deletes. */
  readonly lifetime: number
  readonly clientAddress: IpAddress
  readonly body: Body
  readonly options: readonly Option[]
}

/** §7.2. */
export interface Response {
  /** Result code as on the wire, 0..255. */
  readonly result: number
  readonly lifetime: number
  /** Seconds since the server lost its state (§8.5). */
  readonly epoch: number
  readonly body: Body
  readonly options: readonly Option[]
  /** A malformed option follows the ones above; what stands before it is good. */
  readonly truncated: boolean
}
