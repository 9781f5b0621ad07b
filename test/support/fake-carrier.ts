import type {
  MapRequest,
  OptionName,
  PcpDeleted,
  PcpMapping,
  PcpOutcome,
  PcpPort,
  PcpRefused,
  PcpSilent,
} from '../../src/core/ports.ts'
import { aborted } from '../../src/lib/abort.ts'
import { type Port, millis, port, seconds } from '../../src/lib/units.ts'
import { ipv4 as ip } from '../pcp/literals.ts'
import type { VirtualClock } from './virtual-clock.ts'

interface Held {
  readonly externalPort: Port
  readonly generation: number
  expires: number
}

export { ip }

/** A carrier behind the core's PcpPort: no packets, but the server's side of RFC 6887 §11.3 and every way to fail. */
export class FakeCarrier implements PcpPort {
  readonly maps: MapRequest[] = []
  readonly deletes: PcpMapping[] = []
  readonly held = new Map<string, Held>()
  maxLifetime = 86_400
  externalAddress = ip('203.0.114.1')
  reachable = true
  /** Answers nothing at all. */
  silent = false
  /** Answers every request to make or renew a mapping with this. */
  refuse: Omit<PcpRefused, 'kind'> | undefined
  /** Answers every delete with this. */
  refuseDelete: Omit<PcpRefused, 'kind'> | undefined
  /** Ports somebody else has. */
  readonly taken = new Set<number>()
  /** Obeys PREFER_FAILURE for the address too (RFC 6887 §13.2). */
  insistOnAddress = false
  /** Knows no PREFER_FAILURE and gives another port. */
  ignorePreferFailure = false
  /** Options it does not have. */
  readonly unsupported = new Set<'PREFER_FAILURE' | 'FILTER'>()
  /** Milliseconds until an answer. */
  delay = 1
  #nextPort = 20_000
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  async map(request: MapRequest, signal: AbortSignal): Promise<PcpOutcome> {
    this.maps.push(request)
    const sentAt = millis(this.#clock.now())
    if (!(await this.#answers(signal))) return { kind: 'silent' }
    if (this.refuse) return { kind: 'refused', ...this.refuse }
    if (this.#lacks(request)) return { kind: 'refused', result: 'UNSUPP_OPTION', lifetime: seconds(0) }
    const key = keyOf(request)
    const lifetime = Math.min(Math.max(120, request.lifetime), this.maxLifetime)
    const externalPort = this.held.get(key)?.externalPort ?? this.#assign(request)
    if (externalPort === undefined)
      return { kind: 'refused', result: 'CANNOT_PROVIDE_EXTERNAL', lifetime: seconds(30) }
    const expires = this.#clock.now() + lifetime * 1000
    this.held.set(key, { externalPort, generation: request.generation, expires })
    const external = { address: this.externalAddress, port: externalPort }
    return { kind: 'granted', external, lifetime: seconds(lifetime), sentAt, processed: processed(request) }
  }

  async unmap(mapping: PcpMapping, signal: AbortSignal): Promise<PcpDeleted | PcpRefused | PcpSilent> {
    this.deletes.push(mapping)
    if (!(await this.#answers(signal))) return { kind: 'silent' }
    if (this.refuseDelete) return { kind: 'refused', ...this.refuseDelete }
    this.held.delete(keyOf(mapping))
    return { kind: 'deleted', lifetime: seconds(0) }
  }

  async #answers(signal: AbortSignal): Promise<boolean> {
    if (this.silent) await aborted(signal)
    else
      await new Promise<void>(
        (resolve) => void this.#clock.at(millis(this.#clock.now() + this.delay), resolve),
      )
    return !signal.aborted
  }

  #lacks({ preferFailure, remotePeers }: MapRequest): boolean {
    const missesPreferFailure = preferFailure && this.unsupported.has('PREFER_FAILURE')
    return missesPreferFailure || (remotePeers !== undefined && this.unsupported.has('FILTER'))
  }

  #assign({ preferFailure, suggestedAddress, suggestedPort }: MapRequest): Port | undefined {
    const elsewhere = suggestedAddress !== undefined && suggestedAddress !== this.externalAddress
    if (preferFailure && this.insistOnAddress && elsewhere) return undefined
    const used = new Set([...this.held.values()].map((held) => held.externalPort as number))
    const free = suggestedPort !== 0 && !used.has(suggestedPort) && !this.taken.has(suggestedPort)
    if (free && !this.ignorePreferFailure) return suggestedPort
    return preferFailure && !this.ignorePreferFailure ? undefined : port(this.#nextPort++)
  }
}

/** RFC 6887 §7.3. */
const processed = ({ preferFailure, remotePeers }: MapRequest): readonly OptionName[] => [
  ...(preferFailure ? (['PREFER_FAILURE'] as const) : []),
  ...(remotePeers ? (['FILTER'] as const) : []),
]

const keyOf = ({ internalAddress, internalPort, protocol }: PcpMapping): string =>
  `${protocol}:${internalAddress ?? 'self'}:${internalPort}`
