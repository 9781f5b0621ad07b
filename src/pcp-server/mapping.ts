import type { IpAddress } from '../lib/ip.ts'
import type { Millis } from '../lib/units.ts'
import type { Nonce } from '../pcp/wire/message.ts'

/** A UDP address and port. */
export interface Endpoint {
  readonly address: IpAddress
  readonly port: number
}

/** RFC 6887 §13.3: a remote host or network that is let in. */
export interface Filter {
  /** 96..128 for IPv4, 1..128 for IPv6. */
  readonly prefixLength: number
  /** 0 for all ports. */
  readonly remotePort: number
  readonly remoteAddress: IpAddress
}

/** What a mapping is for; there is one mapping an internal tuple (RFC 6887 §11.3). */
export interface InternalTuple {
  readonly protocol: number
  readonly internalAddress: IpAddress
  readonly internalPort: number
}

export interface Mapping extends InternalTuple {
  readonly nonce: Nonce
  readonly external: Endpoint
  readonly expiresAt: Millis
  /** Empty for everybody. */
  readonly filters: readonly Filter[]
  /** Who asked last, and from where: Mapping Updates go there (RFC 6887 §14.2). */
  readonly client: Endpoint
  /** Whether the last request had PREFER_FAILURE, which decides about its Mapping Update (RFC 6887 §14.2). */
  readonly preferFailure: boolean
}
