import type { Millis } from './units.ts'

/** The only source of time below `main.ts`. */
export interface Clock {
  /** Milliseconds since boot, suspend included. Never goes back, and knows nothing of the date. */
  now(): Millis
  /** Runs `run` once, at `due` or soon after. Disposing before that cancels it. */
  at(due: Millis, run: () => void): Disposable
}

/** The only source of chance below `main.ts`. */
export interface Random {
  /** `length` unpredictable bytes (RFC 4086). */
  bytes(length: number): Uint8Array
  /** A number in [0, 1). */
  unit(): number
}
