import { bracketed } from '../lib/ip.ts'
import { OPTION_CODE, PROTOCOL_NUMBER, RESULT_CODE } from '../pcp/wire/constants.ts'
import type { MapPayload, Option, Request } from '../pcp/wire/message.ts'
import type { Endpoint } from './mapping.ts'
import type { Answer } from './model.ts'

/** What goes back to a client, and how the log puts it. */
export interface Reply {
  readonly bytes: Uint8Array
  /** As in 'MAP TCP 49152 for 3600 s'. */
  readonly asked: string
  /** As in 'SUCCESS 203.0.113.1:8080 for 3600 s'. */
  readonly result: string
}

const nameIn = (registry: Readonly<Record<string, number>>, code: number): string | undefined =>
  Object.entries(registry).find(([, value]) => value === code)?.[0]

export const nameOfResult = (code: number): string => nameIn(RESULT_CODE, code) ?? `result ${code}`

export const textOf = ({ address, port }: Endpoint): string => `${bracketed(address)}:${port}`

export function describeRequest({ body, lifetime, options }: Request): string {
  switch (body.opcode) {
    case 'ANNOUNCE':
    case 'PEER':
      return body.opcode
    case 'MAP':
      return [`MAP ${targetOf(body.map)} for ${lifetime} s`, ...options.map(nameOf)].join(' ')
    case 'UNKNOWN':
      return `opcode ${body.code}`
  }
}

export function describeAnswer(answer: Answer): string {
  if (answer.kind === 'refused') return `${answer.result} for ${answer.lifetime} s`
  if (answer.body.opcode !== 'MAP') return 'SUCCESS'
  const { externalAddress: address, externalPort: port } = answer.body.map
  return `SUCCESS ${textOf({ address, port })} for ${answer.lifetime} s`
}

const targetOf = ({ protocol, internalPort }: MapPayload): string =>
  `${nameIn(PROTOCOL_NUMBER, protocol) ?? `protocol ${protocol}`} ${internalPort}`

const nameOf = (option: Option): string =>
  option.option === 'UNKNOWN' ? (nameIn(OPTION_CODE, option.code) ?? `option ${option.code}`) : option.option
