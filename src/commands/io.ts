import type { Descriptors } from '../upnp/description.ts'

/** What a command may use of its process. */
export interface Io {
  /** Writes what was asked for. */
  readonly out: (text: string) => void
  /** Writes what went wrong. */
  readonly err: (text: string) => void
  /** The device and service descriptions. */
  readonly descriptors: Descriptors
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** The daemon or the answer ended well. */
export const DONE = 0
/** The command, its flags or the configuration is wrong; nothing was started. */
export const USAGE = 2
