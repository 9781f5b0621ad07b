import { escapeUnseen, shorten } from './one-line.ts'

/** One event: `level`, `time` and `msg`, and beside them the fields. All of it came through JSON. */
export type LogRecord = Readonly<Record<string, unknown>>

/** Values that need no quotes to be told from what stands around them. */
const PLAIN = /^[\w.,:;/@%+*?!()[\]{}<>|~^$&#'-]+$/

/** `LEVEL message key=value ...`, with the time before it where `withTime`. */
export function textLine({ level, time, msg = '', ...fields }: LogRecord, withTime: boolean): string {
  const words = [
    ...(withTime ? [String(time)] : []),
    String(level).toUpperCase(),
    escapeUnseen(String(shorten(msg))),
    ...Object.entries(fields).map(([name, value]) => `${escapeUnseen(name)}=${textValue(value)}`),
  ]
  return `${words.join(' ')}\n`
}

function textValue(value: unknown): string {
  const short = shorten(value)
  const text = typeof short === 'string' && PLAIN.test(short) ? short : JSON.stringify(short)
  return escapeUnseen(text)
}

export function jsonLine(record: LogRecord): string {
  const short = Object.entries(record).map(([name, value]) => [name, shorten(value)])
  return `${escapeUnseen(JSON.stringify(Object.fromEntries(short)))}\n`
}
