import type { ServerSource } from '../core/ports.ts'
import type { Clock, Random } from '../lib/clock.ts'
import { bracketed, type Ipv4Address, isIpv4 } from '../lib/ip.ts'
import { millis, seconds } from '../lib/units.ts'
import { announceRequest } from '../pcp/requests.ts'
import type { Endpoint, PcpSocket } from '../pcp/socket.ts'
import { VERSION } from '../pcp/wire/constants.ts'
import { Asker, unreachable } from './asker.ts'
import { examineNatPmp } from './natpmp.ts'
import { examine } from './pcp.ts'
import type { Findings, ProbeReport } from './report.ts'
import { type TrialAnswer, Trials } from './trials.ts'
import { troubleIn, troubleWithoutNat } from './verdicts.ts'

/** Two packets (RFC 6887 §8.1.1). With the ones of MAP and of the delete, a black hole is known in 12 seconds. */
const ANNOUNCE_WAIT = millis(3500)
/** Two packets as well. */
const FIRST_WAIT = millis(5000)

export interface ProbeWorld {
  readonly clock: Clock
  readonly random: Random
  readonly connect: (server: Endpoint) => Promise<PcpSocket>
  /** `pcp.natpmp`. */
  readonly natPmp: 'auto' | 'off'
  /** `nat.mode`. */
  readonly nat: 'nftables' | 'none'
  /** The address of the router's own mappings, for a server that is asked over IPv6. */
  readonly ipv4: () => Ipv4Address | undefined
  /** Tells what is waited for. */
  readonly say: (what: string) => void
}

export interface Target {
  readonly server: Endpoint
  readonly source: ServerSource
}

/** Finds out what a server can do. What it maps for that it deletes again, also when `signal` aborts. */
export async function probe(
  { server, source }: Target,
  world: ProbeWorld,
  signal: AbortSignal,
): Promise<ProbeReport> {
  const findings = await look(server, world, signal)
  const stopped = signal.aborted ? { trouble: 'the probe was stopped before its end' } : {}
  const inTheWay = world.nat === 'none' ? troubleWithoutNat(findings) : {}
  const all = { ...inTheWay, ...findings, ...stopped }
  const name = `${bracketed(server.address)}:${server.port}`
  return { version: 1, server: name, source, works: all.trouble === undefined, ...all }
}

async function look(server: Endpoint, world: ProbeWorld, signal: AbortSignal): Promise<Findings> {
  const findings = await connected(server, world, (socket) => converse(socket, world, signal))
  if (findings.protocolVersion !== 0) return findings
  if (world.natPmp === 'off')
    return { ...findings, trouble: 'it speaks only NAT-PMP, and pcp.natpmp is off; set it to "auto"' }
  world.say('it speaks NAT-PMP; asking for a mapping with that')
  return await connected(server, world, (socket) => examineNatPmp({ ...world, socket, signal }))
}

/** Connects, and closes afterwards. */
async function connected(
  server: Endpoint,
  { connect }: ProbeWorld,
  talk: (socket: PcpSocket) => Promise<Findings>,
): Promise<Findings> {
  let socket: PcpSocket
  try {
    socket = await connect(server)
  } catch (error) {
    return outOfReach(unreachable(error).why)
  }
  try {
    return await talk(socket)
  } finally {
    socket.close()
  }
}

async function converse(socket: PcpSocket, world: ProbeWorld, signal: AbortSignal): Promise<Findings> {
  const { clock, random, say } = world
  const client = socket.local.address
  const asker = new Asker(socket, clock, random)
  say('asking whether it is there (ANNOUNCE)')
  const alive = await asker.ask(announceRequest(client), ANNOUNCE_WAIT, signal)
  if (alive.kind === 'unreachable') return outOfReach(alive.why)
  if (alive.kind === 'refused') return otherVersion(asker.otherVersion())

  const self = isIpv4(client) ? undefined : world.ipv4()
  const trials = new Trials({ asker, clock, random, client, self })
  say('asking for a mapping')
  const first = trials.create()
  const wait = alive.kind === 'silent' ? FIRST_WAIT : undefined
  const answer = await trials.map(first, { lifetime: seconds(1) }, signal, wait)
  const findings =
    answer.kind === 'granted'
      ? await examine({ trials, first, granted: answer, say, signal })
      : withoutMapping(
          answer,
          asker.otherVersion(),
          alive.kind === 'answered' ? alive.response.epoch : undefined,
        )
  say('deleting what was mapped')
  return { ...findings, left: await trials.deleteAll() }
}

/** The server answers, or not, and maps nothing. */
function withoutMapping(
  answer: Exclude<TrialAnswer, { kind: 'granted' }>,
  version: number | undefined,
  announced: number | undefined,
): Findings {
  if (version !== undefined) return otherVersion(version)
  const spoken = { reachable: true, protocol: 'PCP', protocolVersion: VERSION, left: [] } as const
  const epoch = announced === undefined ? {} : { epoch: announced }
  switch (answer.kind) {
    case 'unreachable':
      return outOfReach(answer.why)
    case 'refused':
      return {
        ...spoken,
        ...epoch,
        ...(answer.epoch !== undefined && { epoch: answer.epoch }),
        trouble: troubleIn(answer.result),
      }
    case 'silent':
      return announced === undefined
        ? outOfReach(
            'no answer: the address is wrong, a firewall drops UDP port 5351, or the carrier has no PCP on this line',
          )
        : { ...spoken, ...epoch, trouble: 'the server answers ANNOUNCE, but no request for a mapping' }
  }
}

/** RFC 6887 §9. */
const otherVersion = (version = VERSION): Findings => ({
  reachable: true,
  ...(version === 0 ? { protocol: 'NAT-PMP' } : {}),
  protocolVersion: version,
  trouble: `it speaks version ${version} of PCP and not ${VERSION}; its software has to be renewed`,
  left: [],
})

const outOfReach = (why: string): Findings => ({ reachable: false, trouble: why, left: [] })
