import type * as v from 'valibot'

/** How the value of a key is written in TOML. */
export type TomlType = 'string' | 'number' | 'boolean' | 'array'

const isSchema = (value: unknown): value is v.GenericSchema =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'schema'

export function tomlType(schema: v.GenericSchema): TomlType {
  if ('wrapped' in schema && isSchema(schema.wrapped)) return tomlType(schema.wrapped)
  if ('options' in schema && Array.isArray(schema.options)) {
    return schema.options.every((option) => typeof option === 'number') ? 'number' : 'string'
  }
  const { type } = schema
  return type === 'number' || type === 'boolean' || type === 'array' ? type : 'string'
}

/**
 * What TOML would hold, from a flag or a variable, which are text. A text that is no number or switch stays as it
 * is and fails the schema, which knows what it must be.
 */
export function fromText(schema: v.GenericSchema, text: string): unknown {
  switch (tomlType(schema)) {
    case 'number':
      return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text
    case 'boolean':
      return text === 'true' || (text === 'false' ? false : text)
    case 'array':
      return text.trim() === '' ? [] : text.split(',').map((item) => item.trim())
    case 'string':
      return text
  }
}
