import type { Key } from './keys.ts'

/** One thing that is wrong with the configuration. */
export interface Problem {
  /** File and line, with the key; or the variable; or the flag. */
  readonly where: string
  /** What is wrong and what to do. */
  readonly what: string
}

/** The value of a key as one source has it, not yet checked. */
export interface Setting {
  readonly key: Key
  readonly value: unknown
  /** Where the value stands, or item `item` of it. */
  readonly where: (item?: number) => string
}

/** What a source says, in its order: settings, and what names no key. */
export type Entry = Setting | Problem

export const isSetting = (entry: Entry): entry is Setting => 'key' in entry

export const describeProblem = ({ where, what }: Problem): string => `${where}: ${what}`
