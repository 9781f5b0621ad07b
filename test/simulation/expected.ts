import { PROTOCOL_NUMBER } from '../../src/pcp/wire/constants.ts'
import type { IgdVersion } from '../../src/core/types.ts'
import type { AddCall } from './happening.ts'
import { isAllowed } from './policy.ts'
import type { Told } from './promises.ts'
import type { Simulation } from './simulation.ts'

// Which answers an add may have, by the norms and by what was promised to others.

/** Nothing of the carrier's refusals is remembered for longer (RFC 6887 §11.3: a nonce, for a day). */
const FORGOTTEN = 90_000_000
/** The defaults of access.addBurst and access.totalBurst, and how long it takes until they are full again. */
const BURST = { host: 10, all: 100, refill: 10_000 }

/** WANIPConnection:1 has other codes. */
const FIRST: Readonly<Record<number, number>> = { 606: 718, 728: 501, 729: 718 }

const inVersion = (facade: IgdVersion, codes: readonly number[]): ReadonlySet<number> =>
  new Set(codes.map((code) => (facade === 1 ? (FIRST[code] ?? code) : code)))

export function expectedAdd(sim: Simulation, call: AddCall, told: Told): ReadonlySet<number> {
  const { by: caller, client, externalPort, facade, internalPort, kind } = call
  const rates = isHasty(sim, caller) ? [728] : []
  if (!isAllowed(sim.rules, { caller, client, externalPort, internalPort })) return inVersion(facade, [606])
  const others = kind === 'add' ? othersAt(sim, told, externalPort) : []
  if (others.some((other) => other.static)) return inVersion(facade, [729, ...rates])
  if (others.length > 0) return inVersion(facade, [718, ...rates])
  if (isSureToSucceed(sim, call, told)) return new Set([200])
  return inVersion(facade, kind === 'add' ? [200, 501, 606, 718, 728, 729] : [200, 501, 606, 728])
}

/** Those of other hosts that surely have the port. */
export const othersAt = (sim: Simulation, told: Told, port: number): Told[] =>
  sim.promises
    .at(told.protocol, port)
    .filter(
      (other) =>
        other !== told &&
        (other.client !== told.client || other.static !== told.static) &&
        other.fate === 'held' &&
        other.endsFrom > sim.now &&
        sim.world.life.ready,
    )

function isHasty(sim: Simulation, by: number): boolean {
  const lately = sim.points.adds.recent.filter(({ at }) => at > sim.now - BURST.refill)
  return lately.length >= BURST.all || lately.filter((one) => one.by === by).length >= BURST.host
}

/** Nothing is wrong, and nothing was for a day. */
export const isQuiet = (sim: Simulation): boolean =>
  sim.neverDisturbed || sim.now - sim.quietSince > FORGOTTEN

/** Nobody else has the port, and there is room. */
function isSureToSucceed(sim: Simulation, { externalPort, kind }: AddCall, told: Told): boolean {
  const { live } = sim.promises
  if (!isQuiet(sim) || sim.now - sim.readySince < 10_000 || isHasty(sim, sim.hosts.at(0).number)) return false
  if (sim.points.adds.recent.some(({ at }) => at > sim.now - BURST.refill)) return false
  if (live.size + 1 >= Math.min(sim.perHost, sim.profile.total)) return false
  if (sim.profile.nat === 'none' || sim.profile.settings.supported?.has('PREFER_FAILURE') === false)
    return false
  const mine = [...live].filter((other) => other !== told)
  if (mine.length + 1 >= Math.min(sim.carrier.responder.settings.quota, sim.profile.wanPorts.last - 50_001))
    return false
  if (mine.some((other) => other.client === told.client && other.port === externalPort)) return false
  return kind === 'add-any' || isFreeAtCarrier(sim, told.protocol, externalPort)
}

const isFreeAtCarrier = (sim: Simulation, protocol: Told['protocol'], externalPort: number): boolean =>
  ![5350, 5351].includes(externalPort) &&
  externalPort >= 1024 &&
  !sim.carrier.responder
    .mappings()
    .some((one) => one.protocol === PROTOCOL_NUMBER[protocol] && one.external.port === externalPort)
