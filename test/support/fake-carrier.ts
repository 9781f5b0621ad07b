import { isAt, type Place } from '../../src/core/place.ts'
import type {
  MapRequest,
  OptionName,
  PcpDeleted,
  PcpElsewhere,
  PcpMapping,
  PcpOutcome,
  PcpPort,
  PcpRefused,
  PcpSilent,
} from '../../src/core/ports.ts'
import { aborted, sleepUntil } from '../../src/lib/abort.ts'
import { type Port, after, millis, port, seconds } from '../../src/lib/units.ts'
import { ipv4 as ip } from '../pcp/literals.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** Where it is asked, until a test says otherwise. */
export const HOME: Place = { server: '100.64.0.1:5351', client: ip('100.64.0.2') }
export const OTHER_SERVER: Place = { ...HOME, server: '100.64.0.9:5351' }
export const OTHER_ADDRESS: Place = { ...HOME, client: ip('100.64.0.3') }

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
  /** Where is asked now. */
  place: Place | undefined = HOME
  /** Places to which there is no way. */
  readonly unreachable = new Set<Place>()
  readonly #held = new Map<Place, Map<string, Held>>()
  maxLifetime = 86_400
  externalAddress = ip('203.0.114.1')
  reachable = true
  /** Answers nothing at all. */
  silent = false
  /** Answers every request to make or renew a mapping with this. */
  refuse: Omit<PcpRefused, 'kind'> | undefined
  /** Answers every delete with this. */
  refuseDelete: Omit<PcpRefused, 'kind'> | undefined
  /** How many mappings it lets one customer have. */
  quota = Infinity
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

  /** What stands at the place that is asked now. */
  get held(): Map<string, Held> {
    return this.heldAt(this.place ?? HOME)
  }

  heldAt(place: Place): Map<string, Held> {
    const known = this.#held.get(place) ?? new Map<string, Held>()
    this.#held.set(place, known)
    return known
  }

  reaches(place: Place): boolean {
    return (this.place !== undefined && isAt(place, this.place)) || !this.unreachable.has(this.#known(place))
  }

  async map(request: MapRequest, signal: AbortSignal): Promise<PcpOutcome | PcpElsewhere> {
    if (!request.place || !this.place || !isAt(request.place, this.place)) return { kind: 'elsewhere' }
    this.maps.push(request)
    const { held } = this
    const sentAt = millis(this.#clock.now())
    if (!(await this.#answers(signal))) return { kind: 'silent' }
    if (this.refuse) return { kind: 'refused', ...this.refuse }
    if (this.#lacks(request)) return { kind: 'refused', result: 'UNSUPP_OPTION', lifetime: seconds(0) }
    const key = keyOf(request)
    if (!held.has(key) && held.size >= this.quota)
      return { kind: 'refused', result: 'USER_EX_QUOTA', lifetime: seconds(30) }
    const lifetime = Math.min(Math.max(120, request.lifetime), this.maxLifetime)
    const externalPort = held.get(key)?.externalPort ?? this.#assign(request)
    if (externalPort === undefined)
      return { kind: 'refused', result: 'CANNOT_PROVIDE_EXTERNAL', lifetime: seconds(30) }
    const expires = this.#clock.now() + lifetime * 1000
    held.set(key, { externalPort, generation: request.generation, expires })
    const external = { address: this.externalAddress, port: externalPort }
    return { kind: 'granted', external, lifetime: seconds(lifetime), sentAt, processed: processed(request) }
  }

  async unmap(mapping: PcpMapping, signal: AbortSignal): Promise<PcpDeleted | PcpRefused | PcpSilent> {
    const place = mapping.place ?? this.place ?? HOME
    while (!this.reaches(place) && !signal.aborted)
      await sleepUntil(this.#clock, after(this.#clock.now(), millis(1000)), signal)
    if (signal.aborted) return { kind: 'silent' }
    this.deletes.push(mapping)
    if (!(await this.#answers(signal))) return { kind: 'silent' }
    if (this.refuseDelete) return { kind: 'refused', ...this.refuseDelete }
    this.heldAt(this.#known(place)).delete(keyOf(mapping))
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

  /** The place by which a test knows it. */
  #known(place: Place): Place {
    return [...this.#held.keys(), ...this.unreachable].find((known) => isAt(place, known)) ?? place
  }

  #lacks({ preferFailure, remotePeers }: MapRequest): boolean {
    const missesPreferFailure = preferFailure && this.unsupported.has('PREFER_FAILURE')
    return missesPreferFailure || (remotePeers !== undefined && this.unsupported.has('FILTER'))
  }

  #assign({ preferFailure, suggestedAddress, suggestedPort }: MapRequest): Port | undefined {
    const elsewhere = suggestedAddress !== undefined && suggestedAddress !== this.externalAddress
    if (preferFailure && this.insistOnAddress && elsewhere) return undefined
    const atServer = [...this.#held].filter(([{ server }]) => server === this.place?.server)
    const used = new Set(
      atServer.flatMap(([, held]) => [...held.values()].map((one) => one.externalPort as number)),
    )
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
