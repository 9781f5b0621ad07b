import { pino } from 'pino'
import type { Log } from '../lib/log.ts'
import { jsonLine, type LogRecord, textLine } from './render.ts'

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** 'text' leaves the time to whoever reads the lines, 'auto' only to journald. */
  readonly format: 'auto' | 'json' | 'text'
  /** Whether journald reads what is written, and adds the time. */
  readonly journald: boolean
  /** Takes one line, its end included. */
  readonly write: (line: string) => void
}

/** How it is written may change while it is. */
export interface AdjustableLog extends Log {
  adjust(how: Pick<LogOptions, 'level' | 'format'>): void
}

/** The daemon's log: pino, with each event rendered in this process. */
export function createLog({ level, format, journald, write }: LogOptions): AdjustableLog {
  let how = { level, format }
  const showError = (error: unknown) => describeError(error, how.level === 'debug')
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: showError, error: showError },
    },
    { write: (line: string) => write(rendered(toRecord(line), how.format, journald)) },
  )
  const adjust = (next: Pick<LogOptions, 'level' | 'format'>) => {
    how = next
    log.level = next.level
  }
  return Object.assign(log, { adjust })
}

function rendered(record: LogRecord, format: LogOptions['format'], journald: boolean): string {
  const line = format === 'json' ? jsonLine(record) : textLine(record, format === 'auto' && !journald)
  return journald ? `${priorityOf(record)}${line}` : line
}

/** As syslog numbers them; journald takes it off the line again (sd-daemon(3)). */
const PRIORITY: Readonly<Record<string, string>> = { error: '<3>', warn: '<4>', info: '<6>', debug: '<7>' }

const priorityOf = ({ level }: LogRecord): string => PRIORITY[String(level)] ?? '<3>'

function toRecord(line: string): LogRecord {
  const record: unknown = JSON.parse(line)
  return typeof record === 'object' && record !== null ? { ...record } : { msg: line }
}

/** One sentence for the operator; where it happened for whoever debugs. */
function describeError(error: unknown, withStack: boolean): unknown {
  if (!(error instanceof Error)) return error
  return withStack ? (error.stack ?? String(error)) : String(error)
}
