import { type Decoded, decoded, malformed } from '../../lib/decoded.ts'
import { type Ipv4Address, parseIpv4 } from '../../lib/ip.ts'

// NAT-PMP messages (RFC 6886 §3) as a client sends and reads them. Pure.

/** §3.5. */
export const NATPMP_RESULT = {
  SUCCESS: 0,
  UNSUPP_VERSION: 1,
  NOT_AUTHORIZED: 2,
  NETWORK_FAILURE: 3,
  OUT_OF_RESOURCES: 4,
  UNSUPP_OPCODE: 5,
} as const

/** §3.2, §3.3. */
const OPCODE = { EXTERNAL_ADDRESS: 0, UDP: 1, TCP: 2 } as const
const VERSION = 0
const RESPONSE = 128
const VERSION_REPLY_SIZE = 8
const ADDRESS_REPLY_SIZE = 12
const MAP_REQUEST_SIZE = 12
const MAP_REPLY_SIZE = 16

type NatPmpProtocol = 'TCP' | 'UDP'

export interface NatPmpMap {
  readonly protocol: NatPmpProtocol
  readonly internalPort: number
  /** Suggested in a request, mapped in a response; 0 for no preference. */
  readonly externalPort: number
  /** Seconds; 0 deletes. */
  readonly lifetime: number
}

export type NatPmpReply =
  | {
      readonly kind: 'address'
      readonly result: number
      readonly epoch: number
      readonly address: Ipv4Address
    }
  | { readonly kind: 'map'; readonly result: number; readonly epoch: number; readonly map: NatPmpMap }
  | { readonly kind: 'unsupported-version'; readonly epoch: number }

export const encodeAddressRequest = (): Uint8Array => Uint8Array.of(VERSION, OPCODE.EXTERNAL_ADDRESS)

/** §3.3; a delete is a request with lifetime and suggested port 0 (§3.4). */
export function encodeMapRequest(map: NatPmpMap): Uint8Array {
  const bytes = new Uint8Array(MAP_REQUEST_SIZE)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, VERSION)
  view.setUint8(1, OPCODE[map.protocol])
  view.setUint16(4, map.internalPort)
  view.setUint16(6, map.externalPort)
  view.setUint32(8, map.lifetime)
  return bytes
}

/**
 * §3.5 has the answer to another version with OP 0, servers in the field also set the response bit: both are read.
 * A PCP client takes it as the sign of a server that speaks NAT-PMP alone (RFC 6887 §9).
 */
export const isVersionReply = (packet: Uint8Array): boolean =>
  packet.length === VERSION_REPLY_SIZE && packet[0] === VERSION && packet[3] === NATPMP_RESULT.UNSUPP_VERSION

/** RFC 6887 Appendix A: what a PCP server that knows no NAT-PMP answers, with a version of its own. */
export const isOtherVersionReply = (packet: Uint8Array): boolean =>
  packet.length >= 4 &&
  packet[0] !== VERSION &&
  ((packet[1] ?? 0) & RESPONSE) !== 0 &&
  packet[3] === NATPMP_RESULT.UNSUPP_VERSION

export function decodeNatPmpReply(packet: Uint8Array): Decoded<NatPmpReply> {
  if (packet.length < VERSION_REPLY_SIZE) return malformed('shorter than a reply')
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
  if (view.getUint8(0) !== VERSION) return malformed('not version 0')
  const epoch = view.getUint32(4)
  if (isVersionReply(packet)) return decoded({ kind: 'unsupported-version', epoch })
  const common = { result: view.getUint16(2), epoch }
  switch (view.getUint8(1) - RESPONSE) {
    case OPCODE.EXTERNAL_ADDRESS:
      return readAddress(view, common)
    case OPCODE.UDP:
      return readMap(view, common, 'UDP')
    case OPCODE.TCP:
      return readMap(view, common, 'TCP')
    default:
      return malformed('not a reply')
  }
}

interface Common {
  readonly result: number
  readonly epoch: number
}

/** §3.2: with an error the address means nothing. */
function readAddress(view: DataView, common: Common): Decoded<NatPmpReply> {
  if (view.byteLength < ADDRESS_REPLY_SIZE) return malformed('truncated address reply')
  const address = parseIpv4([8, 9, 10, 11].map((at) => view.getUint8(at)).join('.'))
  return address ? decoded({ kind: 'address', ...common, address }) : malformed('no address')
}

function readMap(view: DataView, common: Common, protocol: NatPmpProtocol): Decoded<NatPmpReply> {
  if (view.byteLength < MAP_REPLY_SIZE) return malformed('truncated map reply')
  const map = {
    protocol,
    internalPort: view.getUint16(8),
    externalPort: view.getUint16(10),
    lifetime: view.getUint32(12),
  }
  return decoded({ kind: 'map', ...common, map })
}
