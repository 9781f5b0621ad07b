import { ANY_IPV4, type IpAddress, isIpv4, toBytes } from '../lib/ip.ts'
import { MAX_MESSAGE, NONCE_SIZE, PROTOCOL_NUMBER, type ResultName } from '../pcp/wire/constants.ts'
import { NATPMP_RESULT } from '../pcp/wire/natpmp.ts'
import type { Endpoint } from './mapping.ts'
import type { Answer, PcpModel } from './model.ts'
import type { Reply } from './reply.ts'
import type { Settings } from './settings.ts'

// NAT-PMP (RFC 6886), as far as a client sees it, on top of the table of the PCP server. The companion port of §3.3
// is not reserved: nothing here moves packets.

type Result = keyof typeof NATPMP_RESULT

/** RFC 6886 §3.3. */
const PROTOCOL_OF: Readonly<Record<number, 'UDP' | 'TCP'>> = { 1: 'UDP', 2: 'TCP' }

/** What the PCP server refuses, in the words of RFC 6886 §3.5; all else is NOT_AUTHORIZED. */
const REFUSED_AS: Partial<Record<ResultName, Result>> = {
  NETWORK_FAILURE: 'NETWORK_FAILURE',
  NO_RESOURCES: 'OUT_OF_RESOURCES',
  USER_EX_QUOTA: 'OUT_OF_RESOURCES',
}

const RESPONSE = 0x80
const EXTERNAL_ADDRESS = 0
const MAP_REQUEST_SIZE = 12

/** NAT-PMP has no nonces: every client of one address is the same to it. */
const NO_NONCE = new Uint8Array(NONCE_SIZE)

/** What a request is answered with, and from. */
export interface Gateway {
  readonly model: PcpModel
  readonly settings: Settings
  readonly epoch: number
}

interface MapFields {
  readonly protocol: 'UDP' | 'TCP'
  readonly internalPort: number
  readonly externalPort: number
  readonly lifetime: number
}

interface Outcome {
  readonly result: Result
  readonly externalPort: number
  readonly lifetime: number
}

/** Undefined where RFC 6886 §3.5 wants silence, or the request is too short to be answered. */
export function answerNatPmp(request: Uint8Array, client: Endpoint, gateway: Gateway): Reply | undefined {
  const [version, opcode] = request
  if (version === undefined || opcode === undefined || opcode >= RESPONSE) return undefined
  if (version !== 0) return unsupportedVersion(version, gateway)
  if (opcode === EXTERNAL_ADDRESS) return externalAddress(gateway)
  const protocol = PROTOCOL_OF[opcode]
  if (!protocol) return unsupportedOpcode(request, opcode)
  if (request.length < MAP_REQUEST_SIZE) return undefined
  return map(readMapFields(request, protocol), opcode, client, gateway)
}

function readMapFields(request: Uint8Array, protocol: 'UDP' | 'TCP'): MapFields {
  const view = new DataView(request.buffer, request.byteOffset, MAP_REQUEST_SIZE)
  return {
    protocol,
    internalPort: view.getUint16(4),
    externalPort: view.getUint16(6),
    lifetime: view.getUint32(8),
  }
}

/** RFC 6886 §3.5: an opcode of 0, whatever was asked, and the version that is spoken here. */
const unsupportedVersion = (version: number, { epoch }: Gateway): Reply => ({
  bytes: message(0, 'UNSUPP_VERSION', epoch),
  asked: `version ${version}`,
  result: 'UNSUPP_VERSION 0',
})

/** RFC 6886 §3.5: the entire request goes back. */
function unsupportedOpcode(request: Uint8Array, opcode: number): Reply {
  const bytes = new Uint8Array(Math.max(4, Math.min(request.length, MAX_MESSAGE)))
  bytes.set(request.subarray(0, MAX_MESSAGE))
  bytes.set([RESPONSE | opcode, 0, NATPMP_RESULT.UNSUPP_OPCODE], 1)
  return { bytes, asked: `NAT-PMP opcode ${opcode}`, result: 'UNSUPP_OPCODE' }
}

/** RFC 6886 §3.2. */
function externalAddress({ settings, epoch }: Gateway): Reply {
  const ours = settings.externalAddress
  const result = isIpv4(ours) ? 'SUCCESS' : 'NETWORK_FAILURE'
  const bytes = message(RESPONSE | EXTERNAL_ADDRESS, result, epoch, isIpv4(ours) ? numberOf(ours) : 0)
  return { bytes, asked: 'NAT-PMP external address', result: `${result} ${ours}` }
}

/** RFC 6886 §3.3, §3.4. */
function map(fields: MapFields, opcode: number, client: Endpoint, gateway: Gateway): Reply {
  const { protocol, internalPort, lifetime } = fields
  const deletesAll = lifetime === 0 && internalPort === 0
  const done = deletesAll ? deleteAll(fields, client, gateway) : outcomeOf(ask(fields, client, gateway))
  const ports = internalPort * 65536 + done.externalPort
  return {
    bytes: message(RESPONSE | opcode, done.result, gateway.epoch, ports, done.lifetime),
    asked: `NAT-PMP map ${protocol} ${internalPort} for ${lifetime} s`,
    result: `${done.result} ${done.externalPort} for ${done.lifetime} s`,
  }
}

/** RFC 6886 §3.4: as many as can be deleted, and an error if one could not. */
function deleteAll(fields: MapFields, client: Endpoint, gateway: Gateway): Outcome {
  const outcomes = gateway.model.table
    .heldBy(client.address)
    .filter(({ protocol }) => protocol === PROTOCOL_NUMBER[fields.protocol])
    .map(({ internalPort }) => outcomeOf(ask({ ...fields, internalPort }, client, gateway)))
  return outcomes.find(({ result }) => result !== 'SUCCESS') ?? without('SUCCESS')
}

/** The same request in PCP. A delete names no external port (RFC 6886 §3.4). */
function ask(fields: MapFields, client: Endpoint, { model, settings }: Gateway): Answer {
  const { lifetime, internalPort } = fields
  const map = {
    nonce: NO_NONCE,
    protocol: PROTOCOL_NUMBER[fields.protocol],
    internalPort,
    externalPort: lifetime === 0 ? 0 : fields.externalPort,
    externalAddress: ANY_IPV4,
  }
  const request = {
    lifetime,
    clientAddress: client.address,
    body: { opcode: 'MAP', map },
    options: [],
  } as const
  return model.answer(request, client, settings)
}

function outcomeOf(answer: Answer): Outcome {
  if (answer.kind === 'refused') return without(REFUSED_AS[answer.result] ?? 'NOT_AUTHORIZED')
  const externalPort = answer.body.opcode === 'MAP' ? answer.body.map.externalPort : 0
  return { result: 'SUCCESS', externalPort, lifetime: answer.lifetime }
}

const without = (result: Result): Outcome => ({ result, externalPort: 0, lifetime: 0 })

/** The eight octets that all answers start with (RFC 6886 §3.5), and 32-bit words after them. */
function message(opcode: number, result: Result, epoch: number, ...words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(8 + 4 * words.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(1, opcode)
  view.setUint16(2, NATPMP_RESULT[result])
  for (const [i, word] of [epoch, ...words].entries()) view.setUint32(4 + 4 * i, word)
  return bytes
}

const numberOf = (address: IpAddress): number => new DataView(toBytes(address).buffer).getUint32(12)
