import type { Millis, Port } from '../lib/units.ts'
import { Adding } from './adding.ts'
import { AddingAgain } from './adding-again.ts'
import { Capabilities } from './capabilities.ts'
import { Carrier } from './carrier.ts'
import { Changes } from './changes.ts'
import { Claims } from './claims.ts'
import type { Context } from './context.ts'
import { Departures } from './departures.ts'
import { ExternalAddress } from './external-address.ts'
import { rulesOf } from './forward.ts'
import { Holds } from './holds.ts'
import { InterworkingFunction } from './iwf.ts'
import { Journal } from './journal.ts'
import { Leftovers } from './leftovers.ts'
import type { Mapping } from './mapping.ts'
import { MappingTable } from './mapping-table.ts'
import { Mappings } from './mappings.ts'
import { Policy, type PolicyOptions, type PortSpan } from './policy.ts'
import { LearnAddress } from './learn-address.ts'
import type { PcpEvents, Ports, TimedRule } from './ports.ts'
import { Probes } from './probes.ts'
import type { Saved } from './record.ts'
import { CarrierQuota } from './quota.ts'
import { Recovery } from './recovery.ts'
import { restore } from './restoration.ts'
import type { Protocol } from './types.ts'
import { pcpMapping } from './translate.ts'
import { Tombstones } from './tombstones.ts'
import { Upkeep } from './upkeep.ts'
import { WanPorts } from './wan-ports.ts'
import type { Wishes } from './wishes.ts'

interface TakenPort {
  readonly protocol: Protocol
  readonly port: Port
}

export interface CoreOptions extends Wishes, PolicyOptions {
  /** The block of WAN ports for mappings; undefined where the router does no NAT. */
  readonly wanPorts: PortSpan | undefined
  /** Ports of the block that the router's own programs have. */
  readonly takenPorts: readonly TakenPort[]
  /** What the journal kept of the last run. */
  readonly saved: Saved
  /** Aborts when the daemon stops. */
  readonly closing: AbortSignal
}

export interface Core {
  readonly iwf: InterworkingFunction
  readonly context: Context
  /** For whoever speaks PCP: what the carrier says unasked. */
  readonly events: PcpEvents
  /** When the carrier is asked about a mapping again; undefined while its answer is awaited. */
  readonly nextAttempt: (mapping: Mapping) => Millis | undefined
  /** What the router may forward before the carrier has confirmed it. */
  readonly rules: () => readonly TimedRule[]
  /** Asks the carrier to confirm what the last run left, and then for the external address if nothing told that. */
  readonly start: () => Promise<void>
}

/** Joins the parts of the core, with what the last run left; nothing is sent until `start`. */
export function assembleCore(ports: Ports, options: CoreOptions): Core {
  const context = contextOf(ports, options)
  const upkeep = new Upkeep(context)
  const mappings = new Mappings(context, upkeep)
  const leftovers = new Leftovers(context)
  const probes = new Probes(context)
  const policy = new Policy(ports.clock, options)
  const adding = new Adding(context, policy, { leftovers, mappings, probes })
  const again = new AddingAgain(context, policy, { adding, mappings, upkeep })
  const learning = new LearnAddress(context)
  const recovery = new Recovery(context, upkeep, learning)
  context.departures.listen((claim) => {
    const mapping = context.table.ofPcpMapping(pcpMapping(claim))
    if (mapping?.claim === claim) void upkeep.unblocked(mapping)
  })
  context.tombstones.listen(() => upkeep.roomMade())
  restore(context, { leftovers, mappings }, options.saved)
  return {
    iwf: new InterworkingFunction(context, { adding, again, mappings, policy, probes }),
    context,
    events: recovery,
    nextAttempt: (mapping) => upkeep.nextAttempt(mapping),
    rules: () => rulesOf(context.table, ports.clock.now()),
    start: async () => {
      await Promise.all([recovery.resumed(), leftovers.run()])
      learning.start()
    },
  }
}

function contextOf(outside: Ports, options: CoreOptions): Context {
  const { closing, saved, takenPorts } = options
  const changes = new Changes(saved.systemUpdateId)
  const table = new MappingTable()
  const filtersHere = options.wanPorts !== undefined
  const capabilities = new Capabilities(outside.clock, { wishes: options, filtersHere })
  const holds = new Holds(outside.clock)
  const quota: CarrierQuota = new CarrierQuota(outside.clock, () => claims.census.asked())
  const carrier = new Carrier(outside, { capabilities, holds, quota, mappings: () => table.size })
  const ports = { ...outside, pcp: carrier }
  const journal = new Journal(ports, saved.records)
  const wanPorts = options.wanPorts && wanPortsOf(options.wanPorts, takenPorts)
  const claims: Claims = new Claims(ports, journal, { lastGeneration: saved.lastGeneration, wanPorts })
  const departures = new Departures(ports, closing)
  return {
    ports,
    carrier,
    table,
    journal,
    claims,
    departures,
    tombstones: new Tombstones({ claims, closing, departures, journal, ports }),
    external: new ExternalAddress(changes),
    changes,
    capabilities,
    holds,
    quota,
    wishes: options,
    closing,
  }
}

/** A mapping at a port where a program of the router listens would cut that program off. */
function wanPortsOf(block: PortSpan, taken: readonly TakenPort[]): WanPorts {
  const wanPorts = new WanPorts(block)
  for (const { protocol, port } of taken) wanPorts.reserve(protocol, port)
  return wanPorts
}
