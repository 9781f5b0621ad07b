type Signal = 'SIGTERM' | 'SIGINT'

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
export const untilSignal = (): Promise<Signal> =>
  new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => {
        resolve(signal)
        process.once(signal, () => process.exit(1))
      })
  })

/** Aborts at the first SIGTERM or SIGINT, until it is disposed; a second one ends the process at once. */
export function abortedBySignal(): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController()
  const stop = () => {
    if (controller.signal.aborted) process.exit(1)
    controller.abort()
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, stop)
    },
  }
}
