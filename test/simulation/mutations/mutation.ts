import type { Interworking } from '../../../src/interworking.ts'
import type { Surroundings } from '../../../src/main.ts'
import { millis } from '../../../src/lib/units.ts'
import { instead } from '../../support/world/stand-ins.ts'
import type { Profile } from '../profile.ts'
import type { Happening } from '../happening.ts'
import type { Schedule } from '../schedule.ts'
import type { Simulation } from '../simulation.ts'

type Iwf = Interworking['iwf']

/** One thing broken on purpose. */
export interface Mutation {
  readonly what: string
  /** What the world is set up with, if that is what is wrong. */
  readonly profile?: (profile: Profile) => Profile
  /** Schedules of another kind would not show it. */
  readonly on?: (schedule: Schedule) => boolean
  readonly breaks?: (sim: Simulation) => void
}

/** Schedules in which this happens. */
export const where =
  (...kinds: readonly Happening['kind'][]) =>
  ({ events }: Schedule): boolean =>
    kinds.every((kind) => events.some(({ does }) => does.kind === kind))

const CALLS: ReadonlySet<string> = new Set<Happening['kind']>([
  'add',
  'add-any',
  'again',
  'ask-state',
  'delete',
  'delete-port',
  'delete-range',
  'get',
  'get-held',
  'hostile',
  'list',
  'subscribe',
  'walk',
])

/** Schedules in which nothing goes wrong. */
export const calm = ({ events }: Schedule): boolean => events.every(({ does }) => CALLS.has(does.kind))

/** Something the daemon meets does not do what it should. */
export const met =
  (part: (real: Surroundings, sim: Simulation) => Partial<Surroundings>) =>
  (sim: Simulation): void => {
    sim.world.standIns.surroundings = (real) => instead(real, part(real, sim))
  }

/** The interworking function does not do what it should. */
export const gateway =
  (part: (real: Iwf, sim: Simulation) => Partial<Iwf>) =>
  (sim: Simulation): void => {
    sim.world.standIns.core = (real) => instead(real, { iwf: instead<Iwf>(real.iwf, part(real.iwf, sim)) })
  }

/** Resolves when so much virtual time has passed. */
export const passed = (sim: Simulation, span: number): Promise<void> =>
  new Promise((resolve) => void sim.world.clock.at(millis(sim.now + span), resolve))
