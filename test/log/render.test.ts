import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonLine, textLine } from '../../src/log/render.ts'

const base = { level: 'info', time: '2026-01-02T03:04:05.678Z', msg: 'mapped' }

describe('a line of text', () => {
  it.each([
    ['no fields', {}, ''],
    [
      'plain values',
      { port: 5000, client: '192.0.2.1', on: true, none: null },
      ' port=5000 client=192.0.2.1 on=true none=null',
    ],
    ['an IPv6 address and port', { server: '[2001:db8::1]:5351' }, ' server=[2001:db8::1]:5351'],
    ['a blank', { name: 'a b' }, ' name="a b"'],
    ['nothing', { name: '' }, ' name=""'],
    ['a quote', { name: 'a"b' }, ' name="a\\"b"'],
    ['what looks like a field', { name: 'x=1' }, ' name="x=1"'],
    ['other scripts', { name: 'Приставка' }, ' name="Приставка"'],
    ['nested values', { mapping: { port: 1, to: ['a'] } }, ' mapping={"port":1,"to":["a"]}'],
    ['a new line', { name: 'a\nERROR all is lost' }, ' name="a\\nERROR all is lost"'],
    ['a terminal escape', { name: '\u001b[2J' }, ' name="\\u001b[2J"'],
    ['C1 controls and DEL', { name: '\u009b2J\u0085\u007f' }, ' name="\\u009b2J\\u0085\\u007f"'],
    ['line separators', { name: '\u2028\u2029' }, ' name="\\u2028\\u2029"'],
    ['a change of direction', { name: '\u202etxt' }, ' name="\\u202etxt"'],
    ['half a pair', { name: '\ud800' }, ' name="\\ud800"'],
    ['a tag character', { name: '\u{e0041}' }, ' name="\\udb40\\udc41"'],
    ['controls in a nested value', { a: ['\n\u0085'] }, ' a=["\\n\\u0085"]'],
    ['controls in a name', { 'a\nb': 1 }, ' a\\u000ab=1'],
  ])('shows %s', (_name, fields, expected) => {
    expect(textLine({ ...base, ...fields }, false)).toBe(`INFO mapped${expected}\n`)
  })

  it('has the time where nobody else adds it', () => {
    expect(textLine(base, true)).toBe('2026-01-02T03:04:05.678Z INFO mapped\n')
  })

  it('escapes the message too', () => {
    expect(textLine({ ...base, msg: 'a\nb' }, false)).toBe('INFO a\\u000ab\n')
  })

  it('needs no message', () => {
    expect(textLine({ level: 'warn', a: 1 }, false)).toBe('WARN  a=1\n')
  })

  it.each([
    ['text', 'x'.repeat(600), `"${'x'.repeat(512)}... (88 more characters)"`],
    ['list', Array.from({ length: 300 }, () => 7), `"[${'7,'.repeat(255)}7... (89 more characters)"`],
  ])('cuts a long %s', (_name, value, expected) => {
    expect(textLine({ ...base, value }, false)).toBe(`INFO mapped value=${expected}\n`)
  })
})

describe('a line of JSON', () => {
  it('is the event', () => {
    const event = { ...base, a: 'x y', b: { c: [1] } }
    expect(JSON.parse(jsonLine(event))).toEqual(event)
  })

  it('says the same escaped', () => {
    const event = { ...base, name: '\u0085\u2028\u202e\u{e0041}\n' }
    const line = jsonLine(event)
    expect(line).toMatch(/^[ -~]+\n$/)
    expect(JSON.parse(line)).toEqual(event)
  })

  it('cuts a long value', () => {
    expect(JSON.parse(jsonLine({ name: 'x'.repeat(600) }))).toEqual({
      name: `${'x'.repeat(512)}... (88 more characters)`,
    })
  })
})

it.each([
  ['text', (value: string) => textLine({ ...base, msg: value, value, nested: [value] }, true)],
  ['JSON', (value: string) => jsonLine({ ...base, msg: value, value, nested: [value] })],
])('whatever a field holds, %s is one line and orders no terminal about', (_name, render) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (value) => {
      expect(render(value)).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,9000}\n$/u)
    }),
  )
})
