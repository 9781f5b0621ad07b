import { FAULT_TEXT, Fault, type FaultCode } from '../core/fault.ts'
import { escapeMarkup } from '../lib/html.ts'
import { type XmlNode, parseXml, textOf } from './xml.ts'

/** A SOAP call as far as the envelope tells; nothing in it is trusted yet. */
export interface SoapCall {
  readonly action: string
  readonly args: ReadonlyMap<string, string>
}

/** What SOAPACTION says. */
export interface SoapAction {
  readonly serviceType: string
  readonly action: string
}

/** Longer than any SOAPACTION there is. */
const MAX_SOAPACTION = 256

/**
 * `"urn#Action"`, with double, single or no quotes and blanks around. Undefined when the header is absent or
 * makes no sense: then the body decides.
 */
export function parseSoapAction(header: string | undefined): SoapAction | undefined {
  const text = header?.trim() ?? ''
  if (text === '' || text.length > MAX_SOAPACTION) return undefined
  const quoted = /^(["'])(.*)\1$/s.exec(text)
  const [serviceType, action, ...rest] = (quoted?.[2] ?? text).trim().split('#')
  return serviceType !== undefined && action !== undefined && rest.length === 0
    ? { serviceType, action }
    : undefined
}

type Element = Readonly<Record<string, XmlNode>>

const isElement = (node: XmlNode | undefined): node is Element =>
  typeof node === 'object' && !Array.isArray(node)

/** Names are compared without their prefix: control points spell it in every way, or leave it out. */
export function parseCall(document: string): SoapCall {
  const parsed = parseXml(document)
  if (!parsed.ok) throw new Fault(402, parsed.why)
  const body = child(child(parsed.value, 'Envelope'), 'Body')
  const actions = Object.entries(isElement(body) ? body : {}).filter(([name]) => name !== '#text')
  const [first, ...more] = actions
  if (!first || more.length > 0) throw new Fault(402, 'the body does not hold one action')
  return { action: first[0], args: argumentsOf(first[1]) }
}

const child = (node: XmlNode | undefined, name: string): XmlNode | undefined =>
  isElement(node) && Object.hasOwn(node, name) ? node[name] : undefined

function argumentsOf(action: XmlNode): Map<string, string> {
  const args = new Map<string, string>()
  for (const [name, node] of Object.entries(isElement(action) ? action : {})) {
    if (name === '#text') continue
    const text = textOf(node)
    if (text === undefined) throw new Fault(402, 'an argument stands twice or has children')
    args.set(name, text)
  }
  return args
}

const ENVELOPE_OPEN =
  '<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
  's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>'
const ENVELOPE_CLOSE = '</s:Body></s:Envelope>\r\n'

/** The out arguments, in the order of the service description. */
export type Result = Readonly<Record<string, string | number>>

/** `serviceType` is our own spelling, never the control point's. */
export function writeResponse(serviceType: string, action: string, result: Result): string {
  const args = Object.entries(result).map(
    ([name, value]) => `<${name}>${escapeMarkup(String(value))}</${name}>`,
  )
  return (
    `${ENVELOPE_OPEN}<u:${action}Response xmlns:u="${serviceType}">${args.join('')}` +
    `</u:${action}Response>${ENVELOPE_CLOSE}`
  )
}

/** UDA: a fault is HTTP 500 with this body. */
export const writeFault = (code: FaultCode): string =>
  `${ENVELOPE_OPEN}<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>` +
  '<UPnPError xmlns="urn:schemas-upnp-org:control-1-0">' +
  `<errorCode>${code}</errorCode><errorDescription>${FAULT_TEXT[code]}</errorDescription>` +
  `</UPnPError></detail></s:Fault>${ENVELOPE_CLOSE}`
