import { XMLParser } from 'fast-xml-parser'
import { SyntaxValidator } from 'fast-xml-validator'
import { type Decoded, decoded, malformed } from '../lib/decoded.ts'

// XML from strangers. The parser is lenient by design, so it is kept from everything that could surprise: what is
// not well-formed is refused before it, entities and numbers are left as text, and size and depth are bounded.

export interface XmlElement {
  /** Without prefix: control points spell it in every way, or leave it out. */
  readonly name: string
  /** What the prefix stands for; undefined where nothing declares it. */
  readonly namespace: string | undefined
  readonly children: readonly XmlElement[]
  /** The text directly in it, entities and CDATA resolved. */
  readonly text: string
}

/** A SOAP call has about 15 elements. Without a bound, 64 KiB of tiny ones would keep everybody else waiting. */
const MAX_TAGS = 256
/** It has three levels. */
const MAX_DEPTH = 16

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  cdataPropName: '#cdata',
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  maxNestedTags: MAX_DEPTH - 1, // beside the root
})

/** The elements at the top of a document. DOCTYPE and what comes with it are refused (entity expansion). */
export function parseXml(octets: Uint8Array): Decoded<readonly XmlElement[]> {
  const document = documentIn(octets)
  if (/<!(?:DOCTYPE|ENTITY)/i.test(document)) return malformed('DOCTYPE is not accepted')
  if (document.split('<', MAX_TAGS + 2).length > MAX_TAGS + 1) return malformed('too many tags')
  try {
    SyntaxValidator.validate(document)
    const nodes: unknown = parser.parse(document)
    return decoded(elementsOf(nodes, new Map()))
  } catch (error) {
    return malformed(error instanceof Error ? error.message : 'not well-formed')
  }
}

/** What stands around the document (a byte order mark, zeros, blanks) is no part of it. */
function documentIn(octets: Uint8Array): string {
  const text = decodeText(octets)
  return text.slice(text.indexOf('<'), text.lastIndexOf('>') + 1).replace(FORBIDDEN, REPLACEMENT)
}

/** UTF-8, or else Latin-1, which old control points send and do not declare. */
function decodeText(octets: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets)
  } catch {
    return Buffer.from(octets).toString('latin1')
  }
}

/** XML 1.0 §2.2 has no place for these. What stands for them makes no number, and descriptions drop it. */
const FORBIDDEN = /[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]/g
const REPLACEMENT = '\uFFFD'

type Scope = ReadonlyMap<string, string>
type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

/** The parser gives a list of nodes, each with one field for its name and one, `:@`, for its attributes. */
const fieldsOf = (nodes: unknown): readonly Fields[] => (Array.isArray(nodes) ? nodes.filter(isFields) : [])

function elementsOf(nodes: unknown, outer: Scope): readonly XmlElement[] {
  return fieldsOf(nodes).flatMap((node) => {
    const tag = Object.keys(node).find((key) => key !== ':@' && !key.startsWith('#'))
    if (tag === undefined) return []
    const scope = new Map([...outer, ...namespacesOf(node[':@'])])
    const colon = tag.indexOf(':')
    return [
      {
        name: tag.slice(colon + 1),
        namespace: scope.get(tag.slice(0, Math.max(colon, 0))),
        children: elementsOf(node[tag], scope),
        text: contentOf(node[tag]),
      },
    ]
  })
}

/** `xmlns="…"` under '', `xmlns:p="…"` under 'p'. */
const namespacesOf = (attributes: unknown): readonly (readonly [string, string])[] =>
  Object.entries(isFields(attributes) ? attributes : {}).flatMap(([name, value]) => {
    const [xmlns, prefix = ''] = name.split(':')
    return xmlns === 'xmlns' && typeof value === 'string' ? [[prefix, value] as const] : []
  })

const contentOf = (nodes: unknown): string =>
  fieldsOf(nodes)
    .map((node) =>
      '#cdata' in node ? fieldsOf(node['#cdata']).map(plainText).join('') : decodeEntities(plainText(node)),
    )
    .join('')

const plainText = (node: Fields): string => (typeof node['#text'] === 'string' ? node['#text'] : '')

const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** The five entities and numeric references, once; anything else stays as it is. */
const decodeEntities = (text: string): string =>
  text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(lt|gt|amp|quot|apos));/g,
    (whole, dec?: string, hex?: string, name?: string) =>
      name === undefined
        ? character(dec === undefined ? parseInt(hex ?? '', 16) : Number(dec))
        : (NAMED[name] ?? whole),
  )

function character(code: number): string {
  const isCharacter = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
  return isCharacter ? String.fromCodePoint(code).replace(FORBIDDEN, REPLACEMENT) : REPLACEMENT
}
