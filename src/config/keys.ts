import * as v from 'valibot'
import type { About } from './about.ts'
import { CONFIG } from './schema.ts'

/** One key of the schema, with the names it goes by. */
export interface Key {
  /** `section.key`, as the file has it. */
  readonly name: string
  readonly section: string
  readonly leaf: string
  /** The environment variable that sets it. */
  readonly variable: string
  readonly schema: v.GenericSchema
  readonly about: About
}

export const VARIABLE_PREFIX = 'IGD_PCP_'

const upperSnake = (name: string): string => name.replace(/[A-Z]/g, '_$&').toUpperCase()

/** A schema as schema.ts makes every key: with what it says of itself as the second step. */
type KeySchema = v.GenericSchema & {
  readonly pipe: readonly [v.GenericSchema, v.MetadataAction<unknown, { readonly about: About }>]
}

const sections: Readonly<Record<string, { readonly entries: Readonly<Record<string, KeySchema>> }>> =
  CONFIG.entries

/** Every key, in the order of the schema. */
export const KEYS: readonly Key[] = Object.entries(sections).flatMap(([section, { entries }]) =>
  Object.entries(entries).map(([leaf, schema]) => ({
    name: `${section}.${leaf}`,
    section,
    leaf,
    variable: `${VARIABLE_PREFIX}${upperSnake(section)}_${upperSnake(leaf)}`,
    schema,
    about: schema.pipe[1].metadata.about,
  })),
)

export const SECTIONS: readonly string[] = Object.keys(sections)
