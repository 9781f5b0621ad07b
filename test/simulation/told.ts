import type { PortMappingEntry, Protocol } from '../../src/core/types.ts'
import type { AddCall } from './happening.ts'
import type { LanHost } from './hosts.ts'
import type { Told } from './promises.ts'
import type { Simulation } from './simulation.ts'

const WEEK = 604_800
/** Whose call it is when it comes from the control socket. */
export const OPERATOR = -1

/** An add as it is before its answer. */
export function told(sim: Simulation, call: AddCall, client: LanHost, number: number): Told {
  const isStatic = call.by === OPERATOR
  return {
    tag: `#${number}`,
    client: client.address,
    machine: client.machine,
    known: client.present,
    protocol: call.protocol,
    remoteHost: call.remoteHost as PortMappingEntry['remoteHost'],
    internalPort: call.internalPort,
    wish: call.kind === 'add' ? call.externalPort : undefined,
    static: isStatic,
    lease: isStatic ? Infinity : leaseOf(sim, call) * 1000,
    fate: 'asked',
    port: 0,
    endsFrom: Infinity,
    endsTo: Infinity,
    toldAt: sim.now,
    hidden: false,
    volatile: false,
  }
}

/** Seconds, as each version has it. */
function leaseOf({ profile }: Simulation, { facade, lease }: AddCall): number {
  if (facade === 1) return lease === 0 ? Infinity : lease
  if (lease === 0) return profile.zeroLease === 'static' ? Infinity : WEEK
  return Math.min(lease, WEEK)
}

/** To whom the entry may belong. */
export const claimsAt = (
  sim: Simulation,
  protocol: Protocol,
  externalPort: number,
  remoteHost: string,
): Told[] =>
  [...sim.promises.live].filter(
    (one) =>
      one.protocol === protocol &&
      one.remoteHost === remoteHost &&
      (one.port === externalPort || (one.port === 0 && (one.wish ?? externalPort) === externalPort)),
  )

/** Must it be there now? */
export const isSure = (sim: Simulation, { endsFrom, fate, hidden }: Told): boolean =>
  fate === 'held' && !hidden && endsFrom > sim.now && sim.world.life.ready
