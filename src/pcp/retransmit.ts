import { type Millis, millis } from '../lib/units.ts'

// RFC 6887 §8.1.1 as arithmetic. MRC and MRD are 0: who asks decides how long it wants the answer.

const IRT = 3_000
const MRT = 1_024_000

/** RAND, uniform in [-0.1, 0.1), from a throw in [0, 1). */
export const toRand = (unit: number): number => unit / 5 - 0.1

/** How long to wait for an answer after a send: RT, from the RT before it. `rand` is drawn anew for each. */
export const nextTimeout = (previous: Millis | undefined, rand: number): Millis =>
  millis((1 + rand) * (previous === undefined ? IRT : Math.min(2 * previous, MRT)))
