import { fromBytes, toBytes } from '../../lib/ip.ts'
import { NONCE_SIZE } from './constants.ts'
import type { MapPayload } from './message.ts'
import { ADDRESS_SIZE, copyOf, viewOf } from './octets.ts'

/** Offsets in the payload (RFC 6887 §11.1); what is not named is reserved. */
const AT = { nonce: 0, protocol: 12, internalPort: 16, externalPort: 18, externalAddress: 20 } as const

export const MAP_SIZE = AT.externalAddress + ADDRESS_SIZE

export function encodeMap(map: MapPayload): Uint8Array {
  const bytes = new Uint8Array(MAP_SIZE)
  const view = viewOf(bytes)
  bytes.set(map.nonce, AT.nonce)
  view.setUint8(AT.protocol, map.protocol)
  view.setUint16(AT.internalPort, map.internalPort)
  view.setUint16(AT.externalPort, map.externalPort)
  bytes.set(toBytes(map.externalAddress), AT.externalAddress)
  return bytes
}

/** `payload` holds MAP_SIZE octets at least. */
export function readMap(payload: Uint8Array): MapPayload {
  const view = viewOf(payload)
  return {
    nonce: copyOf(payload, AT.nonce, AT.nonce + NONCE_SIZE),
    protocol: view.getUint8(AT.protocol),
    internalPort: view.getUint16(AT.internalPort),
    externalPort: view.getUint16(AT.externalPort),
    externalAddress: fromBytes(payload.subarray(AT.externalAddress, AT.externalAddress + ADDRESS_SIZE)),
  }
}
