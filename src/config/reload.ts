import { KEYS } from './keys.ts'
import type { Config } from './schema.ts'

/** Keys that a running daemon takes over; all others name what it is built of. */
const AT_RELOAD: ReadonlySet<string> = new Set([
  'access.rules',
  'access.refusedPorts',
  'access.perHost',
  'access.total',
  'pcp.releaseOnExit',
])

/** The configuration in force. */
export interface LiveConfig {
  current: Config
}

/** When a change of the key `name` takes effect. */
export const takesEffect = (name: string): 'reload' | 'restart' =>
  AT_RELOAD.has(name) ? 'reload' : 'restart'

/** The keys that differ, by when their change takes effect. */
export function changedKeys(
  before: Config,
  after: Config,
): Readonly<Record<'reload' | 'restart', readonly string[]>> {
  const names = KEYS.filter(
    ({ leaf, section }) => valueAt(before, section, leaf) !== valueAt(after, section, leaf),
  ).map(({ name }) => name)
  return {
    reload: names.filter((name) => takesEffect(name) === 'reload'),
    restart: names.filter((name) => takesEffect(name) === 'restart'),
  }
}

function valueAt(config: Config, section: string, leaf: string): string | undefined {
  const sections: Readonly<Record<string, Readonly<Record<string, unknown>>>> = config
  return JSON.stringify(sections[section]?.[leaf])
}

/** `before` with what a reload takes over of `after`. */
export function reloaded(before: Config, after: Config): Config {
  const { perHost, refusedPorts, rules, total } = after.access
  return {
    ...before,
    access: { ...before.access, perHost, refusedPorts, rules, total },
    pcp: { ...before.pcp, releaseOnExit: after.pcp.releaseOnExit },
  }
}
