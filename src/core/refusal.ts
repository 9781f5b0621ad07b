import type { ResultName } from '../pcp/wire/constants.ts'

/** What a refusal of the carrier means for the mapping that was asked for. */
const MEANING: Partial<Record<ResultName | 'UNKNOWN', string>> = {
  NOT_AUTHORIZED: 'the carrier does not allow it',
  UNSUPP_OPTION: 'the carrier does not take an option that cannot be left out',
  NETWORK_FAILURE: 'the carrier has no external address now',
  NO_RESOURCES: 'the carrier has no room for more mappings',
  UNSUPP_PROTOCOL: 'the carrier does not map this protocol',
  USER_EX_QUOTA: 'the carrier grants this line no more mappings',
  CANNOT_PROVIDE_EXTERNAL: 'the carrier has given this port to somebody else',
  ADDRESS_MISMATCH: 'another NAT stands between this router and the PCP server',
}

/** What is about the line and not about one port: the status has the cure (core/problems.ts). */
const IN_STATUS: ReadonlySet<ResultName | 'UNKNOWN'> = new Set([
  'NOT_AUTHORIZED',
  'UNSUPP_OPTION',
  'NO_RESOURCES',
  'USER_EX_QUOTA',
  'ADDRESS_MISMATCH',
  'NETWORK_FAILURE',
  'UNSUPP_OPCODE',
])

/** In plain words, as RFC 6887 §7.4 calls it, and where to read what to do. */
export const reasonOf = (result: ResultName | 'UNKNOWN'): string =>
  `${MEANING[result] ?? 'the carrier refuses it'} (${result})${IN_STATUS.has(result) ? '; see igd-pcp status' : ''}`
