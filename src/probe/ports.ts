import type { Random } from '../lib/clock.ts'
import { type Port, port } from '../lib/units.ts'

/** Above what the daemon gives its own mappings by default (`nat.ports`), so that none of them is met. */
const FIRST = 57_344
const LAST = 65_535

/** The first of `count` internal ports in a row, drawn anew for each probe. */
export const drawPorts = (random: Random, count: number): Port =>
  port(FIRST + Math.floor(random.unit() * (LAST - FIRST + 2 - count)))
