import { fromBytes, type IpAddress } from '../lib/ip.ts'

// The addresses that are constants here.

const ipv4 = (...octets: readonly [number, number, number, number]): IpAddress =>
  fromBytes(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...octets))

export const LOOPBACK = ipv4(127, 0, 0, 1)
/** For documentation only (RFC 5737). */
export const EXAMPLE_ADDRESS = ipv4(203, 0, 113, 1)
/** RFC 6887 §14.1.3. */
export const ALL_HOSTS = ipv4(224, 0, 0, 1)
/** ff02::1, RFC 6887 §14.1.3. */
export const ALL_NODES = fromBytes(Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1))
