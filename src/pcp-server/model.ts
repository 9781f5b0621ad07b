import type { Clock, Random } from '../lib/clock.ts'
import { type IpAddress, isUnspecified } from '../lib/ip.ts'
import { after, type Millis, millis, type Seconds, seconds, toMillis, toSeconds } from '../lib/units.ts'
import { PROTOCOL_NUMBER } from '../pcp/wire/constants.ts'
import type { Body, MapPayload, Option, Request } from '../pcp/wire/message.ts'
import { isMandatory, type MapOptions, mergeFilters, readMapOptions } from './map-options.ts'
import type { Endpoint, InternalTuple, Mapping } from './mapping.ts'
import { MappingTable } from './mapping-table.ts'
import { type Refusal, refused } from './refusal.ts'
import type { Settings } from './settings.ts'

// A PCP server without its network: requests in, answers out. It moves no packets; a mapping is an entry, no more.
// Checks come in the order of RFC 6887 §8.2 and §11.3, and all of them before the first change (§7.3).

/** A success response, but for its epoch. */
export interface Granted {
  readonly kind: 'granted'
  readonly lifetime: number
  readonly body: Body
  readonly options: readonly Option[]
}

export type Answer = Granted | Refusal

/** What became of a mapping that had to move. */
export type Moved =
  | { readonly kept: true; readonly mapping: Mapping; readonly lifetime: Seconds }
  | { readonly kept: false; readonly mapping: Mapping }

/** A MAP request and all that its processing looks at. */
interface MapRequest extends InternalTuple {
  readonly map: MapPayload
  readonly lifetime: number
  readonly client: Endpoint
  readonly options: MapOptions
}

const PROTOCOLS = new Set<number>(Object.values(PROTOCOL_NUMBER))

export class PcpModel {
  readonly #clock: Clock
  readonly #random: Random
  #table: MappingTable
  #startedAt: Millis

  constructor(settings: Settings, clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
    this.#table = new MappingTable(settings, clock)
    this.#startedAt = clock.now()
  }

  get table(): MappingTable {
    return this.#table
  }

  /** RFC 6887 §8.5: whole seconds since the start or the last restart, as they will be in `wait`. */
  epoch(wait: Millis = millis(0)): Seconds {
    return seconds(Math.floor((this.#clock.now() + wait - this.#startedAt) / 1000))
  }

  /** Loses all state, as a reboot does. */
  restart(settings: Settings): void {
    this.#table.clear()
    this.#table = new MappingTable(settings, this.#clock)
    this.#startedAt = this.#clock.now()
  }

  /**
   * RFC 6887 §14.2: gives the mapping of `tuple` another external pair, or removes it where its client insisted on
   * the one it has. Undefined where there is no such mapping. Throws RangeError where the port is not free.
   */
  move(tuple: InternalTuple, external: Endpoint): Moved | undefined {
    const mapping = this.#table.find(tuple)
    if (!mapping) return undefined
    if (mapping.preferFailure) {
      this.#table.remove(mapping)
      return { kept: false, mapping }
    }
    const isOwn = mapping.external.port === external.port
    if (!isOwn && !this.#table.isFree(mapping.protocol, external.port)) {
      throw new RangeError(`port ${external.port} is not free`)
    }
    const moved = { ...mapping, external }
    this.#table.put(moved)
    return { kept: true, mapping: moved, lifetime: this.#remaining(moved) }
  }

  answer(request: Request, client: Endpoint, settings: Settings): Answer {
    if (request.clientAddress !== client.address) return refused('ADDRESS_MISMATCH')
    const { body } = request
    switch (body.opcode) {
      case 'ANNOUNCE':
        return announce(request)
      case 'MAP':
        return this.#map(request, body.map, client, settings)
      case 'PEER':
      case 'UNKNOWN':
        return refused('UNSUPP_OPCODE')
    }
  }

  #map({ lifetime, ...request }: Request, map: MapPayload, client: Endpoint, settings: Settings): Answer {
    const options = readMapOptions(request.options, client.address, settings.supported)
    if (options.kind === 'refused') return options
    const { protocol, internalPort } = map
    const internalAddress = options.internalAddress ?? client.address
    const asked: MapRequest = { protocol, internalAddress, internalPort, map, lifetime, client, options }
    const existing = this.#table.find(asked)
    return (
      checkTarget(asked) ??
      this.#checkNonce(asked, existing) ??
      checkSense(asked) ??
      (lifetime === 0 ? this.#delete(asked) : this.#grant(asked, existing, settings))
    )
  }

  #remaining(mapping: Mapping): Seconds {
    return toSeconds(millis(mapping.expiresAt - this.#clock.now()))
  }

  /** RFC 6887 §11.3: only who knows the nonce may touch a mapping. */
  #checkNonce({ map }: MapRequest, existing: Mapping | undefined): Refusal | undefined {
    if (!existing || existing.nonce.every((octet, i) => octet === map.nonce[i])) return undefined
    return refused('NOT_AUTHORIZED', this.#remaining(existing))
  }

  /** RFC 6887 §15.1: a mapping that is not there counts as deleted, and the external pair is copied. */
  #delete(asked: MapRequest): Granted {
    this.#table.remove(asked)
    return granted(asked, 0, asked.map)
  }

  #grant(asked: MapRequest, existing: Mapping | undefined, settings: Settings): Answer {
    const external = existing ? this.#keep(asked, existing) : this.#assign(asked, settings)
    if ('kind' in external) return external
    const filters = mergeFilters(existing?.filters ?? [], asked.options.filters)
    if (filters.length > settings.maxFilters) return refused('EXCESSIVE_REMOTE_PEERS')
    const lifetime = seconds(Math.min(Math.max(asked.lifetime, settings.minLifetime), settings.maxLifetime))
    this.#table.put({
      protocol: asked.protocol,
      internalAddress: asked.internalAddress,
      internalPort: asked.internalPort,
      nonce: asked.map.nonce,
      client: asked.client,
      preferFailure: asked.options.preferFailure,
      external,
      filters,
      expiresAt: after(this.#clock.now(), toMillis(lifetime)),
    })
    return granted(asked, lifetime, { externalAddress: external.address, externalPort: external.port })
  }

  /** RFC 6887 §11.3: an existing mapping keeps its external pair, whatever is suggested. */
  #keep({ map, options }: MapRequest, existing: Mapping): Endpoint | Refusal {
    const { external } = existing
    const suits = map.externalPort === external.port && suitsAddress(map, external.address)
    if (options.preferFailure && !suits) return refused('CANNOT_PROVIDE_EXTERNAL', this.#remaining(existing))
    return external
  }

  /** RFC 6887 §11.3: the suggested port where it is free, another unless PREFER_FAILURE forbids that. */
  #assign({ protocol, map, options, client }: MapRequest, settings: Settings): Endpoint | Refusal {
    const isFree = this.#table.isFree(protocol, map.externalPort)
    if (options.preferFailure && !(isFree && suitsAddress(map, settings.externalAddress))) {
      const holder = this.#table.holder(protocol, map.externalPort)
      return refused('CANNOT_PROVIDE_EXTERNAL', holder && this.#remaining(holder))
    }
    if (this.#table.countOf(client.address) >= settings.quota) return refused('USER_EX_QUOTA')
    const port = isFree ? map.externalPort : this.#table.drawPort(protocol, this.#random)
    return port === undefined ? refused('NO_RESOURCES') : { address: settings.externalAddress, port }
  }
}

/** RFC 6887 §14.1.2. No option is defined for ANNOUNCE. */
const announce = ({ body, options }: Request): Answer =>
  options.some(isMandatory) ? refused('UNSUPP_OPTION') : { kind: 'granted', lifetime: 0, body, options: [] }

/** RFC 6887 §11.3, §15.1: TCP and UDP ports one by one; no wildcard mapping can be made. */
function checkTarget({ protocol, internalPort, lifetime }: MapRequest): Refusal | undefined {
  if (protocol === 0 && internalPort !== 0) return refused('MALFORMED_REQUEST')
  const mappable = PROTOCOLS.has(protocol) && internalPort !== 0
  return lifetime === 0 || mappable ? undefined : refused('UNSUPP_PROTOCOL')
}

/** RFC 6887 §11.3, §13.2, §13.3: options that contradict the rest of the request. */
function checkSense({ map, lifetime, options }: MapRequest): Refusal | undefined {
  const { preferFailure, filters } = options
  const deletesWithOptions = lifetime === 0 && (preferFailure || filters.length > 0)
  const prefersNothing = preferFailure && map.externalPort === 0
  return deletesWithOptions || prefersNothing ? refused('MALFORMED_OPTION') : undefined
}

/** The all-zeros address of either family is no wish (RFC 6887 §11.1). */
const suitsAddress = ({ externalAddress }: MapPayload, ours: IpAddress): boolean =>
  isUnspecified(externalAddress) || externalAddress === ours

const granted = (
  { map, options }: MapRequest,
  lifetime: number,
  external: Pick<MapPayload, 'externalAddress' | 'externalPort'>,
): Granted => ({
  kind: 'granted',
  lifetime,
  body: {
    opcode: 'MAP',
    map: { ...map, externalAddress: external.externalAddress, externalPort: external.externalPort },
  },
  options: options.processed,
})
