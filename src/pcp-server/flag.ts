import { type Decoded, decoded, malformed } from '../lib/decoded.ts'
import type { Faults } from './faults.ts'
import type { Endpoint } from './mapping.ts'
import type { Settings, Switchable } from './settings.ts'
import type { Parser } from './values.ts'

/** What the flags come to. */
export interface Options {
  readonly listen: Endpoint
  /** Copies of the multicast ANNOUNCE at the start and at each restart. */
  readonly announcements: number
  readonly settings: Settings
  readonly faults: Faults
}

export interface Flag {
  readonly name: string
  /** What follows it; a flag that nothing follows is a switch. */
  readonly takes?: string
  readonly help: string
  /** `text` is what follows it; empty for a switch. */
  readonly apply: (options: Options, text: string) => Decoded<Options>
}

interface Row<T> extends Omit<Flag, 'apply'> {
  readonly parse: Parser<T>
}

export const value = <T>(row: Row<T>, change: (value: T, options: Options) => Partial<Options>): Flag => ({
  ...row,
  apply: (options, text) => {
    const read = row.parse(text)
    return read.ok
      ? decoded({ ...options, ...change(read.value, options) })
      : malformed(`--${row.name} ${read.why}`)
  },
})

export const setting = <T>(row: Row<T>, change: (value: T) => Partial<Settings>): Flag =>
  value(row, (read, { settings }) => ({ settings: { ...settings, ...change(read) } }))

export const fault = <T>(row: Row<T>, change: (value: T) => Partial<Faults>): Flag =>
  value(row, (read, { faults }) => ({ faults: { ...faults, ...change(read) } }))

/** Switches an option off (RFC 6887 §13). */
export const without = (name: string, option: Switchable): Flag => ({
  name,
  help: `Answer UNSUPP_OPTION to ${option}.`,
  apply: ({ settings, ...options }) => {
    const supported = new Set(settings.supported)
    supported.delete(option)
    return decoded({ ...options, settings: { ...settings, supported } })
  },
})

export const faultSwitch = (name: string, help: string, change: Partial<Faults>): Flag => ({
  name,
  help,
  apply: ({ faults, ...options }) => decoded({ ...options, faults: { ...faults, ...change } }),
})
