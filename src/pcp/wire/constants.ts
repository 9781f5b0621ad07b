// The registries of PCP as tables: IANA "Port Control Protocol (PCP)", same spelling, same order.

/** RFC 6887 §7.1. */
export const VERSION = 2
/** RFC 6887 §19.1. The server listens here. */
export const SERVER_PORT = 5351
/** RFC 6887 §19.1. Clients listen here for multicast ANNOUNCE. */
export const CLIENT_PORT = 5350
/** RFC 6887 §7: octets in a message at most. */
export const MAX_MESSAGE = 1100
/** RFC 6887 §7.1, §7.2: octets of the common header. */
export const HEADER_SIZE = 24
/** RFC 6887 §11.1: octets of a mapping nonce. */
export const NONCE_SIZE = 12
/** RFC 6887 §15: the longest lifetime a field can carry, meant as infinite. */
export const INFINITE_LIFETIME = 0xffffffff

/** PCP Opcodes. */
export const OPCODE = {
  ANNOUNCE: 0,
  MAP: 1,
  PEER: 2,
  AUTHENTICATION: 3,
} as const
export type OpcodeName = keyof typeof OPCODE

/** PCP Result Codes. */
export const RESULT_CODE = {
  SUCCESS: 0,
  UNSUPP_VERSION: 1,
  NOT_AUTHORIZED: 2,
  MALFORMED_REQUEST: 3,
  UNSUPP_OPCODE: 4,
  UNSUPP_OPTION: 5,
  MALFORMED_OPTION: 6,
  NETWORK_FAILURE: 7,
  NO_RESOURCES: 8,
  UNSUPP_PROTOCOL: 9,
  USER_EX_QUOTA: 10,
  CANNOT_PROVIDE_EXTERNAL: 11,
  ADDRESS_MISMATCH: 12,
  EXCESSIVE_REMOTE_PEERS: 13,
  INITIATION: 14,
  AUTHENTICATION_REQUIRED: 15,
  AUTHENTICATION_FAILED: 16,
  AUTHENTICATION_SUCCEEDED: 17,
  AUTHORIZATION_FAILED: 18,
  SESSION_TERMINATED: 19,
  UNKNOWN_SESSION_ID: 20,
  DOWNGRADE_ATTACK_DETECTED: 21,
  AUTHENTICATION_REQUEST: 22,
  AUTHENTICATION_REPLY: 23,
  UNSUPP_THIRD_PARTY_ID: 24,
  MISSING_THIRD_PARTY_ID: 25,
  UNSUPP_THIRD_PARTY_ID_LENGTH: 26,
} as const
export type ResultName = keyof typeof RESULT_CODE

const RESULT_NAME = inverted(RESULT_CODE)

/** Undefined for a code that no registry has. */
export const resultName = (code: number): ResultName | undefined => RESULT_NAME.get(code)

/** PCP Options. */
export const OPTION_CODE = {
  THIRD_PARTY: 1,
  PREFER_FAILURE: 2,
  FILTER: 3,
  NONCE: 4,
  AUTHENTICATION_TAG: 5,
  PA_AUTHENTICATION_TAG: 6,
  EAP_PAYLOAD: 7,
  PRF: 8,
  MAC_ALGORITHM: 9,
  SESSION_LIFETIME: 10,
  RECEIVED_PAK: 11,
  ID_INDICATOR: 12,
  THIRD_PARTY_ID: 13,
  DESCRIPTION: 128,
  PREFIX64: 129,
  PORT_SET: 130,
} as const

/** IANA protocol numbers that a port mapping can name (RFC 6970 §4.1). */
export const PROTOCOL_NUMBER = { TCP: 6, UDP: 17 } as const

function inverted<Name extends string>(table: Readonly<Record<Name, number>>): Map<number, Name> {
  const names = new Map<number, Name>()
  for (const name in table) names.set(table[name], name)
  return names
}
