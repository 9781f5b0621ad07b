import { describe, expect, it } from 'vitest'
import { INVARIANTS, type Invariant, type Wrong } from '../support/world/invariants.ts'
import { OF_ANSWERS } from './mutations/answers.ts'
import type { Mutation } from './mutations/mutation.ts'
import { OF_PACKETS } from './mutations/packets.ts'
import { OF_THE_ROUTER } from './mutations/router.ts'
import { OF_THE_TABLE } from './mutations/table.ts'
import { type Schedule, scheduleOf } from './schedule.ts'
import { Simulation } from './simulation.ts'

// A check that cannot fail is none: for each invariant something is broken that it has to notice, before any other does.

const MUTATIONS: Readonly<Record<Invariant, readonly Mutation[]>> = {
  ...OF_THE_TABLE,
  ...OF_ANSWERS,
  ...OF_PACKETS,
  ...OF_THE_ROUTER,
}

const ROWS = Object.entries(MUTATIONS).flatMap(([invariant, mutations]) =>
  mutations.map((mutation) => [invariant as Invariant, mutation.what, mutation] as const),
)

/** Seeds that are tried until it is noticed. */
const MOST = 40

/** Events of a schedule: longer ones take their time. */
const LONGEST = 80
/** What is not at rest by then never will be: milliseconds. */
const PATIENCE = 3_600_000

/** What is noticed first. */
async function played(schedule: Schedule, breaks: Mutation['breaks']): Promise<Wrong | undefined> {
  const sim = new Simulation(schedule, false)
  sim.patience = PATIENCE
  breaks?.(sim)
  const { wrong } = await sim.run(schedule.events)
  return wrong[0]
}

/** Is all well with the schedule as long as nothing is broken? */
const isWell = new Map<number, Promise<boolean>>()

function well(seed: number): Promise<boolean> {
  const known = isWell.get(seed) ?? played(scheduleOf(seed), undefined).then((wrong) => !wrong)
  isWell.set(seed, known)
  return known
}

/** What is noticed first with something broken. */
async function noticed({ breaks, on = () => true, profile }: Mutation): Promise<Wrong | undefined> {
  for (let seed = 1; seed <= MOST; seed++) {
    const schedule = scheduleOf(seed)
    if (schedule.events.length > LONGEST || !on(schedule) || !(await well(seed))) continue
    const changed = { ...schedule, profile: profile?.(schedule.profile) ?? schedule.profile }
    const wrong = await played(changed, breaks)
    if (wrong) return wrong
  }
  return undefined
}

describe('what is broken is noticed', () => {
  it.each(ROWS)('%s: %s', { timeout: 60_000 }, async (invariant, _what, mutation) => {
    const first = await noticed(mutation)
    expect(first?.invariant, `${INVARIANTS[invariant]}, but: ${first?.what ?? 'nothing'}`).toBe(invariant)
  })
})
