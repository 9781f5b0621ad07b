import type { MapRequest, PcpGranted, PcpRefused, PcpSilent } from '../core/ports.ts'
import type { Clock, Random } from '../lib/clock.ts'
import type { IpAddress, Ipv4Address } from '../lib/ip.ts'
import { type Millis, millis, type Port, port, seconds } from '../lib/units.ts'
import { readDeleteAnswer, readGrant } from '../pcp/answers.ts'
import { SILENT } from '../pcp/exchange.ts'
import { deleteRequest, mapRequest } from '../pcp/requests.ts'
import { NONCE_SIZE } from '../pcp/wire/constants.ts'
import type { Nonce, Option, Response } from '../pcp/wire/message.ts'
import type { Asker, Unreachable } from './asker.ts'
import { drawPorts } from './ports.ts'

/** A mapping that is made to see what comes of it. */
export interface Trial {
  readonly internalAddress: Ipv4Address | undefined
  readonly internalPort: Port
  readonly nonce: Nonce
}

/** What a trial asks for beyond a mapping. */
export type Wish = Partial<
  Pick<
    MapRequest,
    'suggestedPort' | 'suggestedAddress' | 'lifetime' | 'preferFailure' | 'remotePeers' | 'description'
  >
>

export interface Granted extends PcpGranted {
  readonly epoch: number
  readonly options: readonly Option[]
}

interface Refused extends PcpRefused {
  /** Undefined where the server speaks another version. */
  readonly epoch?: number
}

export type TrialAnswer = Granted | Refused | PcpSilent | Unreachable

/** Three packets (RFC 6887 §8.1.1). */
const ANSWER_WAIT = millis(10_000)
/** Two, as somebody waits at the keyboard. */
const DELETE_WAIT = millis(3500)

/** So many mappings a probe makes at most. */
const MOST = 16

const NO_WISH = {
  protocol: 'UDP',
  generation: 0,
  suggestedPort: 0,
  suggestedAddress: undefined,
  lifetime: seconds(1),
  preferFailure: false,
  remotePeers: undefined,
  description: '',
  sending: 'until-answered',
  renews: false,
} as const

interface Means {
  readonly asker: Asker
  readonly clock: Clock
  readonly random: Random
  /** Whence we send. */
  readonly client: IpAddress
  /** The IPv4 address of the router's own mappings where the server is asked over IPv6. */
  readonly self: Ipv4Address | undefined
}

/** The mappings of one probe: made, and every one of them deleted again. */
export class Trials {
  readonly #means: Means
  /** What the server may have. */
  readonly #made = new Set<Trial>()
  #nextPort: number
  #fellSilent = false

  constructor(means: Means) {
    this.#means = means
    this.#nextPort = drawPorts(means.random, MOST)
  }

  /** Whom the mappings are for. */
  get owner(): IpAddress {
    const { client, self } = this.#means
    return self ?? client
  }

  /** Did the server answer before, and then no more? */
  get fellSilent(): boolean {
    return this.#fellSilent
  }

  /** Another one, for the router itself or for another host. */
  create(internalAddress = this.#means.self): Trial {
    const nonce = this.#means.random.bytes(NONCE_SIZE)
    return { internalAddress, internalPort: port(this.#nextPort++), nonce }
  }

  /** Makes or renews it. A server that fell silent is asked no more. */
  async map(trial: Trial, wish: Wish, signal: AbortSignal, wait: Millis = ANSWER_WAIT): Promise<TrialAnswer> {
    if (this.#fellSilent || signal.aborted) return SILENT
    const { asker, client, clock } = this.#means
    const wasMade = this.#made.has(trial)
    this.#made.add(trial) // before the packet leaves: an answer that is lost leaves a mapping all the same
    const request = mapRequest(
      { ...NO_WISH, ...trial, ...wish },
      { clientAddress: client, nonce: trial.nonce },
    )
    const heard = await asker.ask(request, wait, signal)
    const answer = heard.kind === 'answered' ? read(heard.response, clock.now()) : heard
    if (answer.kind === 'refused' && !wasMade) this.#made.delete(trial)
    this.#fellSilent = answer.kind === 'silent' || answer.kind === 'unreachable'
    return answer
  }

  /** Deletes what there is, all at once, and gives the internal ports of what the server may still have. */
  async deleteAll(): Promise<readonly Port[]> {
    const left = await Promise.all(
      [...this.#made].map(async (trial) => ((await this.#delete(trial)) ? [] : [trial.internalPort])),
    )
    return left.flat()
  }

  /** Deletes one that has told what it had to tell: quotas are small. */
  async delete(trial: Trial): Promise<void> {
    if (!this.#fellSilent && this.#made.has(trial)) await this.#delete(trial)
  }

  async #delete(trial: Trial): Promise<boolean> {
    const { asker, client } = this.#means
    const request = deleteRequest({ ...NO_WISH, ...trial }, { clientAddress: client, nonce: trial.nonce })
    const heard = await asker.ask(request, DELETE_WAIT)
    if (heard.kind !== 'answered' || heard.response.body.opcode !== 'MAP') return false
    const { outcome } = readDeleteAnswer({ ...heard.response, map: heard.response.body.map })
    const isGone = outcome.kind === 'deleted' && outcome.lifetime === 0
    if (isGone) this.#made.delete(trial)
    return isGone
  }
}

function read(response: Response, now: Millis): TrialAnswer {
  const { body, epoch, options } = response
  if (body.opcode !== 'MAP') return SILENT
  const outcome = readGrant({ ...response, map: body.map }, now)
  return outcome.kind === 'granted' ? { ...outcome, epoch, options } : { ...outcome, epoch }
}
