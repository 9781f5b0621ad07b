import type { Place } from '../core/place.ts'
import type { MapRequest, PcpLink, PcpMapping, ServerSource } from '../core/ports.ts'
import type { Clock } from '../lib/clock.ts'
import { type Millis, after, millis } from '../lib/units.ts'
import type { PcpClient } from './client.ts'
import type { EpochReading } from './epoch.ts'
import type { NatPmpAnnouncement, NatPmpClient } from './natpmp/client.ts'
import type { Link, LinkFacts } from './link.ts'

/** Firmware gets updated: after this PCP is tried first again (RFC 6886 §1.1). */
const MEMORY = millis(1_800_000)

interface NegotiatedOptions {
  readonly name: string
  readonly source: ServerSource
  readonly place: Place
  readonly pcp: PcpClient
  /** What the server last said by PCP of its age. */
  readonly epoch: () => EpochReading | undefined
  readonly clock: Clock
  /** Opens NAT-PMP to the same address; undefined where that is switched off or not to be had. */
  readonly openNatPmp: () => Promise<NatPmpClient | undefined>
}

/**
 * One address of a server, by PCP, or where the server knows only NAT-PMP by that (RFC 6887 §9). What it answered
 * `UNSUPP_VERSION` to is asked again at once.
 */
export class NegotiatedLink implements Link {
  readonly name: string
  readonly place: Place
  readonly #options: NegotiatedOptions
  #natPmp: Promise<NatPmpClient | undefined> | undefined
  /** What that came to. */
  #natPmpClient: NatPmpClient | undefined
  #retryPcp: Millis = millis(0)

  constructor(options: NegotiatedOptions) {
    this.name = options.name
    this.place = options.place
    this.#options = options
  }

  /** The server said that it speaks NAT-PMP. */
  fallBack(): void {
    this.#retryPcp = after(this.#options.clock.now(), MEMORY)
    this.#natPmp ??= this.#opened()
  }

  /** The server said that it speaks NAT-PMP no more. */
  outgrow(): void {
    this.#retryPcp = millis(0)
  }

  map(request: MapRequest, signal: AbortSignal) {
    return this.#ask((link) => link.map(request, signal))
  }

  unmap(mapping: PcpMapping, signal: AbortSignal) {
    return this.#ask((link) => link.unmap(mapping, signal))
  }

  async alive(signal: AbortSignal): Promise<boolean> {
    const natPmp = await this.#current()
    if (natPmp) return await natPmp.alive(signal)
    const outcome = await this.#options.pcp.announce(signal)
    return isVersionRefusal(outcome) ? (await this.#natPmp) !== undefined : outcome.kind !== 'silent'
  }

  facts(): LinkFacts {
    const { clock, epoch, source } = this.#options
    const natPmp = clock.now() < this.#retryPcp
    return {
      source,
      protocol: natPmp ? 'NAT-PMP' : 'PCP',
      epoch: natPmp ? this.#natPmpClient?.epoch : epoch(),
    }
  }

  /** RFC 6886 §3.2.1. A server that speaks PCP has its own announcement. */
  async announced(announcement: NatPmpAnnouncement): Promise<void> {
    const natPmp = await this.#current()
    natPmp?.announced(announcement)
  }

  close(): void {
    this.#options.pcp.close()
    void this.#natPmp?.then((client) => client?.close())
  }

  async #ask<O extends { readonly kind: string }>(question: (link: PcpLink) => Promise<O>): Promise<O> {
    const natPmp = await this.#current()
    const said = natPmp && (await question(natPmp))
    if (said && !isVersionRefusal(said)) return said
    const outcome = await question(this.#options.pcp)
    if (!isVersionRefusal(outcome)) return outcome
    const next = await this.#natPmp
    return next ? await question(next) : outcome
  }

  /** What cannot be opened now is opened the next time. */
  async #opened(): Promise<NatPmpClient | undefined> {
    const client = await this.#options.openNatPmp()
    if (!client) this.#natPmp = undefined
    this.#natPmpClient = client
    return client
  }

  /** Undefined: PCP, which is tried first, and again after a while. */
  async #current(): Promise<NatPmpClient | undefined> {
    return this.#options.clock.now() < this.#retryPcp ? await this.#natPmp : undefined
  }
}

const isVersionRefusal = (outcome: { readonly kind: string }): boolean =>
  outcome.kind === 'refused' && 'result' in outcome && outcome.result === 'UNSUPP_VERSION'
