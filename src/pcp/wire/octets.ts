// Fields in network order (RFC 6887 §7). Nothing here checks a length: who parses a message does it once, before.

export const ADDRESS_SIZE = 16

/** Every part of a message takes a multiple of four octets (RFC 6887 §7.3, §8.3). */
export const padded = (length: number): number => Math.ceil(length / 4) * 4

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** A copy, so that a value that is kept never pins or shares the datagram it came in. */
export const copyOf = (bytes: Uint8Array, from: number, to?: number): Uint8Array =>
  new Uint8Array(bytes.subarray(from, to))

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
