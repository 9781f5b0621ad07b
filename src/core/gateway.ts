import type {
  AddAnyRequest,
  AddRequest,
  Caller,
  ConnectionStatus,
  EntryKey,
  PortMappingEntry,
  PortRange,
} from './types.ts'
import type { Port } from '../lib/units.ts'

/**
 * What a front end may ask of the core: one method per IGD action (RFC 6970 §4.2). Each rejects or throws with a
 * `Fault` (core/fault.ts) in IGD:2 codes, and with nothing else. What is not a promise answers from memory.
 */
export interface Gateway {
  addPortMapping(request: AddRequest, caller: Caller): Promise<void>
  /** Resolves with the port the carrier assigned. */
  addAnyPortMapping(request: AddAnyRequest, caller: Caller): Promise<Port>
  deletePortMapping(key: EntryKey, caller: Caller): Promise<void>
  /** Deletes the entries in the range that the caller has authority over. */
  deletePortMappingRange(range: PortRange, caller: Caller): Promise<void>
  /** `index` counts from 0, the oldest entry first. */
  getGenericPortMappingEntry(index: number, caller: Caller): PortMappingEntry
  getSpecificPortMappingEntry(key: EntryKey, caller: Caller): Promise<PortMappingEntry>
  /** At most `limit` entries in the range, 0 for all. */
  getListOfPortMappings(range: PortRange, limit: number, caller: Caller): readonly PortMappingEntry[]
  /** The carrier's address as last heard, '' before that (RFC 6970 §4.1). */
  externalIpAddress(): string
  connectionStatus(): ConnectionStatus
  portMappingNumberOfEntries(): number
  /** Grows by one per change of the table, 0 after 2^32-1. */
  systemUpdateId(): number
}
