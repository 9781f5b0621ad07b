import { PROTOCOL_NUMBER, RESULT_CODE } from '../pcp/wire/constants.ts'
import type { MapPayload, Option, Request, Response } from '../pcp/wire/message.ts'
import { decodeRequest, decodeResponse } from '../pcp/wire/packet.ts'

// PCP messages in words, a line for each field that matters.

const nameIn = (table: Readonly<Record<string, number>>, code: number): string =>
  Object.entries(table).find(([, value]) => value === code)?.[0] ?? String(code)

const option = (shown: Option): string => {
  switch (shown.option) {
    case 'THIRD_PARTY':
      return `  THIRD_PARTY ${shown.internalAddress}`
    case 'FILTER':
      return `  FILTER ${shown.remoteAddress}/${shown.prefixLength}`
    case 'PREFER_FAILURE':
    case 'DESCRIPTION':
    case 'UNKNOWN':
      return `  ${shown.option}`
  }
}

const mapLines = (map: MapPayload, word: string): string[] => [
  `  protocol ${nameIn(PROTOCOL_NUMBER, map.protocol)}, internal port ${map.internalPort}`,
  `  ${word} external ${map.externalAddress}:${map.externalPort}`,
  `  nonce ${Buffer.from(map.nonce).toString('hex')}`,
]

function requestLines({ body, lifetime, options }: Request): string[] {
  const verb = body.opcode === 'MAP' && lifetime === 0 ? 'MAP request (delete)' : `${body.opcode} request`
  return [
    verb,
    `  lifetime ${lifetime} s`,
    ...(body.opcode === 'MAP' ? mapLines(body.map, 'suggested') : []),
    ...options.map(option),
  ]
}

function responseLines({ body, epoch, lifetime, result }: Response): string[] {
  return [
    `${body.opcode} response: ${nameIn(RESULT_CODE, result)}`,
    `  lifetime ${lifetime} s, epoch ${epoch} s`,
    ...(body.opcode === 'MAP' ? mapLines(body.map, 'assigned').slice(1, 2) : []),
  ]
}

export function showRequest(packet: Uint8Array): string[] {
  const request = decodeRequest(packet)
  return request.ok ? requestLines(request.value) : [`a request that cannot be read: ${request.why.why}`]
}

export function showResponse(packet: Uint8Array): string[] {
  const response = decodeResponse(packet)
  return response.ok ? responseLines(response.value) : [`a response that cannot be read: ${response.why}`]
}
