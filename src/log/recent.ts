import type { Log } from '../lib/log.ts'

/** What the log was told, for whoever asks later. */
export interface LoggedEvent {
  /** ISO 8601. */
  readonly time: string
  readonly level: 'info' | 'warn' | 'error'
  readonly text: string
  readonly fields: object
}

/** The last `most` lines of a log, and those to come for whoever listens. Debug lines are no events. */
export class RecentEvents implements Log {
  readonly #log: Log
  readonly #date: () => Date
  readonly #most: number
  readonly #events: LoggedEvent[] = []
  readonly #listeners = new Set<(event: LoggedEvent) => void>()

  constructor(log: Log, date: () => Date, most: number) {
    this.#log = log
    this.#date = date
    this.#most = most
  }

  /** The newest last. */
  get events(): readonly LoggedEvent[] {
    return this.#events
  }

  listen(listener: (event: LoggedEvent) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  debug(fields: object, message: string): void {
    this.#log.debug(fields, message)
  }

  info(fields: object, message: string): void {
    this.#log.info(fields, message)
    this.#note('info', fields, message)
  }

  warn(fields: object, message: string): void {
    this.#log.warn(fields, message)
    this.#note('warn', fields, message)
  }

  error(fields: object, message: string): void {
    this.#log.error(fields, message)
    this.#note('error', fields, message)
  }

  #note(level: LoggedEvent['level'], fields: object, text: string): void {
    const event = { time: this.#date().toISOString(), level, text, fields }
    this.#events.push(event)
    if (this.#events.length > this.#most) this.#events.shift()
    for (const listener of this.#listeners) listener(event)
  }
}
