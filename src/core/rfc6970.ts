import type { ResultName } from '../pcp/wire/constants.ts'
import type { FaultCode } from './fault.ts'
import type { IgdVersion } from './types.ts'

// The three tables of RFC 6970 §4, in its order and spelling.

/** §4.1: where each state variable lives: a field of PCP, or 'local' to the interworking function. */
export const STATE_VARIABLE = {
  ExternalIPAddress: 'Assigned External IP Address',
  PortMappingNumberOfEntries: 'local',
  PortMappingEnabled: 'local',
  PortMappingLeaseDuration: 'Requested Mapping Lifetime',
  RemoteHost: 'FILTER: Remote Peer IP Address',
  ExternalPort: 'Suggested External Port',
  InternalPort: 'Internal Port',
  PortMappingProtocol: 'Protocol',
  InternalClient: 'THIRD_PARTY: Internal IP Address',
  PortMappingDescription: 'DESCRIPTION',
  SystemUpdateID: 'local',
  A_ARG_TYPE_PortListing: 'local',
} as const

/** What a method asks of the PCP server; 'local' is answered from the table. */
type Relay = 'local' | { readonly opcode: 'MAP'; readonly preferFailure: boolean; readonly deletes: boolean }

/** §4.2, with PREFER_FAILURE as §5.6 and §5.7 have it. */
export const METHOD = {
  GetGenericPortMappingEntry: 'local',
  GetSpecificPortMappingEntry: { opcode: 'MAP', preferFailure: true, deletes: false },
  AddPortMapping: { opcode: 'MAP', preferFailure: true, deletes: false },
  AddAnyPortMapping: { opcode: 'MAP', preferFailure: false, deletes: false },
  DeletePortMapping: { opcode: 'MAP', preferFailure: false, deletes: true },
  DeletePortMappingRange: { opcode: 'MAP', preferFailure: false, deletes: true },
  GetExternalIPAddress: { opcode: 'MAP', preferFailure: false, deletes: false },
  GetListOfPortMappings: 'local',
} as const satisfies Record<string, Relay>

const both = (code: FaultCode) => ({ 1: code, 2: code }) as const

/**
 * §4.3: the UPnP error of each PCP result, per IGD version. CANNOT_PROVIDE_EXTERNAL is as AddPortMapping answers
 * it; GetSpecificPortMappingEntry answers 714 (§5.7). Results that came after the RFC fail like the others.
 */
const ERROR = {
  UNSUPP_VERSION: both(501),
  NOT_AUTHORIZED: { 1: 718, 2: 606 },
  MALFORMED_REQUEST: both(501),
  UNSUPP_OPCODE: both(501),
  UNSUPP_OPTION: both(501),
  MALFORMED_OPTION: both(501),
  NETWORK_FAILURE: both(501),
  NO_RESOURCES: { 1: 501, 2: 728 },
  UNSUPP_PROTOCOL: both(501),
  USER_EX_QUOTA: { 1: 501, 2: 728 },
  CANNOT_PROVIDE_EXTERNAL: both(718),
  ADDRESS_MISMATCH: both(501),
  EXCESSIVE_REMOTE_PEERS: both(501),
} as const satisfies Partial<Record<ResultName, Record<IgdVersion, FaultCode>>>

const isListed = (result: string): result is keyof typeof ERROR => Object.hasOwn(ERROR, result)

/** §4.3. Codes the table lacks are 501. */
export const errorOf = (result: ResultName | 'UNKNOWN', version: IgdVersion): FaultCode =>
  isListed(result) ? ERROR[result][version] : 501
