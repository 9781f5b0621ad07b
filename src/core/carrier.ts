import { sleepUntil } from '../lib/abort.ts'
import type { IpAddress } from '../lib/ip.ts'
import { SerialQueues } from '../lib/serial.ts'
import { after, millis, toSeconds } from '../lib/units.ts'
import type { Capabilities } from './capabilities.ts'
import type { Holds } from './holds.ts'
import { Pace } from './pacing.ts'
import { isAt, type Place } from './place.ts'
import type { CarrierQuota } from './quota.ts'
import type {
  MapRequest,
  PcpDeleted,
  PcpElsewhere,
  PcpMapping,
  PcpOutcome,
  PcpPort,
  PcpRefused,
  PcpSilent,
  Ports,
} from './ports.ts'

const SILENT: PcpSilent = { kind: 'silent' }

interface CarrierParts {
  readonly capabilities: Capabilities
  readonly holds: Holds
  readonly quota: CarrierQuota
  /** How many mappings want to be renewed. */
  readonly mappings: () => number
}

/**
 * The PCP server as the rest of the core asks it: no faster than a server may be asked, not at all while it said
 * that it can give nothing, and without the options that it turned out to lack.
 */
export class Carrier implements PcpPort {
  readonly #ports: Pick<Ports, 'clock' | 'log' | 'pcp' | 'random'>
  readonly #parts: CarrierParts
  readonly #pace: Pace
  readonly #turns = new SerialQueues<'renewals'>()
  /** The external address that the server granted last, since it may have another. */
  #confirmed: IpAddress | undefined

  constructor(ports: Pick<Ports, 'clock' | 'log' | 'pcp' | 'random'>, parts: CarrierParts) {
    this.#ports = ports
    this.#parts = parts
    this.#pace = new Pace(ports.clock, parts.mappings)
  }

  get reachable(): boolean {
    return this.#ports.pcp.reachable
  }

  /** The server lost its state or is another one: its external address may be another too. */
  doubt(): void {
    this.#confirmed = undefined
  }

  get place(): Place | undefined {
    return this.#ports.pcp.place
  }

  reaches(place: Place): boolean {
    return this.#ports.pcp.reaches(place)
  }

  async map(wanted: MapRequest, signal: AbortSignal): Promise<PcpOutcome | PcpElsewhere> {
    let request: MapRequest | undefined = this.#parts.capabilities.fit(wanted)
    for (;;) {
      const refused = request.renews ? undefined : this.#parts.holds.frozen()
      // A control point waits for a new mapping: it is answered at once. Nobody was asked, so nothing is to be learnt of it.
      if (refused) return refused
      const outcome: PcpOutcome | PcpElsewhere = await this.#askedFor(request, signal)
      if (outcome.kind === 'elsewhere') return outcome
      if (outcome.kind === 'granted') this.#confirmed = outcome.external.address
      const isNews = this.#parts.holds.isNews(request, outcome)
      if (outcome.kind === 'refused' && isNews) this.#heed(outcome, 'new')
      const next = this.#retry(request, outcome)
      if (!next) return outcome
      request = next
    }
  }

  /** What the server that is asked now can bear, or said, is nothing to one that was left. */
  async unmap(mapping: PcpMapping, signal: AbortSignal): Promise<PcpDeleted | PcpRefused | PcpSilent> {
    const isHere = !mapping.place || (this.place && isAt(mapping.place, this.place))
    if (!isHere) return await this.#ports.pcp.unmap(mapping, signal)
    if (!(await this.#mayAsk(signal))) return SILENT
    this.#pace.take()
    const outcome = await this.#ports.pcp.unmap(mapping, signal)
    if (outcome.kind === 'refused') this.#heed(outcome, 'all')
    return outcome
  }

  /** A new mapping is never queued. */
  async #askedFor(request: MapRequest, signal: AbortSignal): Promise<PcpOutcome | PcpElsewhere> {
    if (!request.renews) this.#pace.take()
    else if (!(await this.#turn(signal))) return SILENT
    return await this.#ports.pcp.map(request, signal)
  }

  /** Renewals take turns; false when `signal` aborted before one had its turn. */
  async #turn(signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#ports
    return await this.#turns.run('renewals', async () => {
      if (!(await this.#mayAsk(signal))) return false
      for (let wait = this.#pace.wait(); wait > 0 && !signal.aborted; wait = this.#pace.wait())
        await sleepUntil(clock, after(clock.now(), wait), signal)
      if (signal.aborted) return false
      this.#pace.take()
      return true
    })
  }

  /** §11.4: after NO_RESOURCES for a delete nothing is sent at all. False when `signal` aborts before that is over. */
  async #mayAsk(signal: AbortSignal): Promise<boolean> {
    await this.#parts.holds.silence(signal)
    return !signal.aborted
  }

  /** What a refusal says of all requests: NO_RESOURCES of `what` was asked for, ADDRESS_MISMATCH of everything. */
  #heed({ lifetime, result }: PcpRefused, what: 'new' | 'all'): void {
    const { clock, log, random } = this.#ports
    const { holds, quota } = this.#parts
    if (result === 'USER_EX_QUOTA' && quota.learn(lifetime))
      log.warn(
        { mappings: quota.most },
        'the carrier grants this line no more mappings; asking for none beyond',
      )
    if (result !== 'NO_RESOURCES' && result !== 'ADDRESS_MISMATCH') return
    const known = holds.frozen()?.result === result
    const until = holds.freeze(
      { result, lifetime, what: result === 'NO_RESOURCES' ? what : 'all' },
      random.unit(),
    )
    if (known) return
    const seconds = toSeconds(millis(until - clock.now()))
    if (result === 'NO_RESOURCES')
      log.warn({ seconds }, 'the carrier has no resources; asking for nothing new')
    else
      log.error(
        { seconds },
        'the PCP server sees another address than the WAN has: a NAT that igd-pcp does not know sits between. ' +
          'Nothing can be mapped; set pcp.servers to the address of that NAT, or turn it off',
      )
  }

  /** The same with fewer wishes, where the answer gives hope for that; undefined where it is the answer. */
  #retry(request: MapRequest, outcome: PcpOutcome): MapRequest | undefined {
    const { capabilities } = this.#parts
    if (capabilities.learn(request, outcome)) return capabilities.fit(request)
    const { preferFailure, suggestedAddress } = request
    const missed = outcome.kind === 'refused' && outcome.result === 'CANNOT_PROVIDE_EXTERNAL'
    // §13.2: refused may be the address alone, which a server that started anew no longer has.
    return missed && preferFailure && suggestedAddress !== undefined && suggestedAddress !== this.#confirmed
      ? { ...request, suggestedAddress: undefined }
      : undefined
  }
}
