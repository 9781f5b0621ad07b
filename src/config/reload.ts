import { KEYS } from './keys.ts'
import type { Config } from './schema.ts'

type OfSection<S extends keyof Config> = `${S}.${keyof Config[S] & string}`
/** `section.key`, as the file has it. */
export type KeyName = { readonly [S in keyof Config]: OfSection<S> }[keyof Config]

interface Follower {
  readonly names: ReadonlySet<string>
  readonly take: (config: Config) => void | Promise<void>
}

/** What became of a changed configuration. */
export interface Taken {
  /** The keys that are taken over. */
  readonly now: readonly string[]
  /** Those that wait for a restart. */
  readonly atRestart: readonly string[]
  /** Why a part could not follow, one sentence each. */
  readonly failures: readonly string[]
}

/** The configuration in force. Whoever reads it at the moment of need has nothing to follow. */
export class LiveConfig {
  #current: Config
  readonly #followers = new Set<Follower>()

  constructor(first: Config) {
    this.#current = first
  }

  get current(): Config {
    return this.#current
  }

  /** Calls `take` after each reload that changed one of the keys. Returns what ends that. */
  follow(names: readonly KeyName[], take: Follower['take']): () => void {
    const follower = { names: new Set(names), take }
    this.#followers.add(follower)
    return () => void this.#followers.delete(follower)
  }

  /** Takes over what a running daemon can of `next`; resolves when all have followed. One call at a time. */
  async take(next: Config): Promise<Taken> {
    const changed = changedKeys(this.#current, next)
    this.#current = reloaded(this.#current, next)
    const failures: string[] = []
    for (const { names, take } of this.#followers) {
      if (!changed.now.some((name) => names.has(name))) continue
      try {
        await take(this.#current)
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error))
      }
    }
    return { ...changed, failures }
  }
}

/** The keys that differ, by when their change takes effect. */
export function changedKeys(before: Config, after: Config): Omit<Taken, 'failures'> {
  const changed = KEYS.filter(
    ({ leaf, section }) => valueAt(before, section, leaf) !== valueAt(after, section, leaf),
  )
  const names = (isNow: boolean) =>
    changed.filter(({ about }) => (about.reload === true) === isNow).map(({ name }) => name)
  return { now: names(true), atRestart: names(false) }
}

function valueAt(config: Config, section: string, leaf: string): string | undefined {
  const sections: Readonly<Record<string, Readonly<Record<string, unknown>>>> = config
  return JSON.stringify(sections[section]?.[leaf])
}

/** `before` with what a reload takes over of `after`: the keys that the schema marks so. */
export function reloaded(before: Config, after: Config): Config {
  const { downstreamBps, emptyClient, probe, upstreamBps, zeroLease } = after.igd
  return {
    ...before,
    pcp: after.pcp,
    igd: { ...before.igd, downstreamBps, emptyClient, probe, upstreamBps, zeroLease },
    access: after.access,
    http: { ...before.http, page: after.http.page },
    log: after.log,
    metrics: after.metrics,
  }
}
