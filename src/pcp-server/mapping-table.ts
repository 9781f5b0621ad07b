import type { Clock, Random } from '../lib/clock.ts'
import type { IpAddress } from '../lib/ip.ts'
import { PROTOCOL_NUMBER } from '../pcp/wire/constants.ts'
import type { InternalTuple, Mapping } from './mapping.ts'
import { PortPool } from './port-pool.ts'
import type { Settings } from './settings.ts'

declare const brand: unique symbol
type TupleKey = string & { readonly [brand]: 'TupleKey' }

const keyOf = (tuple: InternalTuple): TupleKey =>
  `${tuple.protocol}|${tuple.internalAddress}|${tuple.internalPort}` as TupleKey

/** The external ports of one protocol: who holds which, and which are left. */
interface ExternalPorts {
  readonly holders: Map<number, Mapping>
  readonly pool: PortPool
}

interface Entry {
  readonly mapping: Mapping
  readonly expiry: Disposable
}

/**
 * Every mapping that is alive, found by its internal tuple, by its external port and by its client. Nothing here
 * walks the table, so that a request costs the same at any size.
 */
export class MappingTable {
  readonly #clock: Clock
  readonly #entries = new Map<TupleKey, Entry>()
  readonly #byClient = new Map<IpAddress, Map<TupleKey, Mapping>>()
  readonly #external: ReadonlyMap<number, ExternalPorts>

  constructor(settings: Pick<Settings, 'ports' | 'reservedPorts'>, clock: Clock) {
    this.#clock = clock
    this.#external = new Map(
      Object.values(PROTOCOL_NUMBER).map((protocol) => [
        protocol,
        { holders: new Map<number, Mapping>(), pool: new PortPool(settings) },
      ]),
    )
  }

  find(tuple: InternalTuple): Mapping | undefined {
    return this.#entries.get(keyOf(tuple))?.mapping
  }

  /** Whose mapping has this external port. */
  holder(protocol: number, port: number): Mapping | undefined {
    return this.#external.get(protocol)?.holders.get(port)
  }

  isFree(protocol: number, port: number): boolean {
    return this.#external.get(protocol)?.pool.isFree(port) ?? false
  }

  /** Any free port; undefined when none is left. */
  drawPort(protocol: number, random: Random): number | undefined {
    return this.#external.get(protocol)?.pool.draw(random)
  }

  /** The mappings that this client asked for last. */
  heldBy(client: IpAddress): readonly Mapping[] {
    return [...(this.#byClient.get(client)?.values() ?? [])]
  }

  countOf(client: IpAddress): number {
    return this.#byClient.get(client)?.size ?? 0
  }

  all(): readonly Mapping[] {
    return Array.from(this.#entries.values(), ({ mapping }) => mapping)
  }

  /** Adds the mapping, or replaces the one of its tuple. Its external port is free or the replaced one's. */
  put(mapping: Mapping): void {
    this.remove(mapping)
    const ports = this.#external.get(mapping.protocol)
    ports?.pool.take(mapping.external.port)
    ports?.holders.set(mapping.external.port, mapping)
    const key = keyOf(mapping)
    const held = this.#byClient.get(mapping.client.address) ?? new Map<TupleKey, Mapping>()
    this.#byClient.set(mapping.client.address, held.set(key, mapping))
    this.#entries.set(key, { mapping, expiry: this.#clock.at(mapping.expiresAt, () => this.remove(mapping)) })
  }

  /** Removes the mapping of this tuple; absent is fine. */
  remove(tuple: InternalTuple): void {
    const key = keyOf(tuple)
    const entry = this.#entries.get(key)
    if (!entry) return
    entry.expiry[Symbol.dispose]()
    this.#entries.delete(key)
    const { client, external, protocol } = entry.mapping
    const held = this.#byClient.get(client.address)
    held?.delete(key)
    if (held?.size === 0) this.#byClient.delete(client.address)
    const ports = this.#external.get(protocol)
    ports?.holders.delete(external.port)
    ports?.pool.give(external.port)
  }

  /** Disposes every timer too. */
  clear(): void {
    for (const mapping of this.all()) this.remove(mapping)
  }
}
