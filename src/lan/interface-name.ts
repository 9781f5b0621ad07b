declare const brand: unique symbol

/** A name the kernel could have given an interface; safe as a path segment under /sys/class/net. */
export type InterfaceName = string & { readonly [brand]: 'InterfaceName' }

/** IFNAMSIZ less the final zero. */
const LONGEST = 15

/** The rules of the kernel's dev_valid_name(): up to 15 bytes, no `/`, `:` or blank, not `.` or `..`. */
export function parseInterfaceName(text: string): InterfaceName | undefined {
  const fits = /^[^/:\s\0]+$/.test(text) && Buffer.byteLength(text) <= LONGEST
  return fits && text !== '.' && text !== '..' ? (text as InterfaceName) : undefined
}
