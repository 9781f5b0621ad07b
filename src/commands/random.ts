import { randomBytes } from 'node:crypto'
import type { Random } from '../lib/clock.ts'

/** The dice of this machine. */
export const random: Random = {
  bytes: (length) => Uint8Array.from(randomBytes(length)),
  unit: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
}
