import { parse, TomlError } from 'smol-toml'
import { decoded, type Decoded, malformed } from '../lib/decoded.ts'

export type TomlTable = Readonly<Record<string, unknown>>

export const isTable = (value: unknown): value is TomlTable =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)

export function parseToml(text: string): Decoded<TomlTable, TomlError> {
  try {
    return decoded(parse(text))
  } catch (error) {
    if (error instanceof TomlError) return malformed(error)
    throw error
  }
}
