import { KEYS, VARIABLE_PREFIX } from './keys.ts'
import type { Entry } from './setting.ts'
import { fromText } from './text-value.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const BY_VARIABLE = new Map(KEYS.map((key) => [key.variable, key]))

/** Reads `IGD_PCP_<SECTION>_<KEY>`. Lists are separated by commas. */
export const readEnvironment = (environment: Environment): readonly Entry[] =>
  Object.entries(environment).flatMap(([variable, text]) =>
    variable.startsWith(VARIABLE_PREFIX) && text !== undefined ? [readVariable(variable, text)] : [],
  )

function readVariable(variable: string, text: string): Entry {
  const key = BY_VARIABLE.get(variable)
  if (key) return { key, value: fromText(key.schema, text), where: () => variable }
  return { where: variable, what: `sets no key; ${variablesLike(variable)}` }
}

/** The variables of the same section, or how one is built. */
function variablesLike(variable: string): string {
  const section = variable.slice(VARIABLE_PREFIX.length).split('_', 1).join('')
  const known = [...BY_VARIABLE.keys()].filter((name) => name.startsWith(`${VARIABLE_PREFIX}${section}_`))
  return known.length > 0 ? `there are ${known.join(', ')}` : `a name is ${VARIABLE_PREFIX}<SECTION>_<KEY>`
}
