import { atMost } from '../lib/abort.ts'
import type { Ipv4Address } from '../lib/ip.ts'
import type { MacAddress } from '../lib/mac.ts'
import { SerialQueues } from '../lib/serial.ts'
import { type Millis, type Port, after, millis } from '../lib/units.ts'
import type { Adding } from './adding.ts'
import type { AddingAgain } from './adding-again.ts'
import type { Context } from './context.ts'
import { Fault } from './fault.ts'
import type { Gateway } from './gateway.ts'
import { checkRange, entriesIn, holdsAny, lookUp, shown } from './listing.ts'
import { type Entry, isShown, type Mapping } from './mapping.ts'
import { type PortKey, portKey } from './types.ts'
import { aboutMapping } from './mapping-name.ts'
import type { Mappings } from './mappings.ts'
import type { Policy } from './policy.ts'
import type { Probes } from './probes.ts'
import { METHOD } from './rfc6970.ts'
import { type Added, Told } from './told.ts'
import type { AddAnyRequest, AddRequest, Caller, EntryKey, PortMappingEntry, PortRange } from './types.ts'

/** UDA lets an action take 30 s; this leaves the answer time to arrive. */
const SOAP_DEADLINE = millis(25_000)
/** A delete is answered after this long although the carrier is silent: locally it is done. */
const DELETE_PATIENCE = millis(5000)

export interface IwfParts {
  readonly adding: Adding
  readonly again: AddingAgain
  readonly mappings: Mappings
  readonly policy: Policy
  readonly probes: Probes
}

/**
 * The interworking function (RFC 6970): one method per IGD action. Says who may do what, and in which order;
 * `Mappings` does it. Calls about one external port take turns, all others go side by side, so a slow carrier
 * keeps nobody else waiting.
 */
export class InterworkingFunction implements Gateway {
  readonly #context: Context
  readonly #adding: Adding
  readonly #again: AddingAgain
  readonly #mappings: Mappings
  readonly #policy: Policy
  readonly #probes: Probes
  readonly #told: Told
  readonly #turns = new SerialQueues<PortKey | string>()

  constructor(context: Context, { adding, again, mappings, policy, probes }: IwfParts) {
    this.#context = context
    this.#policy = policy
    this.#adding = adding
    this.#again = again
    this.#mappings = mappings
    this.#probes = probes
    this.#told = new Told(context.ports.log, context.table)
  }

  /** Stops all timers and waits; with `release` everything is deleted at the carrier first, until `due`. */
  async stop(release: boolean, due: Millis): Promise<void> {
    if (release) await atMost(this.#context.ports.clock, due, this.#release(due))
    this.#mappings.stop()
  }

  /** Resolves when the carrier has confirmed that it holds nothing, also of what is being made at this moment. */
  async #release(due: Millis): Promise<void> {
    const made = this.#adding.close()
    this.#mappings.retireAll()
    await made
    this.#mappings.retireAll()
    await this.#context.tombstones.allCleared(due)
  }

  /** RFC 6970 §5.6.2. */
  async addPortMapping(request: AddRequest, caller: Caller): Promise<void> {
    await this.#told.adding('AddPortMapping', request, caller, () => this.#add(request, caller))
  }

  async #add(request: AddRequest, caller: Caller): Promise<Added> {
    this.#policy.authorize(request, caller)
    this.#meet(request.internalClient)
    this.#adding.refuseTaken(request)
    const due = this.#deadline()
    const { protocol, externalPort } = request
    return await this.#turns.run(portKey(protocol, externalPort), async () => {
      this.#adding.refuseTaken(request)
      const held = this.#context.table.at(protocol, externalPort)
      const { preferFailure } = METHOD.AddPortMapping
      if (held) return await this.#again.add(held, request, preferFailure, due)
      return { port: await this.#adding.create(request, preferFailure, due), isNew: true }
    })
  }

  /** RFC 6970 §5.6.1. What the host has already keeps its port (WANIPConnection:2 figure 2-4). */
  async addAnyPortMapping(request: AddAnyRequest, caller: Caller): Promise<Port> {
    return await this.#told.adding('AddAnyPortMapping', request, caller, () => this.#addAny(request, caller))
  }

  async #addAny(request: AddAnyRequest, caller: Caller): Promise<Added> {
    this.#policy.authorize(request, caller)
    this.#meet(request.internalClient)
    const due = this.#deadline()
    const { protocol, internalClient, internalPort } = request
    return await this.#turns.run(`${protocol}:${internalClient}:${internalPort}`, async () => {
      const held = this.#mappings.held(request)
      const { preferFailure } = METHOD.AddAnyPortMapping
      if (!held) return { port: await this.#adding.create(request, preferFailure, due), isNew: true }
      const again = { ...request, externalPort: held.externalPort }
      return await this.#again.add(held, again, preferFailure, due)
    })
  }

  /** RFC 6970 §5.8. */
  async deletePortMapping(key: EntryKey, caller: Caller): Promise<void> {
    await this.#told.deleting('DeletePortMapping', caller, () => this.#delete(key, caller))
  }

  async #delete(key: EntryKey, caller: Caller): Promise<void> {
    const { changes, ports, table } = this.#context
    const due = after(ports.clock.now(), DELETE_PATIENCE)
    await this.#turns.run(portKey(key.protocol, key.externalPort), async () => {
      const entry = table.find(key)
      if (!entry) throw new Fault(714, this.#whyNone(key))
      if (!this.#mayManage(entry.mapping, caller)) throw new Fault(606, 'the entry is another host’s')
      const { done, confirmed } = this.#mappings.remove(entry)
      changes.table()
      this.#told.deleted(entry, caller)
      await done
      await atMost(ports.clock, due, confirmed)
    })
  }

  #whyNone({ externalPort, protocol }: EntryKey): string {
    const isMapped = this.#context.table.at(protocol, externalPort) !== undefined
    return isMapped
      ? 'what this port has is for other remote hosts, see igd-pcp mappings; name one of them'
      : 'there is no such entry'
  }

  /** RFC 6970 §5.8: answered before the carrier has confirmed each. */
  async deletePortMappingRange(range: PortRange, caller: Caller): Promise<void> {
    await this.#told.deleting('DeletePortMappingRange', caller, () => this.#deleteRange(range, caller))
  }

  async #deleteRange(range: PortRange, caller: Caller): Promise<void> {
    this.#policy.authorizeRange(range, caller)
    checkRange(range)
    const mine = ({ mapping }: Entry) => this.#mayManage(mapping, caller)
    const entries = this.#managed(range, caller).filter(mine)
    if (entries.length === 0) throw this.#nothingToDelete(range)
    const endings = entries.map((entry) => this.#mappings.remove(entry).done)
    this.#context.changes.table()
    for (const entry of entries) this.#told.deleted(entry, caller)
    await Promise.all(endings)
  }

  /** The LAN hosts that have mappings, and the MAC address each had when it asked for them, as far as known. */
  hosts(): ReadonlyMap<Ipv4Address, MacAddress | undefined> {
    const { table } = this.#context
    return new Map([...table.clients()].map((client) => [client, table.macOf(client)]))
  }

  /**
   * RFC 6970 §5.10, RFC 6887 §15: the LAN host is gone, and all it had goes at once, here and at the carrier, running
   * flows included. Gives the number of entries it had.
   */
  forgetHost(client: Ipv4Address, why: string): number {
    this.#adding.forget(client)
    const own = [...this.#context.table.ofClient(client)].filter((mapping) => !mapping.static)
    const mappings = own.map((mapping) => aboutMapping(mapping).mapping)
    const entries = this.#mappings.forget(client)
    if (entries === 0) return 0
    this.#context.changes.table()
    const fields = { host: client, why, mappings }
    this.#context.ports.log.info(fields, 'a LAN host is gone, and its port mappings with it')
    return entries
  }

  getGenericPortMappingEntry(index: number): PortMappingEntry {
    const entry = this.#context.table.entryAt(index)
    if (!entry) throw new Fault(713, 'the index is past the last entry')
    return shown(entry, this.#context.ports.clock.now())
  }

  /** RFC 6970 §5.7. */
  getSpecificPortMappingEntry(key: EntryKey, caller: Caller): Promise<PortMappingEntry> {
    const entry = lookUp(this.#context.table, key, caller)
    if (!entry || !isShown(entry.mapping)) {
      this.#probes.start(key, caller)
      return Promise.reject(new Fault(714, 'there is no such entry'))
    }
    return Promise.resolve(shown(entry, this.#context.ports.clock.now()))
  }

  getListOfPortMappings(range: PortRange, limit: number, caller: Caller): readonly PortMappingEntry[] {
    checkRange(range)
    const entries = this.#managed(range, caller).filter(({ mapping }) => isShown(mapping))
    if (entries.length === 0) throw new Fault(730, 'the range holds no entry of this host')
    const now = this.#context.ports.clock.now()
    return entries.slice(0, limit === 0 ? undefined : limit).map((entry) => shown(entry, now))
  }

  externalIpAddress(): string {
    return this.#context.external.address ?? ''
  }

  connectionStatus() {
    return this.#context.external.status
  }

  portMappingNumberOfEntries(): number {
    return this.#context.table.size
  }

  systemUpdateId(): number {
    return this.#context.changes.systemUpdateId
  }

  /** Another machine has the address now: what the former one had is not for it to find. */
  #meet(client: Ipv4Address): void {
    const { ports, table } = this.#context
    const [former, now] = [table.macOf(client), ports.hosts.macOf(client)]
    if (former === undefined || now === undefined || former === now) return
    this.forgetHost(client, `${now} has its address now, not ${former}`)
  }

  /** The caller's own entries in the range; with NewManage also those of others that it has authority over. */
  #managed(range: PortRange, caller: Caller): Entry[] {
    const { table } = this.#context
    if (!range.manage || !this.#policy.managesOthers(caller))
      return entriesIn(table.ofClient(caller.address), range)
    return entriesIn(table.mappings(), range).filter(({ mapping }) => this.#mayManage(mapping, caller))
  }

  #mayManage({ claim, externalPort, ...made }: Mapping, caller: Caller): boolean {
    if (made.static) return caller.operator === true
    const { client: internalClient, internalPort } = claim
    return this.#policy.mayManage({ externalPort, internalPort, internalClient }, caller)
  }

  #deadline(): Millis {
    return after(this.#context.ports.clock.now(), SOAP_DEADLINE)
  }

  #nothingToDelete(range: PortRange): Fault {
    return holdsAny(this.#context.table, range)
      ? new Fault(606, 'the entries in the range are other hosts’')
      : new Fault(730, 'the range holds no entry')
  }
}
