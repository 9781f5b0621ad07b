import type { Ipv4Address } from '../lib/ip.ts'
import type { MacAddress } from '../lib/mac.ts'
import type { Port } from '../lib/units.ts'
import { type Entry, entryOf, type InternalKey, internalKey, isShown, type Mapping } from './mapping.ts'
import { type PortKey, portKey } from './types.ts'
import type { PcpMapping } from './ports.ts'
import { pcpMapping } from './translate.ts'
import type { EntryKey, Protocol } from './types.ts'

const keyOf = (mapping: Mapping): PortKey => portKey(mapping.claim.protocol, mapping.externalPort)

/** What one LAN host has. */
interface Own {
  /** What its mappings call it. */
  readonly client: Ipv4Address
  readonly mappings: Set<Mapping>
  entries: number
  /** How many of the mappings are the host's own; the operator's ask nobody who the host is. */
  asked: number
  /** Who it was when it asked, as far as known. */
  mac: MacAddress | undefined
}

const NONE: ReadonlySet<Mapping> = new Set()

/**
 * The mappings that control points know of (RFC 6970 §5.3), with an index for every question a request asks:
 * none of them costs more when the table grows.
 */
export class MappingTable {
  readonly #byPort = new Map<PortKey, Mapping>()
  readonly #byInternal = new Map<InternalKey, Mapping>()
  readonly #byClient = new Map<Ipv4Address, Own>()
  /** Those shown, in order of creation, so that an index is a place and a place is found by its order. */
  readonly #entries: Entry[] = []
  #nextOrder = 0

  /** Entries, not mappings: what PortMappingNumberOfEntries counts. */
  get size(): number {
    return this.#entries.length
  }

  /** Each once, also where a carrier gave one port away twice. */
  mappings(): IterableIterator<Mapping> {
    return this.#byInternal.values()
  }

  at(protocol: Protocol, externalPort: Port): Mapping | undefined {
    return this.#byPort.get(portKey(protocol, externalPort))
  }

  ofPcpMapping(of: PcpMapping): Mapping | undefined {
    return this.#byInternal.get(internalKey(of))
  }

  find(key: EntryKey): Entry | undefined {
    const mapping = this.at(key.protocol, key.externalPort)
    return mapping && entryOf(mapping, key.remoteHost)
  }

  /** The entry at `index`, the oldest at 0, without gaps. */
  entryAt(index: number): Entry | undefined {
    return this.#entries[index]
  }

  ofClient(client: Ipv4Address): ReadonlySet<Mapping> {
    return this.#byClient.get(client)?.mappings ?? NONE
  }

  /** How many entries lead to the LAN host. */
  entriesOf(client: Ipv4Address): number {
    return this.#byClient.get(client)?.entries ?? 0
  }

  /** The LAN hosts that have mappings. */
  clients(): IterableIterator<Ipv4Address> {
    return this.#byClient.keys()
  }

  /** The same address as the host's mappings have it: one text for all, where each request brings another. */
  known(client: Ipv4Address): Ipv4Address {
    return this.#byClient.get(client)?.client ?? client
  }

  /** The MAC address of the host when it asked for its mappings; undefined while it has none, or none was known. */
  macOf(client: Ipv4Address): MacAddress | undefined {
    return this.#byClient.get(client)?.mac
  }

  /** Adds a mapping that has no entry yet. Its port must be free. */
  add(mapping: Mapping): void {
    const { claim, mac } = mapping
    this.#byPort.set(keyOf(mapping), mapping)
    this.#byInternal.set(internalKey(pcpMapping(claim)), mapping)
    const own = this.#byClient.get(claim.client) ?? {
      client: claim.client,
      mappings: new Set(),
      entries: 0,
      asked: 0,
      mac: undefined,
    }
    own.mappings.add(mapping)
    if (!mapping.static) {
      own.asked++
      own.mac ??= mac
    }
    this.#byClient.set(claim.client, own)
  }

  remove(mapping: Mapping): void {
    for (const entry of mapping.entries) this.dropEntry(entry)
    this.#leavePort(mapping)
    this.#byInternal.delete(internalKey(pcpMapping(mapping.claim)))
    const own = this.#byClient.get(mapping.claim.client)
    if (!own?.mappings.delete(mapping)) return
    if (!mapping.static && --own.asked === 0) own.mac = undefined
    if (own.mappings.size === 0) this.#byClient.delete(mapping.claim.client)
  }

  /** Moves a mapping to the port the carrier gave it. */
  rekey(mapping: Mapping, externalPort: Port): void {
    this.#leavePort(mapping)
    mapping.externalPort = externalPort
    this.#byPort.set(keyOf(mapping), mapping)
  }

  /** Creates the entry, or replaces the one of the same remote host in its place. */
  putEntry(wanted: Omit<Entry, 'order'>): Entry {
    const { description, lease, leaseEnd, mapping, remoteHost } = wanted
    const old = entryOf(mapping, remoteHost)
    const order = old?.order ?? this.#nextOrder++
    // Field by field for the same reason as claims.
    const entry: Entry = { remoteHost, mapping, description, lease, leaseEnd, order }
    mapping.entries = old
      ? mapping.entries.map((one) => (one === old ? entry : one))
      : mapping.entries.concat(entry)
    if (old) this.#hide(old)
    else this.#count(mapping, 1)
    if (isShown(mapping)) this.#show(entry)
    return entry
  }

  /** The entry of an earlier run, in its place. */
  restoreEntry(entry: Entry): Entry {
    const { mapping, order } = entry
    this.#nextOrder = Math.max(this.#nextOrder, order + 1)
    mapping.entries = mapping.entries.concat(entry)
    this.#count(mapping, 1)
    if (isShown(mapping)) this.#show(entry)
    return entry
  }

  /** The mapping is one that control points may see, and was not. */
  show(mapping: Mapping): void {
    for (const entry of mapping.entries) this.#show(entry)
  }

  dropEntry(entry: Entry): void {
    const { mapping } = entry
    mapping.entries = mapping.entries.filter((one) => one !== entry)
    this.#count(mapping, -1)
    this.#hide(entry)
  }

  /** A carrier that lost its state may have given the port to another mapping of ours since. */
  #leavePort(mapping: Mapping): void {
    const key = keyOf(mapping)
    if (this.#byPort.get(key) === mapping) this.#byPort.delete(key)
  }

  #count({ claim: { client } }: Mapping, step: number): void {
    const own = this.#byClient.get(client)
    if (own) own.entries += step
  }

  #show(entry: Entry): void {
    this.#entries.splice(this.#placeOf(entry), 0, entry)
  }

  #hide(entry: Entry): void {
    const place = this.#placeOf(entry)
    if (this.#entries[place] === entry) this.#entries.splice(place, 1)
  }

  /** Where the entry stands, or would. */
  #placeOf(entry: Entry): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#entries[middle]?.order ?? 0) < entry.order) low = middle + 1
      else high = middle
    }
    return low
  }
}
