import { isBehindNat } from '../lib/private.ts'
import type { MapRequest } from '../core/ports.ts'
import { within } from '../lib/abort.ts'
import type { Clock, Random } from '../lib/clock.ts'
import { after, millis, type Port, seconds } from '../lib/units.ts'
import { NatPmpClient } from '../pcp/natpmp/client.ts'
import type { PcpSocket } from '../pcp/socket.ts'
import { drawPorts } from './ports.ts'
import type { Findings, OptionFindings } from './report.ts'
import { troubleIn, troubleOfAddress } from './verdicts.ts'

/** The address, then the mapping: each packet is sent again by RFC 6886 §3.1. */
const ANSWER_WAIT = millis(10_000)
const DELETE_WAIT = millis(3500)

/** RFC 6886 has no options. */
const NO_OPTIONS: OptionFindings = {
  PREFER_FAILURE: { verdict: 'not supported' },
  FILTER: { verdict: 'not supported' },
  THIRD_PARTY: { verdict: 'not supported' },
  DESCRIPTION: { verdict: 'not supported' },
}

interface NatPmpExamination {
  /** Connected to the gateway, and closed here. */
  readonly socket: PcpSocket
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
}

/** What a gateway that speaks NAT-PMP alone (RFC 6886) can do. */
export async function examineNatPmp(examination: NatPmpExamination): Promise<Findings> {
  const { clock, random, signal, socket } = examination
  const internalPort = drawPorts(random, 1)
  const ignore = () => undefined // one visit has no past to compare with
  const client = new NatPmpClient({
    socket,
    clock,
    known: undefined,
    read: () => undefined,
    heard: ignore,
    lostState: ignore,
    doubtful: ignore,
    unreachable: ignore,
    outgrown: ignore,
  })
  const ask = (lifetime: number) =>
    within(
      clock,
      after(clock.now(), ANSWER_WAIT),
      (until) => client.map(request(internalPort, lifetime), until),
      signal,
    )
  const spoken = { reachable: true, protocol: 'NAT-PMP', protocolVersion: 0, options: NO_OPTIONS } as const
  const least = await ask(1)
  const most = least.kind === 'granted' ? await ask(DAY) : least
  // Once more, whatever was said: an answer that is lost leaves a mapping all the same.
  const deleted = least.kind === 'refused' || (await unmapped(client, internalPort, clock))
  client.close()
  const left = deleted ? [] : [internalPort]
  const epoch = client.epoch && { epoch: client.epoch.server }
  if (least.kind === 'refused') return { ...spoken, ...epoch, trouble: troubleIn(least.result), left }
  if (least.kind === 'silent')
    return { ...spoken, ...epoch, trouble: 'it speaks NAT-PMP, and does not answer to a mapping', left }
  const { address } = least.external
  return {
    ...spoken,
    ...epoch,
    externalAddress: address,
    lifetime: { least: least.lifetime, most: most.kind === 'granted' ? most.lifetime : undefined },
    ...(isBehindNat(address) ? { trouble: troubleOfAddress(address) } : {}),
    left,
  }
}

const DAY = 86_400

const mapping = (internalPort: Port) =>
  ({ protocol: 'UDP', internalAddress: undefined, internalPort, generation: 0 }) as const

const request = (internalPort: Port, lifetime: number): MapRequest => ({
  ...mapping(internalPort),
  suggestedPort: 0,
  suggestedAddress: undefined,
  lifetime: seconds(lifetime),
  preferFailure: false,
  remotePeers: undefined,
  description: '',
  sending: 'until-answered',
  renews: false,
})

async function unmapped(client: NatPmpClient, internalPort: Port, clock: Clock): Promise<boolean> {
  const due = after(clock.now(), DELETE_WAIT)
  const outcome = await within(clock, due, (until) => client.unmap(mapping(internalPort), until))
  return outcome.kind === 'deleted'
}
