import type { NatPort } from '../core/ports.ts'

/** `nat: none` (RFC 6970 §5.4): the router translates nothing, so there is nothing to do. */
export const noNat: NatPort = {
  set: () => Promise.resolve(),
  remove: () => Promise.resolve(),
  busyWanPorts: () => Promise.resolve(new Set()),
}
