import type { Ipv4Address } from '../lib/ip.ts'
import type { MacAddress } from '../lib/mac.ts'
import { after, toMillis } from '../lib/units.ts'
import type { Context } from './context.ts'
import { Fault } from './fault.ts'
import { forwardWhileGranted, withdraw } from './forward.ts'
import { leaseEnd } from './lease.ts'
import { LeaseTimers } from './lease-timers.ts'
import { type Claim, type Entry, entryOf, type Grant, happened, type Mapping } from './mapping.ts'
import type { ActiveRecord } from './record.ts'
import { Told } from './told.ts'
import type { Ending } from './tombstones.ts'
import type { AddAnyRequest, AddRequest } from './types.ts'
import type { Upkeep } from './upkeep.ts'

/** What the carrier granted, and for whom. */
interface Granted {
  readonly claim: Claim
  readonly grant: Grant
  readonly preferFailure: boolean
  readonly mac: MacAddress | undefined
}

/** The life of mappings in the table: taken in, shrunk entry by entry, retired. */
export class Mappings {
  readonly #context: Context
  readonly #upkeep: Upkeep
  readonly #leases: LeaseTimers

  constructor(context: Context, upkeep: Upkeep) {
    this.#context = context
    this.#upkeep = upkeep
    const told = new Told(context.ports.log, context.table)
    this.#leases = new LeaseTimers(context.ports.clock, (entry) => {
      told.leaseEnded(entry)
      this.remove(entry)
      context.changes.table()
    })
  }

  stop(): void {
    this.#upkeep.stop()
    this.#leases.stop()
  }

  /** What this host has for this LAN port; the one with the wanted external port if there are several. */
  held(request: AddAnyRequest): Mapping | undefined {
    const own = [...this.#context.table.ofClient(request.internalClient)].filter(
      ({ claim, ...made }) =>
        claim.protocol === request.protocol &&
        claim.internalPort === request.internalPort &&
        made.static === (request.static === true),
    )
    return own.find((mapping) => mapping.externalPort === request.externalPort) ?? own[0]
  }

  /** The carrier granted it: it is in the table, and on the disk when this resolves. */
  async adopt({ claim, grant, mac, preferFailure }: Granted, request: AddAnyRequest): Promise<void> {
    const { changes, table } = this.#context
    const mapping: Mapping = {
      claim,
      externalPort: grant.external.port,
      mac,
      preferFailure,
      grant,
      filtered: false,
      static: request.static === true,
      entries: [],
    }
    table.add(mapping)
    const put = this.put(mapping, request, true)
    this.#upkeep.keep(mapping)
    changes.table()
    await put
  }

  /**
   * Creates or replaces the entry, and resolves when it is on the disk. Where the disk takes nothing, what `mustLast`
   * is undone, fault 501, and an entry that was there before is there again; a lease that was only prolonged is taken
   * as it is.
   */
  async put(
    mapping: Mapping,
    { remoteHost, description, lease, leaseEnd: begun }: Omit<AddRequest, 'externalPort'>,
    mustLast: boolean,
  ): Promise<void> {
    const { journal, ports, table } = this.#context
    const old = entryOf(mapping, remoteHost)
    if (remoteHost !== '') mapping.filtered = true
    if (old) this.#leases.cancel(old)
    const end = begun ?? leaseEnd(lease, ports.clock.now())
    const entry = table.putEntry({ mapping, remoteHost, description, lease, leaseEnd: end })
    this.#leases.arm(entry)
    if ((await journal.active(mapping)) || !mustLast) return
    if (entryOf(mapping, remoteHost) === entry) {
      if (old) this.#putBack(old, entry)
      else this.remove(entry)
      this.#context.changes.table()
    }
    throw new Fault(501, 'nothing can be written to state.dir; see igd-pcp status')
  }

  #putBack(old: Entry, entry: Entry): void {
    this.#leases.cancel(entry)
    this.#leases.arm(this.#context.table.putEntry(old))
    void this.#context.journal.active(old.mapping)
  }

  /** A mapping of the last run is in the table again. */
  restore(claim: Claim, record: ActiveRecord): Mapping {
    const { journal, ports, table } = this.#context
    const { external, externalPort, filtered, lifetime, mac, preferFailure } = record
    const isStatic = record.static === true
    const grant = { external, lifetime, from: ports.clock.now(), static: false }
    const made = { externalPort, preferFailure, static: isStatic, filtered }
    const mapping = { ...made, claim, mac, grant, entries: [] }
    table.add(mapping)
    for (const entry of record.entries) this.#leases.arm(table.restoreEntry({ ...entry, mapping }))
    journal.restored(mapping)
    return mapping
  }

  /** Takes one entry away, and the mapping with the last one. */
  remove(entry: Entry): Ending {
    const { mapping } = entry
    if (mapping.entries.length === 1) return this.retire(mapping)
    this.#leases.cancel(entry)
    this.#context.table.dropEntry(entry)
    const done = this.#shrunk(mapping)
    return { done, confirmed: done.then(() => this.#upkeep.renewNow(mapping)) }
  }

  async #shrunk(mapping: Mapping): Promise<void> {
    const written = this.#context.journal.active(mapping)
    await forwardWhileGranted(this.#context, mapping)
    await written
  }

  /** Ends all that the LAN host asked for. Gives the number of entries it had. */
  forget(client: Ipv4Address): number {
    const own = [...this.#context.table.ofClient(client)].filter((mapping) => !mapping.static)
    const entries = own.reduce((count, mapping) => count + mapping.entries.length, 0)
    for (const mapping of own) this.retire(mapping)
    return entries
  }

  /** Deletes everything. */
  retireAll(): void {
    for (const mapping of [...this.#context.table.mappings()]) this.retire(mapping)
  }

  /** Nobody wants it any more. */
  retire(mapping: Mapping): Ending {
    const { ports, table, tombstones } = this.#context
    happened(mapping.claim, 'ended')
    this.#upkeep.drop(mapping)
    for (const entry of mapping.entries) this.#leases.cancel(entry)
    table.remove(mapping)
    // A renewal whose answer was lost may have prolonged it for another lifetime.
    const prolonged = after(ports.clock.now(), toMillis(mapping.grant.lifetime))
    const withdrawn = withdraw(this.#context, mapping.claim)
    return tombstones.bury(mapping.claim, mapping.externalPort, prolonged, withdrawn)
  }
}
