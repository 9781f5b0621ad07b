import { OPCODE } from './constants.ts'
import { encodeMap, MAP_SIZE, readMap } from './map.ts'
import type { Body } from './message.ts'
import { copyOf, joined, padded } from './octets.ts'
import { encodePeer, PEER_SIZE, readPeer } from './peer.ts'

/** What a message carries after its header, and how many octets of it are no options. */
export interface SizedBody {
  readonly body: Body
  readonly size: number
}

export const opcodeOf = (body: Body): number => (body.opcode === 'UNKNOWN' ? body.code : OPCODE[body.opcode])

export function encodeBody(body: Body): Uint8Array {
  switch (body.opcode) {
    case 'ANNOUNCE':
      return new Uint8Array(0)
    case 'MAP':
      return encodeMap(body.map)
    case 'PEER':
      return encodePeer(body.peer)
    case 'UNKNOWN':
      return joined([body.data, new Uint8Array(padded(body.data.length) - body.data.length)])
  }
}

/** Undefined: too short for the opcode. */
export function readBody(opcode: number, payload: Uint8Array): SizedBody | undefined {
  switch (opcode) {
    case OPCODE.ANNOUNCE:
      return { body: { opcode: 'ANNOUNCE' }, size: 0 }
    case OPCODE.MAP:
      if (payload.length < MAP_SIZE) return undefined
      return { body: { opcode: 'MAP', map: readMap(payload) }, size: MAP_SIZE }
    case OPCODE.PEER:
      if (payload.length < PEER_SIZE) return undefined
      return { body: { opcode: 'PEER', peer: readPeer(payload) }, size: PEER_SIZE }
    default:
      return {
        body: { opcode: 'UNKNOWN', code: opcode, data: copyOf(payload, 0) },
        size: payload.length,
      }
  }
}
