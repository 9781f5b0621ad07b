import { ANY_IPV4, type IpAddress } from '../../src/lib/ip.ts'
import type { Log } from '../../src/lib/log.ts'
import type { Endpoint } from '../../src/pcp-server/mapping.ts'
import { Responder } from '../../src/pcp-server/responder.ts'
import { DEFAULT_SETTINGS, type Settings } from '../../src/pcp-server/settings.ts'
import { RESULT_CODE, type ResultName } from '../../src/pcp/wire/constants.ts'
import type { MapPayload, Option, Request, Response } from '../../src/pcp/wire/message.ts'
import { decodeResponse, encodeRequest } from '../../src/pcp/wire/packet.ts'
import { ip } from '../pcp/literals.ts'
import { seeded } from '../support/dice.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

export const TCP = 6
export const UDP = 17

export const at = (address: string, port: number): Endpoint => ({ address: ip(address), port })

export const EXTERNAL = ip('203.0.113.1')
/** Who asks where a test does not care. */
export const CPE = at('100.64.0.2', 45000)
export const NEIGHBOUR = at('100.64.0.3', 45000)

/** Twelve octets that are `fill`. */
export const nonce = (fill: number): Uint8Array => new Uint8Array(12).fill(fill)

interface MapWish extends Partial<MapPayload> {
  readonly lifetime?: number
  readonly options?: readonly Option[]
  readonly client?: IpAddress
}

/** A MAP request: TCP 49152, an hour, external port 8080, unless the wish says otherwise. */
export const mapRequest = ({
  lifetime = 3600,
  options = [],
  client = CPE.address,
  ...map
}: MapWish): Request => ({
  lifetime,
  clientAddress: client,
  body: {
    opcode: 'MAP',
    map: {
      nonce: nonce(1),
      protocol: TCP,
      internalPort: 49152,
      externalPort: 8080,
      externalAddress: ANY_IPV4,
      ...map,
    },
  },
  options,
})

export const thirdParty = (address: string): Option => ({
  option: 'THIRD_PARTY',
  internalAddress: ip(address),
})
export const PREFER_FAILURE: Option = { option: 'PREFER_FAILURE' }
export const filter = (remoteAddress: string, prefixLength = 128, remotePort = 0): Option => ({
  option: 'FILTER',
  prefixLength,
  remotePort,
  remoteAddress: ip(remoteAddress),
})
export const unknownOption = (code: number): Option => ({ option: 'UNKNOWN', code, data: new Uint8Array(4) })

/** What a test looks at in a response. */
export interface Seen {
  readonly result: ResultName | number
  readonly lifetime: number
  readonly external: string | undefined
}

export function seen({ result, lifetime, body }: Response): Seen {
  const name = Object.entries(RESULT_CODE).find(([, code]) => code === result)?.[0]
  return {
    result: (name as ResultName | undefined) ?? result,
    lifetime,
    external: body.opcode === 'MAP' ? `${body.map.externalAddress}:${body.map.externalPort}` : undefined,
  }
}

export function decode(bytes: Uint8Array): Response {
  const read = decodeResponse(bytes)
  if (!read.ok) throw new Error(read.why)
  return read.value
}

/** A server in a test's hand: its clock, its log, and somebody who asks. */
export class Bench {
  readonly clock = new VirtualClock()
  readonly lines: string[] = []
  readonly log: Log
  readonly responder: Responder

  constructor(settings: Partial<Settings> = {}) {
    const say = (_fields: object, line: string) => void this.lines.push(line)
    this.log = { debug: say, info: say, warn: say, error: say }
    this.responder = new Responder(
      { ...DEFAULT_SETTINGS, ...settings },
      { clock: this.clock, random: seeded(1), log: this.log },
    )
  }

  /** Every answer to these octets. */
  hear(bytes: Uint8Array, from: Endpoint = CPE): readonly Uint8Array[] {
    return this.responder.handle(bytes, from).map((datagram) => datagram.bytes)
  }

  /** The one answer to this request. */
  ask(request: Request, from: Endpoint = { address: request.clientAddress, port: CPE.port }): Response {
    const [answer, ...more] = this.hear(encodeRequest(request), from)
    if (!answer || more.length > 0) throw new Error(`${more.length + (answer ? 1 : 0)} answers`)
    return decode(answer)
  }

  /** The one answer to a MAP request. */
  map(wish: MapWish): Seen {
    return seen(this.ask(mapRequest(wish)))
  }

  delete(wish: MapWish = {}): Seen {
    return this.map({ externalPort: 0, ...wish, lifetime: 0 })
  }

  /** The external ports that are mapped, in order. */
  get ports(): readonly number[] {
    return this.responder
      .mappings()
      .map(({ external }) => external.port)
      .sort((a, b) => a - b)
  }
}
