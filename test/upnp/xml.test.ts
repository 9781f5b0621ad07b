import { describe, expect, it } from 'vitest'
import { parseXml } from '../../src/upnp/xml.ts'

const parse = (text: string | Uint8Array) => parseXml(Buffer.from(text))

/** The text of the only element. */
const textOf = (text: string | Uint8Array) => {
  const parsed = parse(text)
  return parsed.ok ? parsed.value[0]?.text : `malformed: ${parsed.why}`
}

describe('text is what it says, and nothing else', () => {
  it.each([
    ['the five entities', '<a>&lt;&gt;&amp;&quot;&apos;</a>', '<>&"\''],
    ['numeric references', '<a>&#65;&#x42;&#x1F600;</a>', 'AB😀'],
    ['entities are resolved once', '<a>&amp;lt;</a>', '&lt;'],
    ['unknown entities stay', '<a>&nbsp;&toString;</a>', '&nbsp;&toString;'],
    ['CDATA is taken as it is', '<a>x<![CDATA[<b>&amp;]]>y</a>', 'x<b>&amp;y'],
    ['numbers are text', '<a>0080</a>', '0080'],
    ['blanks are kept', '<a> 8 </a>', ' 8 '],
    ['an empty element', '<a/>', ''],
    ['comments are nothing', '<a>1<!-- x -->2</a>', '12'],
    ['raw control characters', '<a>x\x01\0y</a>', 'x\uFFFD\uFFFDy'],
    ['references to what is no character', '<a>&#0;&#1;&#xD800;&#x110000;</a>', '\uFFFD\uFFFD\uFFFD\uFFFD'],
  ])('%s', (_name, document, text) => {
    expect(textOf(document)).toBe(text)
  })
})

describe('§4.2: what stands around and how it is coded', () => {
  it.each([
    ['no declaration', '<a>é</a>'],
    ['a declaration', '<?xml version="1.0" encoding="utf-8"?><a>é</a>'],
    ['a byte order mark', '\uFEFF<?xml version="1.0"?><a>é</a>'],
    ['blanks and zeros before', ' \r\n\0\0<?xml version="1.0"?><a>é</a>'],
    ['blanks and zeros after', '<a>é</a>\r\n \0'],
    ['Latin-1', Buffer.from('<a>é</a>', 'latin1')],
  ])('%s', (_name, document) => {
    expect(textOf(document)).toBe('é')
  })
})

describe('namespaces', () => {
  it.each([
    ['prefix', '<u:a xmlns:u="one"/>', 'one'],
    ['default', '<a xmlns="one"/>', 'one'],
    ['none', '<a/>', undefined],
    ['a prefix nobody declares', '<u:a/>', undefined],
    ['a prefix is not the default', '<a xmlns:u="one"/>', undefined],
  ])('%s', (_name, document, namespace) => {
    expect(parse(document)).toMatchObject({ ok: true, value: [{ name: 'a', namespace }] })
  })

  it('reaches down, and the nearest counts', () => {
    const parsed = parse('<a xmlns="one" xmlns:u="two"><u:b/><c xmlns="three"/><d/></a>')
    expect(parsed.ok && parsed.value[0]?.children.map(({ namespace }) => namespace)).toEqual([
      'two',
      'three',
      'one',
    ])
  })
})

describe('what is refused', () => {
  it.each([
    ['nothing', ''],
    ['no XML', 'hello'],
    ['DOCTYPE', '<!DOCTYPE a><a/>'],
    ['doctype in small letters', '<!doctype a><a/>'],
    ['an entity', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ['an external entity', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'],
    ['cut off', '<a><b></b>'],
    ['crossed', '<a><b></a></b>'],
    ['a lone ampersand', '<a>& b</a>'],
    ['an attribute twice', '<a x="1" x="2"/>'],
    ['an open quote', '<a x="1/>'],
    ['a prototype', '<a><__proto__>x</__proto__></a>'],
    ['17 deep', '<a>'.repeat(17) + '</a>'.repeat(17)],
    ['257 tags', `<a>${'<b/>'.repeat(255)}</a>`],
  ])('%s', (_name, document) => {
    expect(parse(document)).toMatchObject({ ok: false })
  })

  it('takes as much as the limits say', () => {
    expect(parse('<a>'.repeat(16) + '</a>'.repeat(16))).toMatchObject({ ok: true })
    expect(parse(`<a>${'<b/>'.repeat(254)}</a>`)).toMatchObject({ ok: true })
  })
})

const SIZE = 64 * 1024

it.each([
  ['blanks', '<a>' + ' '.repeat(SIZE) + '</a>'],
  ['blanks in a tag', `<a${' '.repeat(SIZE)}x="1"/>`],
  ['blanks after', '<a/>' + ' '.repeat(SIZE) + 'x'],
  ['tags', '<a>' + '<b/>'.repeat(SIZE / 4) + '</a>'],
  ['depth', '<a>'.repeat(SIZE / 3)],
  ['open brackets', '<'.repeat(SIZE)],
  ['instructions', '<?a?>'.repeat(SIZE / 5) + '<a/>'],
  ['open comments', '<a>' + '<!--'.repeat(SIZE / 4)],
  ['entities', '<a>' + '&amp;'.repeat(SIZE / 5) + '</a>'],
  ['open references', '<a>' + '&#'.repeat(SIZE / 2) + '</a>'],
  ['attributes', '<a ' + Array.from({ length: 6000 }, (_, i) => `a${i}="1"`).join(' ') + '/>'],
  ['a name', '<' + 'a'.repeat(SIZE) + '/>'],
])('64 KiB of %s takes no time that others would notice', (_name, document) => {
  const start = performance.now()
  parse(document)
  expect(performance.now() - start).toBeLessThan(400)
})
