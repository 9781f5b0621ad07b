import { type Profiler, Session } from 'node:inspector'

/** A stretch of source: the first octet, and the one behind the last. */
export type Span = readonly [from: number, to: number]

/** A function that ran, and what of it did not. */
export interface Ran {
  /** Which function: its file and place. */
  readonly key: string
  readonly span: Span
  readonly dark: readonly Span[]
}

/**
 * Which blocks of code run, as V8 counts them. Only what is loaded after `start` is counted block by block.
 * One at a time: V8 keeps one account for the whole process.
 */
export class Profile {
  readonly #session = new Session()
  readonly #isCounted: (url: string) => boolean

  constructor(isCounted: (url: string) => boolean) {
    this.#isCounted = isCounted
  }

  start(): void {
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** What ran since the last time. */
  take(): readonly Ran[] {
    let scripts: readonly Profiler.ScriptCoverage[] = []
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error) throw error
      scripts = result
    })
    return scripts
      .filter(({ url }) => this.#isCounted(url))
      .flatMap(({ functions, url }) => functions.flatMap((each) => readFunction(url, each) ?? []))
  }

  stop(): void {
    this.#session.disconnect()
  }
}

/** The first range is the whole function, the others are blocks in it that ran another number of times. */
function readFunction(url: string, { ranges }: Profiler.FunctionCoverage): Ran | undefined {
  const [whole, ...blocks] = ranges
  if (!whole || whole.count === 0) return undefined
  const span = [whole.startOffset, whole.endOffset] as const
  return {
    key: `${url} ${span.join('-')}`,
    span,
    dark: blocks
      .filter(({ count }) => count === 0)
      .map(({ startOffset, endOffset }) => [startOffset, endOffset]),
  }
}
