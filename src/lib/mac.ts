declare const brand: unique symbol

/** An Ethernet address: six octets of two lower-case hexadecimal digits, with colons. */
export type MacAddress = string & { readonly [brand]: 'mac' }

const SIX_OCTETS = /^(?:[\da-f]{1,2}:){5}[\da-f]{1,2}$/i

/** Colon-separated octets; a leading zero may be left out, as ether_ntoa(3) does. */
export function parseMac(text: string): MacAddress | undefined {
  if (!SIX_OCTETS.test(text)) return undefined
  const octets = text.split(':').map((octet) => octet.padStart(2, '0'))
  return octets.join(':').toLowerCase() as MacAddress
}
