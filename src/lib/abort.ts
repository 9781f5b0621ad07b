import { setMaxListeners } from 'node:events'
import type { Clock } from './clock.ts'
import type { Millis } from './units.ts'

/** A signal that aborts at `due`, or as soon as `cause` does. Dispose it when the wait is over. */
function deadline(
  clock: Clock,
  due: Millis,
  cause?: AbortSignal,
): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController()
  const abort = () => controller.abort()
  if (cause?.aborted === true) abort()
  const timer = clock.at(due, abort)
  cause?.addEventListener('abort', abort)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      timer[Symbol.dispose]()
      cause?.removeEventListener('abort', abort)
    },
  }
}

/** Runs `task` with a signal that aborts at `due`, or as soon as `cause` does. */
export async function within<T>(
  clock: Clock,
  due: Millis,
  task: (signal: AbortSignal) => Promise<T>,
  cause?: AbortSignal,
): Promise<T> {
  const wait = deadline(clock, due, cause)
  try {
    return await task(wait.signal)
  } finally {
    wait[Symbol.dispose]()
  }
}

/** Settles as `done` does, but resolves at `due` at the latest. */
export async function atMost(clock: Clock, due: Millis, done: Promise<unknown>): Promise<void> {
  let timer: Disposable | undefined
  const late = new Promise<void>((resolve) => {
    timer = clock.at(due, resolve)
  })
  try {
    await Promise.race([done, late])
  } finally {
    timer?.[Symbol.dispose]()
  }
}

/** Resolves at `due`, or as soon as `signal` aborts. */
export const sleepUntil = (clock: Clock, due: Millis, signal: AbortSignal): Promise<void> =>
  within(clock, due, aborted, signal)

/** Resolves when `signal` aborts. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** A signal that aborts with either of two. Dispose it when the wait is over. */
export function either(one: AbortSignal, other: AbortSignal): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController()
  const abort = () => controller.abort()
  for (const cause of [one, other]) {
    if (cause.aborted) abort()
    cause.addEventListener('abort', abort)
  }
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const cause of [one, other]) cause.removeEventListener('abort', abort)
    },
  }
}

/** For a signal that any number of waits share: Node would take that for a leak. */
export function sharedAbort(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}
