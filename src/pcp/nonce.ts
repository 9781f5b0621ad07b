import { createHmac } from 'node:crypto'
import { type IpAddress, toBytes } from '../lib/ip.ts'
import { NONCE_SIZE } from './wire/constants.ts'
import type { Nonce } from './wire/message.ts'

/** What a mapping nonce stands for: one life of one mapping at one server. */
export interface NonceSubject {
  /** The server by one address, whichever of its addresses is in use: it may know one nonce only (RFC 7488 §3). */
  readonly server: IpAddress
  /** IANA protocol number. */
  readonly protocol: number
  readonly internalAddress: IpAddress
  readonly internalPort: number
  readonly generation: number
}

/** Offsets of the octets that are authenticated. Every field has a fixed width, so no two subjects share them. */
const AT = {
  server: 0,
  internalAddress: 16,
  protocol: 32,
  internalPort: 33,
  generation: 35,
  end: 43,
} as const

/**
 * RFC 6887 §11.2: a nonce nobody can guess without `secret`, different for each server and each life of a mapping,
 * and the same again for whoever has the secret: a mapping can be renewed and deleted after its table is lost.
 */
export function mappingNonce(secret: Uint8Array, subject: NonceSubject): Nonce {
  const bytes = new Uint8Array(AT.end)
  const view = new DataView(bytes.buffer)
  bytes.set(toBytes(subject.server), AT.server)
  bytes.set(toBytes(subject.internalAddress), AT.internalAddress)
  view.setUint8(AT.protocol, subject.protocol)
  view.setUint16(AT.internalPort, subject.internalPort)
  view.setBigUint64(AT.generation, BigInt(subject.generation))
  return new Uint8Array(createHmac('sha256', secret).update(bytes).digest().subarray(0, NONCE_SIZE))
}
