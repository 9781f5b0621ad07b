import { XMLParser } from 'fast-xml-parser'
import { SyntaxValidator } from 'fast-xml-validator'
import { type Decoded, decoded, malformed } from '../lib/decoded.ts'

// XML from strangers. The parser is lenient by design, so it is kept from everything that could surprise: what is
// not well-formed is refused before it, entities and numbers are left as text, and depth is bounded.

/** An element by its children; text alone is a string, equal names make an array. */
export type XmlNode = string | { readonly [name: string]: XmlNode } | readonly XmlNode[]

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  maxNestedTags: 16,
})

/** A document as nodes by local name. DOCTYPE and what comes with it are refused (entity expansion). */
export function parseXml(document: string): Decoded<{ readonly [name: string]: XmlNode }> {
  const text = document.replace(/^[\uFEFF\s\0]+/, '').replace(/[\s\0]+$/, '')
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) return malformed('DOCTYPE is not accepted')
  try {
    SyntaxValidator.validate(text)
    return decoded(parser.parse(text) as { readonly [name: string]: XmlNode })
  } catch (error) {
    return malformed(error instanceof Error ? error.message : 'the XML is not well-formed')
  }
}

const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** The five entities and numeric references, once; anything else stays as it is. */
const decodeEntities = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(lt|gt|amp|quot|apos));/g, (whole, dec, hex, name) => {
    if (typeof name === 'string') return NAMED[name] ?? whole
    const code = typeof dec === 'string' ? Number(dec) : parseInt(String(hex), 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : ''
  })

/** The text of an element: '' when it is empty. Undefined when it has children or stands twice. */
export function textOf(node: XmlNode | undefined): string | undefined {
  if (typeof node !== 'string') return undefined
  return decodeEntities(node)
}
