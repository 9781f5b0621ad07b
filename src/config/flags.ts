import { type Key, KEYS } from './keys.ts'
import type { About } from './about.ts'
import type { Entry } from './setting.ts'
import { fromText, tomlType } from './text-value.ts'

/** What `util.parseArgs` found, by the name of the flag. */
export type FlagValues = Readonly<
  Record<string, string | boolean | readonly (string | boolean)[] | undefined>
>

interface FlagOption {
  readonly type: 'string' | 'boolean'
  readonly multiple: boolean
}

interface FlagKey {
  readonly key: Key
  readonly flag: NonNullable<About['flag']>
}

const FLAG_KEYS: readonly FlagKey[] = KEYS.flatMap((key) => {
  const { flag } = key.about
  return flag ? [{ key, flag }] : []
})

/** The keys that have a flag, for `util.parseArgs`. The flag of a list may be given several times. */
export const FLAG_OPTIONS: Readonly<Record<string, FlagOption>> = Object.fromEntries(
  FLAG_KEYS.map(({ key, flag }): [string, FlagOption] => {
    const type = tomlType(key.schema)
    return [flag.name, { type: type === 'boolean' ? type : 'string', multiple: type === 'array' }]
  }),
)

/** How the help spells a flag: `--http-port N`. */
export const flagSyntax = ({ name, value }: FlagKey['flag']): string =>
  value === undefined ? `--${name}` : `--${name} ${value}`

/** A row of help for each flag. */
export const FLAG_HELP = FLAG_KEYS.map(({ key, flag }) => [flagSyntax(flag), key.about.meaning] as const)

/** Reads what `parseArgs` found by FLAG_OPTIONS. */
export const readFlags = (values: FlagValues): readonly Entry[] =>
  FLAG_KEYS.flatMap(({ key, flag }): Entry[] => {
    const given = values[flag.name]
    if (given === undefined) return []
    const value = typeof given === 'boolean' ? given : fromText(key.schema, [given].flat().join(','))
    return [{ key, value, where: () => `--${flag.name}` }]
  })
