import { FAULT_TEXT, Fault, type FaultCode } from '../core/fault.ts'
import { escapeMarkup } from '../lib/html.ts'
import { CONTROL_TYPE } from './urn.ts'
import { type XmlElement, parseXml } from './xml.ts'

/** A SOAP call as far as the envelope tells; nothing in it is trusted yet. */
export interface SoapCall {
  /** The namespace of the action: the type of the service that is called. Undefined where none is declared. */
  readonly serviceType: string | undefined
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
  if (text.length > MAX_SOAPACTION) return undefined
  const [, , inQuotes = text] = /^(["'])(.*)\1$/.exec(text) ?? []
  const [, serviceType, action] = /^([^#"']+)#([^#"']+)$/.exec(inQuotes.trim()) ?? []
  return serviceType !== undefined && action !== undefined ? { serviceType, action } : undefined
}

/** Faults: 402 for what is no SOAP call. */
export function parseCall(octets: Uint8Array): SoapCall {
  const parsed = parseXml(octets)
  if (!parsed.ok) throw new Fault(402, `the body is no XML: ${parsed.why}`)
  const [envelope, ...others] = parsed.value
  const body = others.length > 0 ? undefined : childNamed(envelope, 'Body')
  const [action, ...more] = body?.children ?? []
  if (envelope?.name !== 'Envelope' || !action || more.length > 0)
    throw new Fault(402, 'the body is no SOAP envelope with one action')
  return { serviceType: action.namespace, action: action.name, args: argumentsOf(action) }
}

const childNamed = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((child) => child.name === name)

function argumentsOf(action: XmlElement): ReadonlyMap<string, string> {
  const args = new Map(action.children.map(({ name, text }) => [name, text]))
  if (args.size < action.children.length) throw new Fault(402, 'an argument stands twice')
  if (action.children.some(({ children }) => children.length > 0))
    throw new Fault(402, 'an argument has elements in it')
  return args
}

const ENVELOPE_OPEN =
  '<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
  's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>'
const ENVELOPE_CLOSE = '</s:Body></s:Envelope>\r\n'

/** The out arguments, in the order of the service description. */
export type Result = Readonly<Record<string, string | number | XmlDocument>>

/** A document carried as the text of an argument. */
interface XmlDocument {
  readonly document: string
}

/** `serviceType` is our own spelling, never the control point's. */
export function writeResponse(serviceType: string, action: string, result: Result): string {
  const args = Object.entries(result).map(([name, value]) => `<${name}>${textOf(value)}</${name}>`)
  return (
    `${ENVELOPE_OPEN}<u:${action}Response xmlns:u="${serviceType}">${args.join('')}` +
    `</u:${action}Response>${ENVELOPE_CLOSE}`
  )
}

/**
 * A document goes out as CDATA: miniupnpc, and what is built on it, reads it only so. Everything in it is escaped, so
 * it cannot hold the mark that ends CDATA.
 */
const textOf = (value: Result[string]): string =>
  typeof value === 'object' ? `<![CDATA[${value.document}]]>` : escapeMarkup(String(value))

/** UDA 1.0 §3.2.3: a fault is HTTP 500 with this body. */
export const writeFault = (code: FaultCode): string =>
  `${ENVELOPE_OPEN}<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>` +
  `<UPnPError xmlns="${CONTROL_TYPE}"><errorCode>${code}</errorCode>` +
  `<errorDescription>${FAULT_TEXT[code]}</errorDescription></UPnPError></detail></s:Fault>${ENVELOPE_CLOSE}`
