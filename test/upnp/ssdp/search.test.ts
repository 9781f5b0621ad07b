import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decoded } from '../../../src/lib/decoded.ts'
import { parseSearch, tidied } from '../../../src/upnp/ssdp/search.ts'

const tidiedText = (text: string) => tidied(Buffer.from(text, 'latin1'))

const SEARCH =
  'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nST: ssdp:all\r\nMX: 2'

it.each([
  ['as it should be', `${SEARCH}\r\n\r\n`],
  ['line ends without CR', `${SEARCH}\r\n\r\n`.replaceAll('\r', '')],
  ['no blank behind the colon', `${SEARCH}\r\n\r\n`.replaceAll(': ', ':')],
  ['blanks before and behind the colon', `${SEARCH}\r\n\r\n`.replaceAll(': ', ' :\t ')],
  ['blanks at the end of a line', `${SEARCH}\r\n\r\n`.replaceAll('\r\n', '  \r\n')],
  ['one CR LF too many', `${SEARCH}\r\n\r\n\r\n`],
  ['no CR LF at the end', SEARCH],
  ['an empty line in front', `\r\n${SEARCH}\r\n\r\n`],
  ['a body', `${SEARCH}\r\n\r\nMX: 7\r\n`],
])('a search with %s is tidied', (_name, text) => {
  expect(tidiedText(text)).toEqual(decoded(SEARCH))
})

it.each([
  [2048, true],
  [2049, false],
])('a datagram of %d bytes is read: %s', (length, ok) => {
  expect(tidied(new Uint8Array(length).fill(0x41)).ok).toBe(ok)
})

it('tidying is total, adds no line and keeps no line without CR LF', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2048 }), (bytes) => {
      const text = tidied(bytes)
      expect(text.ok).toBe(true)
      if (!text.ok) return
      const lines = text.value.split('\r\n')
      expect(lines.join('')).not.toContain('\n')
      expect(lines.length).toBeLessThanOrEqual(bytes.filter((byte) => byte === 0x0a).length + 1)
    }),
  )
})

const MAN = { MAN: '"ssdp:discover"' }

it.each([
  ['MX 2', { ...MAN, ST: 'ssdp:all', MX: '2' }, 2],
  ['MX 5', { ...MAN, ST: 'ssdp:all', MX: '5' }, 5],
  ['MX 999, taken for 5', { ...MAN, ST: 'ssdp:all', MX: '999' }, 5],
  ['MX 0', { ...MAN, ST: 'ssdp:all', MX: '0' }, 0],
  ['MAN without quotes', { MAN: 'ssdp:discover', ST: 'ssdp:all', MX: '1' }, 1],
  ['MAN in capitals', { MAN: '"SSDP:Discover"', ST: 'ssdp:all', MX: '1' }, 1],
])('UDA 1.1 §1.3.2: a multicast search with %s', (_name, headers, mx) => {
  expect(parseSearch(headers, true)).toEqual(decoded({ target: 'ssdp:all', mx }))
})

it.each([
  ['without MX', { ...MAN, ST: 'ssdp:all' }],
  ['with an empty MX', { ...MAN, ST: 'ssdp:all', MX: '' }],
  ['with MX -1', { ...MAN, ST: 'ssdp:all', MX: '-1' }],
  ['with MX 2x', { ...MAN, ST: 'ssdp:all', MX: '2x' }],
  ['with an MX of 600 digits', { ...MAN, ST: 'ssdp:all', MX: '9'.repeat(600) }],
  ['without MAN', { ST: 'ssdp:all', MX: '2' }],
  ['with another MAN', { MAN: 'foo', ST: 'ssdp:all', MX: '2' }],
  ['with a lone quote in MAN', { MAN: '"ssdp:discover', ST: 'ssdp:all', MX: '2' }],
  ['with a quote for MAN', { MAN: '"', ST: 'ssdp:all', MX: '2' }],
  ['without ST', { ...MAN, MX: '2' }],
  ['with an empty ST', { ...MAN, ST: '', MX: '2' }],
])('UDA 1.1 §1.3.2: a multicast search %s is none', (_name, headers) => {
  expect(parseSearch(headers, true).ok).toBe(false)
})

it.each([
  ['without MX', { ...MAN, ST: 'ssdp:all' }],
  ['with an MX', { ...MAN, ST: 'ssdp:all', MX: '3' }],
])('UDA 1.1 §1.3.2: a unicast search %s is answered at once', (_name, headers) => {
  expect(parseSearch(headers, false)).toEqual(decoded({ target: 'ssdp:all', mx: 0 }))
})
