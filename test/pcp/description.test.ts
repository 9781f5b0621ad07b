import { describe, expect, it } from 'vitest'
import { describedAs } from '../../src/pcp/description.ts'

const read = (text: string): string => new TextDecoder('utf8', { fatal: true }).decode(describedAs(text))

describe('DESCRIPTION (RFC 7220)', () => {
  it.each([
    ['text', 'Spiel Königin', 'Spiel Königin'],
    ['control characters', 'a\0b\x1b[31mc\u009fd\r\n', 'ab[31mcd'],
    ['128 octets', 'x'.repeat(128), 'x'.repeat(128)],
    ['a character that would be cut', `${'x'.repeat(126)}€`, 'x'.repeat(126)],
    ['one of four octets', `${'x'.repeat(124)}😀y`, `${'x'.repeat(124)}😀`],
    ['half a character', '\ud83d', '\ufffd'],
    ['nothing', '', ''],
  ])('R6970-4.1-12: %s', (_name, text, sent) => {
    expect(read(text)).toBe(sent)
  })
})
