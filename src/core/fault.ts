import type { IgdVersion } from './types.ts'

/** UPnP error codes with their exact texts (UDA; WANIPConnection:2 table 2-51). */
export const FAULT_TEXT = {
  401: 'Invalid Action',
  402: 'Invalid Args',
  404: 'Invalid Var',
  501: 'Action Failed',
  600: 'Argument Value Invalid',
  601: 'Argument Value Out of Range',
  606: 'Action not authorized',
  713: 'SpecifiedArrayIndexInvalid',
  714: 'NoSuchEntryInArray',
  715: 'WildCardNotPermittedInSrcIP',
  716: 'WildCardNotPermittedInExtPort',
  718: 'ConflictInMappingEntry',
  720: 'InvalidDeviceUUID',
  721: 'InvalidServiceID',
  723: 'InvalidConnServiceSelection',
  728: 'NoPortMapsAvailable',
  729: 'ConflictWithOtherMechanisms',
  730: 'PortMappingNotFound',
  731: 'ReadOnly',
  732: 'WildCardNotPermittedInIntPort',
  733: 'InconsistentParameters',
} as const
export type FaultCode = keyof typeof FAULT_TEXT

/**
 * A SOAP fault on its way to the control point. Code below the edge throws the IGD:2 code; the edge turns it
 * into what the called version knows with `forVersion`.
 */
export class Fault extends Error {
  readonly code: FaultCode
  /** For the log: why, in plain words. Never sent. */
  readonly reason: string

  constructor(code: FaultCode, reason: string) {
    super(`${String(code)} ${FAULT_TEXT[code]}: ${reason}`)
    this.code = code
    this.reason = reason
  }
}

/** The arguments of a call make no sense, so nothing below the edge hears of it. */
export class ArgumentFault extends Fault {}

/** IGD:2 codes that IGD:1 lacks, and what it has in their place (RFC 6970 §4.3; WANIPConnection:1). */
const IGD1_CODE: Partial<Record<FaultCode, FaultCode>> = {
  600: 402,
  601: 402,
  606: 718,
  715: 402,
  728: 501,
  729: 718,
  732: 402,
}

/** 606 tells a :1 control point "no such entry" where the action looks one up. */
const LOOKS_UP = new Set(['DeletePortMapping', 'GetSpecificPortMappingEntry'])

/** The code of `fault` as `action` of a service of `version` may answer it. */
export function codeForVersion(code: FaultCode, version: IgdVersion, action: string): FaultCode {
  // WANIPConnection:2 has no 718 for it: where any port would do, the trouble is that there is none.
  if (code === 718 && action === 'AddAnyPortMapping') return 728
  if (version === 2) return code
  if (code === 606 && LOOKS_UP.has(action)) return 714
  return IGD1_CODE[code] ?? code
}
