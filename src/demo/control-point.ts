import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { request } from 'node:http'
import { escapeMarkup } from '../lib/html.ts'
import type { Ipv4Address } from '../lib/ip.ts'

// A UPnP control point, small but real: it finds the gateway by SSDP and calls it by SOAP over HTTP.

const GROUP = '239.255.255.250'
const SSDP_PORT = 1900
const PATIENCE = 3000

export interface SoapAnswer {
  readonly status: number
  /** Out arguments, or errorCode and errorDescription. */
  readonly args: ReadonlyMap<string, string>
}

/**
 * LOCATION of the gateway of this version at `place`, its address and port: others may answer on loopback, as a second
 * demo. Rejects when it does not in time.
 */
export async function discover(from: Ipv4Address, version: 1 | 2, place: string): Promise<URL> {
  const socket = createSocket('udp4')
  try {
    socket.bind(0, from)
    await once(socket, 'listening')
    socket.setMulticastInterface(from)
    const search =
      `M-SEARCH * HTTP/1.1\r\nHOST: ${GROUP}:${SSDP_PORT}\r\nMAN: "ssdp:discover"\r\nMX: 1\r\n` +
      `ST: urn:schemas-upnp-org:device:InternetGatewayDevice:${version}\r\n\r\n`
    return await new Promise((resolve, reject) => {
      socket.on('message', (answer) => {
        const [, location = ''] = /^LOCATION:\s*(\S+)/im.exec(answer.toString('latin1')) ?? []
        if (URL.canParse(location) && new URL(location).host === place) resolve(new URL(location))
      })
      AbortSignal.timeout(PATIENCE).addEventListener('abort', () =>
        reject(new Error(`no answer from ${place} to the search`)),
      )
      socket.send(search, SSDP_PORT, GROUP)
    })
  } finally {
    socket.close()
  }
}

/** Where WANIPConnection is controlled, and its type, as the description says. */
export async function findService(location: URL, from: Ipv4Address): Promise<{ control: URL; type: string }> {
  const { body } = await exchange({ url: location, method: 'GET', from, headers: {}, body: '' })
  const service =
    /<serviceType>(\S*WANIPConnection:\d)<\/serviceType>[^]*?<controlURL>(\S+)<\/controlURL>/.exec(body)
  if (!service) throw new Error('the description names no WANIPConnection')
  return { control: new URL(service[2] ?? '', location), type: service[1] ?? '' }
}

export interface SoapCallOptions {
  readonly control: URL
  readonly type: string
  readonly from: Ipv4Address
  readonly action: string
  readonly args: Readonly<Record<string, string | number>>
}

export async function call({ control, type, from, action, args }: SoapCallOptions): Promise<SoapAnswer> {
  const inner = Object.entries(args).map(
    ([name, value]) => `<${name}>${escapeMarkup(String(value))}</${name}>`,
  )
  const envelope =
    '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>' +
    `<u:${action} xmlns:u="${type}">${inner.join('')}</u:${action}></s:Body></s:Envelope>`
  const headers = { 'Content-Type': 'text/xml; charset="utf-8"', SOAPAction: `"${type}#${action}"` }
  const { status, body } = await exchange({ url: control, method: 'POST', from, headers, body: envelope })
  return { status, args: leaves(body) }
}

/** The elements of an answer that hold text alone. */
function leaves(xml: string): Map<string, string> {
  const found = xml.matchAll(/<(?:\w+:)?(\w+)(?:\s[^>]*)?>([^<]*)<\/(?:\w+:)?\1>/g)
  return new Map([...found].map(([, name = '', text = '']) => [name, text]))
}

interface Exchange {
  readonly url: URL
  readonly method: string
  readonly from: Ipv4Address
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

async function exchange({
  url,
  method,
  from,
  headers,
  body,
}: Exchange): Promise<{ status: number; body: string }> {
  const sent = request(url, {
    method,
    localAddress: from,
    headers: { ...headers, 'Content-Length': Buffer.byteLength(body), Connection: 'close' },
    signal: AbortSignal.timeout(10 * PATIENCE),
  })
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [import('node:http').IncomingMessage]
  let text = ''
  for await (const chunk of answer.setEncoding('utf8')) text += String(chunk)
  return { status: answer.statusCode ?? 0, body: text }
}
