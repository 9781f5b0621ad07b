import * as v from 'valibot'
import { decoded, type Decoded, malformed } from '../lib/decoded.ts'
import { type Environment, readEnvironment } from './environment.ts'
import { type ConfigFile, readToml } from './file.ts'
import { type FlagValues, flagSyntax, readFlags } from './flags.ts'
import { KEYS, SECTIONS } from './keys.ts'
import { CONFIG, type Config } from './schema.ts'
import { type Entry, isSetting, type Problem, type Setting } from './setting.ts'

export interface Sources {
  readonly file: ConfigFile | undefined
  readonly environment: Environment
  /** What `util.parseArgs` made of FLAG_OPTIONS. */
  readonly flags: FlagValues
}

/** Flag beats environment beats file beats default. The answer is a frozen Config, or all that is wrong at once. */
export function loadConfig({ file, environment, flags }: Sources): Decoded<Config, readonly Problem[]> {
  const others = [...readEnvironment(environment), ...readFlags(flags)]
  const inFile = file ? readToml(file) : decoded([])
  // What the others leave out may stand in the file, so nothing is called missing while that cannot be read.
  return inFile.ok ? resolve([...inFile.value, ...others]) : malformed([inFile.why, ...others.flatMap(check)])
}

/** Of several settings of a key the last wins. */
function resolve(entries: readonly Entry[]): Decoded<Config, readonly Problem[]> {
  const wrong = entries.flatMap(check)
  const winners = new Map(entries.filter(isSetting).map((setting) => [setting.key.name, setting]))
  const result = v.safeParse(CONFIG, treeOf(winners.values()), PARSING)
  if (!result.success) wrong.push(...result.issues.flatMap((issue) => checkTogether(issue, winners)))
  return result.success && wrong.length === 0 ? decoded(frozen(result.output)) : malformed(wrong)
}

/** One problem a value, not one for each step it fails. */
const PARSING = { abortPipeEarly: true }

/** What is wrong with an entry by itself. An overruled one is checked too: it counts when the other is gone. */
function check(entry: Entry): Problem[] {
  if (!isSetting(entry)) return [entry]
  const { key, value, where } = entry
  const { issues = [] } = v.safeParse(key.schema, value, PARSING)
  return issues.map((issue) => {
    const at = issue.path?.[0].key
    const item = typeof at === 'number' ? at : undefined
    return { where: where(item), what: describe(issue, item === undefined ? value : issue.path?.[0].value) }
  })
}

/** What shows only in the whole: keys that nobody set, and values that do not go together. */
function checkTogether(issue: v.BaseIssue<unknown>, winners: ReadonlyMap<string, Setting>): Problem[] {
  const name = (issue.path ?? [])
    .slice(0, 2)
    .map((step) => String(step.key))
    .join('.')
  const setting = winners.get(name)
  if (!setting) return [{ where: name, what: howToSet(name) }]
  return check(setting).length > 0 ? [] : [{ where: setting.where(), what: describe(issue, setting.value) }]
}

function howToSet(name: string): string {
  const key = KEYS.find((candidate) => candidate.name === name)
  const flag = key?.about.flag && flagSyntax(key.about.flag)
  const ways = [flag, key?.variable, `${name} in the file`].filter((way) => way !== undefined)
  return `not set; set it by ${ways.join(' or ')}`
}

const LONGEST_SHOWN = 60

/** `value` as its source has it: what a check looks at may be made of it, or be more than it. */
function describe({ message }: v.BaseIssue<unknown>, value: unknown): string {
  const shown = typeof value === 'number' ? String(value) : JSON.stringify(value)
  const cut = shown.length > LONGEST_SHOWN ? `${shown.slice(0, LONGEST_SHOWN)}...` : shown
  return `${message}; it is ${cut}`
}

function treeOf(settings: Iterable<Setting>): Record<string, Record<string, unknown>> {
  const tree: Record<string, Record<string, unknown>> = {}
  for (const section of SECTIONS) tree[section] = {}
  for (const { key, value } of settings) tree[key.section] = { ...tree[key.section], [key.leaf]: value }
  return tree
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) frozen(part)
    Object.freeze(value)
  }
  return value
}
