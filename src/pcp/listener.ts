import type { PcpGranted, PcpMapping, PcpRefused } from '../core/ports.ts'
import type { Millis, Seconds } from '../lib/units.ts'
import type { OpcodeName } from './wire/constants.ts'

/** A response that stood every check, for those who follow the server's epoch (RFC 6887 §8.5). */
export interface ResponseSeen {
  readonly opcode: Extract<OpcodeName, 'MAP' | 'ANNOUNCE'>
  readonly epoch: Seconds
  readonly receivedAt: Millis
  /** When the request it answers last left; undefined: it answers none. */
  readonly sentAt: Millis | undefined
}

/** Hears what is no answer to a call. Called within the reception, before the call that is answered goes on. */
export interface PcpListener {
  onResponse(seen: ResponseSeen): void
  /** The server says unasked, or other than it was asked, how a mapping of ours stands now (§8.3, §14.2). */
  onMappingUpdate(mapping: PcpMapping, outcome: PcpGranted | PcpRefused): void
  /** §9: the server has no version 2; `version` is the nearest it has, 0 for NAT-PMP. */
  onUnsupportedVersion(version: number): void
  /** An ICMP error, or no route. What is outstanding goes on. */
  onUnreachable(error: Error): void
}
