import { fromBytes, type IpAddress, toBytes } from '../../lib/ip.ts'
import { HEADER_SIZE, VERSION } from './constants.ts'
import { ADDRESS_SIZE, viewOf } from './octets.ts'

/** Offsets in the request header (RFC 6887 §7.1) and in the response header (§7.2). */
const AT = {
  version: 0,
  opcode: 1,
  reserved: 2,
  result: 3,
  lifetime: 4,
  clientAddress: 8,
  epoch: 8,
} as const

/** The R bit, above the 7 bits of the opcode. */
const RESPONSE = 0x80

/** RFC 6887 §7.1. */
export interface RequestHeader {
  /** 0..127. */
  readonly opcode: number
  readonly lifetime: number
  readonly clientAddress: IpAddress
}

/** RFC 6887 §7.2. */
export interface ResponseHeader {
  /** 0..127. */
  readonly opcode: number
  readonly result: number
  readonly lifetime: number
  readonly epoch: number
}

export const versionOf = (packet: Uint8Array): number | undefined => packet[AT.version]

/** Is the R bit set? */
export const isResponse = (packet: Uint8Array): boolean => ((packet[AT.opcode] ?? 0) & RESPONSE) !== 0

export function encodeRequestHeader(header: RequestHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE)
  bytes[AT.version] = VERSION
  bytes[AT.opcode] = header.opcode
  viewOf(bytes).setUint32(AT.lifetime, header.lifetime)
  bytes.set(toBytes(header.clientAddress), AT.clientAddress)
  return bytes
}

/** `packet` holds 24 octets at least. */
export function readRequestHeader(packet: Uint8Array): RequestHeader {
  const view = viewOf(packet)
  return {
    opcode: view.getUint8(AT.opcode) & ~RESPONSE,
    lifetime: view.getUint32(AT.lifetime),
    clientAddress: fromBytes(packet.subarray(AT.clientAddress, AT.clientAddress + ADDRESS_SIZE)),
  }
}

export function encodeResponseHeader(header: ResponseHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE)
  writeResponseHeader(bytes, header)
  return bytes
}

/** Sets what the server sets in the header, and leaves its 96 reserved bits alone. */
export function writeResponseHeader(bytes: Uint8Array, header: ResponseHeader): void {
  const view = viewOf(bytes)
  view.setUint8(AT.version, VERSION)
  view.setUint8(AT.opcode, RESPONSE | header.opcode)
  view.setUint8(AT.reserved, 0)
  view.setUint8(AT.result, header.result)
  view.setUint32(AT.lifetime, header.lifetime)
  view.setUint32(AT.epoch, header.epoch)
}

/** `packet` holds 24 octets at least. */
export function readResponseHeader(packet: Uint8Array): ResponseHeader {
  const view = viewOf(packet)
  return {
    opcode: view.getUint8(AT.opcode) & ~RESPONSE,
    result: view.getUint8(AT.result),
    lifetime: view.getUint32(AT.lifetime),
    epoch: view.getUint32(AT.epoch),
  }
}
