import type * as v from 'valibot'
import { type Key, KEYS, SECTIONS } from './keys.ts'
import { tomlType } from './text-value.ts'

// What is written about the keys, made from the schema: the JSON Schema for editors and docs/configuration.md.

type Json = Readonly<Record<string, unknown>>

/** As valibot holds a schema, as far as it says something to an editor. */
interface Described {
  readonly type: string
  readonly wrapped?: Described
  readonly options?: readonly unknown[]
  readonly item?: Described
  readonly default?: unknown
  readonly requirement?: unknown
  readonly pipe?: readonly Described[]
}

const described = (schema: v.GenericSchema): Described => schema

/** What TOML may hold there. */
function valueOf(schema: Described): Json {
  if (schema.pipe) {
    const [first, ...steps] = schema.pipe
    const base = first ? valueOf(first) : {}
    return steps.reduce<Json>((json, step) => ({ ...json, ...limitOf(step) }), base)
  }
  if (schema.wrapped) return valueOf(schema.wrapped)
  if (schema.options) return { enum: schema.options }
  if (schema.item) return { type: 'array', items: valueOf(schema.item) }
  return { type: schema.type }
}

const limitOf = ({ requirement, type }: Described): Json => {
  switch (type) {
    case 'integer':
      return { type: 'integer' }
    case 'min_value':
      return { minimum: requirement }
    case 'gt_value':
      return { exclusiveMinimum: requirement }
    case 'max_value':
      return { maximum: requirement }
    case 'max_length':
      return { maxLength: requirement }
    case 'min_length':
      return { minItems: requirement }
    default:
      return {}
  }
}

/** The default as TOML has it; undefined where there is none. */
function defaultOf(schema: Described): unknown {
  if (schema.default !== undefined) return schema.default
  const [first] = schema.pipe ?? []
  const inner = schema.wrapped ?? first
  return inner && inner !== schema ? defaultOf(inner) : undefined
}

const ofSection = (section: string): readonly Key[] => KEYS.filter((key) => key.section === section)

function keyJson({ about, schema }: Key): Json {
  const value = defaultOf(described(schema))
  const unit = about.unit === undefined ? '' : ` In ${about.unit}.`
  return {
    description: `${about.meaning}${unit} ${about.why} Takes effect at a ${about.reload ? 'reload' : 'restart'}.`,
    ...valueOf(described(schema)),
    ...(value !== undefined && { default: value }),
  }
}

/** For editors that know TOML, and for programs that write a configuration. */
export const jsonSchema = (): Json => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'igd-pcp configuration',
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(
    SECTIONS.map((section) => [
      section,
      {
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(ofSection(section).map((key) => [key.leaf, keyJson(key)])),
      },
    ]),
  ),
})

const HEAD = `# Configuration

<!-- Made from src/config/schema.ts by "npm run docs". -->

TOML, as \`igd-pcp run --config FILE\`. \`igd-pcp check-config FILE\` shows every problem at once, with line and key. A flag
beats a variable of the environment, which beats the file, which beats the default. Lists in a variable are separated by
commas.

For an editor that completes and checks while you type, put this line first in the file:

\`\`\`toml
#:schema ./config.schema.json
\`\`\`

with a copy of [config.schema.json](config.schema.json) beside it.

After a change: \`systemctl reload igd-pcp\` (SIGHUP). One line in the log names every changed key: those that were taken
over, and those that wait for a restart. Which is which stands with each key below. A file with a mistake changes
nothing. No mapping is lost either way.
`

/** The whole page. */
export const configurationPage = (): string =>
  [
    HEAD,
    ...SECTIONS.map((section) => `\n## [${section}]\n\n${ofSection(section).map(keyText).join('\n')}`),
  ].join('')

function keyText(key: Key): string {
  const { about, name, schema, variable } = key
  const value = defaultOf(described(schema))
  const { flag, meaning, unit, why } = about
  const rows = [
    `${value === undefined ? 'Not set by default' : `Default: \`${JSON.stringify(value)}\``}. ${why.replace(/^No default: /, 'Must be set: ')}`,
    `Type: ${typeText(key)}${unit === undefined ? '' : `, ${unit}`}`,
    `Variable: \`${variable}\`${flag ? `, flag: \`--${flag.name}${flag.value ? ` ${flag.value}` : ''}\`` : ''}`,
    `Takes effect: ${about.reload ? 'at a reload' : 'at a restart'}`,
  ]
  return `### ${name}\n\n${meaning}\n\n${rows.map((row) => `- ${row}\n`).join('')}`
}

function typeText({ schema }: Key): string {
  const { enum: options, maximum, minimum } = valueOf(described(schema))
  if (Array.isArray(options))
    return `one of ${options.map((option) => `\`${JSON.stringify(option)}\``).join(', ')}`
  const range = typeof minimum === 'number' && typeof maximum === 'number' ? `, ${minimum} to ${maximum}` : ''
  return `${NAMES[tomlType(schema)]}${range}`
}

const NAMES = { string: 'text', number: 'number', boolean: 'true or false', array: 'list' } as const
