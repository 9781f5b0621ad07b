// What RFC 7220 lets a client call its mapping. The text comes from a control point, and the carrier shows it to people.

/** Octets of UTF-8. The RFC allows 1016; nobody reads more than a line. */
const MOST = 128

/** `text` as DESCRIPTION carries it: UTF-8 without control characters, cut between two characters; perhaps nothing. */
export function describedAs(text: string): Uint8Array {
  const bytes = new Uint8Array(MOST)
  const { written } = new TextEncoder().encodeInto(text.replaceAll(/\p{Cc}/gu, ''), bytes)
  return bytes.slice(0, written)
}
