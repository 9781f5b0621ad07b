import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { after, millis } from '../lib/units.ts'

const MINUTE = millis(60_000)

type Level = 'info' | 'warn' | 'error'

interface Kind {
  written: number
  /** How many were kept back, and the fields of the last of them. */
  withheld: number
  lastFields: object
}

/**
 * Writes at most `perMinute` lines of one kind a minute and then says how many more there were. A kind is a level
 * and a message, so what varies belongs in the fields. Debug lines all pass: who turns them on wants them.
 */
export function throttle(log: Log, clock: Clock, perMinute: number): Log {
  const kinds = new Map<string, Kind>()

  const summarise = (level: Level, message: string) => {
    const name = `${level} ${message}`
    const kind = kinds.get(name)
    kinds.delete(name)
    if (kind && kind.withheld > 0) log[level](kind.lastFields, `${message} (${kind.withheld} more)`)
  }

  const open = (level: Level, message: string): Kind => {
    const kind = { written: 0, withheld: 0, lastFields: {} }
    kinds.set(`${level} ${message}`, kind)
    clock.at(after(clock.now(), MINUTE), () => summarise(level, message))
    return kind
  }

  const write = (level: Level) => (fields: object, message: string) => {
    const kind = kinds.get(`${level} ${message}`) ?? open(level, message)
    if (kind.written < perMinute) {
      kind.written += 1
      log[level](fields, message)
    } else {
      kind.withheld += 1
      kind.lastFields = fields
    }
  }

  return {
    debug: (fields, message) => log.debug(fields, message),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  }
}
