import { fromBytes, toBytes } from '../../lib/ip.ts'
import { encodeMap, MAP_SIZE, readMap } from './map.ts'
import type { PeerPayload } from './message.ts'
import { ADDRESS_SIZE, viewOf } from './octets.ts'

/** Offsets of what PEER has after the fields of MAP (RFC 6887 §12.1); what is not named is reserved. */
const AT = { remotePort: MAP_SIZE, remoteAddress: MAP_SIZE + 4 } as const

export const PEER_SIZE = AT.remoteAddress + ADDRESS_SIZE

export function encodePeer(peer: PeerPayload): Uint8Array {
  const bytes = new Uint8Array(PEER_SIZE)
  bytes.set(encodeMap(peer))
  viewOf(bytes).setUint16(AT.remotePort, peer.remotePort)
  bytes.set(toBytes(peer.remoteAddress), AT.remoteAddress)
  return bytes
}

/** `payload` holds PEER_SIZE octets at least. */
export function readPeer(payload: Uint8Array): PeerPayload {
  return {
    ...readMap(payload),
    remotePort: viewOf(payload).getUint16(AT.remotePort),
    remoteAddress: fromBytes(payload.subarray(AT.remoteAddress, AT.remoteAddress + ADDRESS_SIZE)),
  }
}
