import { describe, expect, it } from 'vitest'
import { createLog, type LogOptions } from '../../src/log/logger.ts'

function capture(options: Partial<LogOptions>) {
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  return { log: createLog({ level: 'info', format: 'text', journald: false, ...options, write }), lines }
}

const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`

describe('the log', () => {
  it.each([
    ['auto', false, new RegExp(`^${TIME} WARN no answer server=192\\.0\\.2\\.1\\n$`)],
    ['auto', true, /^<4>WARN no answer server=192\.0\.2\.1\n$/],
    ['text', false, /^WARN no answer server=192\.0\.2\.1\n$/],
    [
      'json',
      true,
      new RegExp(`^<4>{"level":"warn","time":"${TIME}","server":"192\\.0\\.2\\.1","msg":"no answer"}\\n$`),
    ],
  ] as const)('in format %s, journald: %s', (format, journald, expected) => {
    const { log, lines } = capture({ format, journald })
    log.warn({ server: '192.0.2.1' }, 'no answer')
    expect(lines).toEqual([expect.stringMatching(expected)])
  })

  it('has the priority that journald takes off again', () => {
    const { log, lines } = capture({ level: 'debug', journald: true })
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]({}, 'x')
    expect(lines).toEqual(['<7>DEBUG x\n', '<6>INFO x\n', '<4>WARN x\n', '<3>ERROR x\n'])
  })

  it.each([
    ['debug', 'DEBUG a|INFO b|WARN c|ERROR d|'],
    ['info', 'INFO b|WARN c|ERROR d|'],
    ['warn', 'WARN c|ERROR d|'],
    ['error', 'ERROR d|'],
  ] as const)('at level %s', (level, expected) => {
    const { log, lines } = capture({ level })
    log.debug({}, 'a')
    log.info({}, 'b')
    log.warn({}, 'c')
    log.error({}, 'd')
    expect(lines.join('').replaceAll('\n', '|')).toBe(expected)
  })

  it('is written another way from the next line on', () => {
    const { log, lines } = capture({})
    log.debug({}, 'a')
    log.adjust({ level: 'debug', format: 'json' })
    log.debug({ error: new Error('boom') }, 'b')
    log.adjust({ level: 'error', format: 'text' })
    log.warn({}, 'c')
    expect(lines).toEqual([
      expect.stringMatching(/^\{"level":"debug",.*"error":"Error: boom\\n +at .*"msg":"b"\}\n$/),
    ])
  })

  it('shows an error as a sentence', () => {
    const { log, lines } = capture({})
    log.error({ error: new RangeError('too far\n') }, 'failed')
    log.error(new Error('boom'), 'failed')
    log.error({ error: 'text' }, 'failed')
    expect(lines).toEqual([
      'ERROR failed error="RangeError: too far\\n"\n',
      'ERROR failed err="Error: boom"\n',
      'ERROR failed error=text\n',
    ])
  })

  it('shows where an error comes from at level debug', () => {
    const { log, lines } = capture({ level: 'debug' })
    log.error({ error: new Error('boom') }, 'failed')
    expect(lines[0]).toMatch(/^ERROR failed error="Error: boom\\n {4}at .*"\n$/)
  })

  it('survives what JSON cannot hold', () => {
    const { log, lines } = capture({})
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    log.info({ loop, big: 2n ** 64n, missing: undefined }, 'odd %s %d')
    expect(lines).toEqual(['INFO odd %s %d loop={"self":"[Circular]"} big=18446744073709552000\n'])
  })
})
