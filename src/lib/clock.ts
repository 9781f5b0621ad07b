import { type Millis, after } from './units.ts'

/** The only source of time below `main.ts`. */
export interface Clock {
  /** Milliseconds since boot, suspend included. Never goes back, and knows nothing of the date. */
  now(): Millis
  /** Runs `run` once, at `due` or soon after. Disposing before that cancels it. */
  at(due: Millis, run: () => void): Disposable
  /**
   * Runs `look` every `span` until disposed: for what nobody tells of. Who looks again and finds all as it was does
   * nothing.
   */
  every(span: Millis, look: () => void): Disposable
}

/** `every` of a clock, made of the rest of it. */
export function repeated(clock: Pick<Clock, 'at' | 'now'>, span: Millis, look: () => void): Disposable {
  const next = (): Disposable =>
    clock.at(after(clock.now(), span), () => {
      timer = next()
      look()
    })
  let timer = next()
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() }
}

/** The only source of chance below `main.ts`. */
export interface Random {
  /** `length` unpredictable bytes (RFC 4086). */
  bytes(length: number): Uint8Array
  /** A number in [0, 1). */
  unit(): number
}
