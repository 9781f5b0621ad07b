import type { IgdVersion } from '../../src/core/types.ts'
import type { Ipv4Address } from '../../src/lib/ip.ts'
import type { SimulatedFront, SoapCall } from '../support/world/front.ts'
import { envelope, urn } from '../upnp/bench.ts'
import type { AddCall } from './happening.ts'

export type Arguments = Readonly<Record<string, string>>

/** As a control point reads it. */
export interface Answer {
  /** 200, or the errorCode. */
  readonly code: number
  /** Out arguments by name. */
  readonly out: Readonly<Record<string, string>>
}

export function soap(peer: Ipv4Address, facade: IgdVersion, action: string, args: Arguments): SoapCall {
  const type = urn('WANIPConnection', facade)
  return { peer, facade, soapAction: `"${type}#${action}"`, body: envelope(type, action, args) }
}

/** Sends the call and reads the answer; never resolves when the router is gone before. */
export async function ask(front: SimulatedFront, call: SoapCall): Promise<Answer> {
  const { body, status } = await front.call(call)
  const out = Object.fromEntries(
    [...body.matchAll(/<(New\w+|errorCode)>(.*?)<\/\1>/gs)].map(([, name = '', text = '']) => [name, text]),
  )
  return { code: status === 200 ? 200 : Number(out['errorCode']), out }
}

export const addArguments = (call: AddCall, client: Ipv4Address, tag: string): Arguments => ({
  NewRemoteHost: call.remoteHost,
  NewExternalPort: String(call.externalPort),
  NewProtocol: call.protocol,
  NewInternalPort: String(call.internalPort),
  NewInternalClient: client,
  NewEnabled: '1',
  NewPortMappingDescription: tag,
  NewLeaseDuration: String(call.lease),
})
