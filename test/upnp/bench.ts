import type { Gateway } from '../../src/core/gateway.ts'
import type { IgdVersion, PortMappingEntry } from '../../src/core/types.ts'
import type { Lan } from '../../src/lib/lan.ts'
import { millis, port, seconds } from '../../src/lib/units.ts'
import type { ServiceWorld } from '../../src/upnp/action.ts'
import type { ArgOptions } from '../../src/upnp/args.ts'
import { type ControlAnswer, control } from '../../src/upnp/control.ts'
import type { DescriptionValues } from '../../src/upnp/description.ts'
import { FACADE, type ServiceVersions } from '../../src/upnp/facade.ts'
import { parseXml, type XmlElement } from '../../src/upnp/xml.ts'
import { ip } from '../support/fake-carrier.ts'

export const PEER = ip('192.168.1.10')
export const ROUTER = ip('192.168.1.1')
export const LAN: Lan = {
  name: 'lan0',
  address: ROUTER,
  prefix: { address: ip('192.168.1.0'), length: 24 },
}

export { descriptors } from '../support/descriptors.ts'

export const values: DescriptionValues = {
  label: {
    friendlyName: 'Gateway <of> "Anna & Ben"',
    manufacturer: 'Maker',
    manufacturerUrl: undefined,
    modelName: 'Model',
    modelDescription: 'What it is',
    modelNumber: '1.2.3',
    modelUrl: 'http://maker.example/?a=1&b=2',
    serialNumber: undefined,
  },
  udns: {
    igdUdn: 'uuid:00000000-0000-4000-8000-000000000001',
    wanUdn: 'uuid:00000000-0000-4000-8000-000000000002',
    connectionUdn: 'uuid:00000000-0000-4000-8000-000000000003',
  },
  configId: 77,
  httpPort: 5000,
  hasPage: true,
}

export const entry = (over: Partial<PortMappingEntry> = {}): PortMappingEntry => ({
  remoteHost: '',
  externalPort: port(8080),
  protocol: 'TCP',
  internalPort: port(80),
  internalClient: PEER,
  description: 'web',
  leaseDuration: seconds(3600),
  ...over,
})

/** A gateway that says yes to everything and remembers what it was asked. */
export function fakeGateway(over: Partial<Gateway> = {}) {
  const asked: (readonly [keyof Gateway, ...unknown[]])[] = []
  const gateway: Gateway = {
    addPortMapping: (...args) => Promise.resolve(void asked.push(['addPortMapping', ...args])),
    addAnyPortMapping: (...args) => {
      asked.push(['addAnyPortMapping', ...args])
      return Promise.resolve(port(40_000))
    },
    deletePortMapping: (...args) => Promise.resolve(void asked.push(['deletePortMapping', ...args])),
    deletePortMappingRange: (...args) =>
      Promise.resolve(void asked.push(['deletePortMappingRange', ...args])),
    getGenericPortMappingEntry: (...args) => {
      asked.push(['getGenericPortMappingEntry', ...args])
      return entry()
    },
    getSpecificPortMappingEntry: (...args) => {
      asked.push(['getSpecificPortMappingEntry', ...args])
      return Promise.resolve(entry())
    },
    getListOfPortMappings: (...args) => {
      asked.push(['getListOfPortMappings', ...args])
      return [entry()]
    },
    externalIpAddress: () => '203.0.114.1',
    connectionStatus: () => 'Connected',
    portMappingNumberOfEntries: () => 3,
    systemUpdateId: () => 17,
    ...over,
  }
  return { asked, gateway }
}

export const OPTIONS: ArgOptions = { zeroLease: 'spec', emptyClient: 'refuse' }

export const worldOf = (gateway: Gateway, over: Partial<ServiceWorld> = {}): ServiceWorld => ({
  gateway,
  wan: {
    up: () => true,
    upstreamBps: 50_000_000,
    downstreamBps: 100_000_000,
    counters: () => ({ bytesSent: 1, bytesReceived: 2, packetsSent: 3, packetsReceived: 4 }),
  },
  uptime: () => 99,
  connectionUdn: values.udns.connectionUdn,
  options: OPTIONS,
  now: () => millis(0),
  answered: () => undefined,
  ...over,
})

/** Log lines as they were written. */
export function fakeLog() {
  const lines: { level: string; fields: object; message: string }[] = []
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields, message })
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

type ServiceName = 'WANIPConnection' | 'WANCommonInterfaceConfig' | 'Layer3Forwarding'

export const urn = (name: ServiceName, version: number): string =>
  `urn:schemas-upnp-org:service:${name}:${version}`

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const PATH: Readonly<Record<ServiceName, string>> = {
  WANIPConnection: 'wan-ip-connection',
  WANCommonInterfaceConfig: 'wan-common-interface-config',
  Layer3Forwarding: 'layer3-forwarding',
}

export const servicesOf = (facade: IgdVersion, name: ServiceName): ServiceVersions => {
  const services = FACADE[facade][PATH[name]]
  if (!services) throw new Error(`no ${name}`)
  return services
}

/** What most control points send. */
export const envelope = (
  type: string,
  action: string,
  args: Readonly<Record<string, string>> = {},
): string => {
  const body = Object.entries(args).map(([name, value]) => `<${name}>${escaped(value)}</${name}>`)
  return (
    '<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
    's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>' +
    `<u:${action} xmlns:u="${type}">${body.join('')}</u:${action}></s:Body></s:Envelope>`
  )
}

/** The eight arguments of AddPortMapping, all right. */
export const ADD = {
  NewRemoteHost: '',
  NewExternalPort: '8080',
  NewProtocol: 'TCP',
  NewInternalPort: '8000',
  NewInternalClient: PEER,
  NewEnabled: '1',
  NewPortMappingDescription: 'web',
  NewLeaseDuration: '3600',
}

export const KEY = { NewRemoteHost: '', NewExternalPort: '8080', NewProtocol: 'TCP' }
export const RANGE = { NewStartPort: '2000', NewEndPort: '3000', NewProtocol: 'UDP', NewManage: '0' }

interface Call {
  readonly facade?: IgdVersion
  readonly version?: number
  readonly service?: ServiceName
  readonly args?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly soapAction?: string | undefined
  readonly world?: ServiceWorld
  readonly log?: ReturnType<typeof fakeLog>
}

/** One SOAP call as it comes from the edge. */
export async function call(action: string, over: Call = {}): Promise<ControlAnswer> {
  const { facade = 2, service = 'WANIPConnection', args = {} } = over
  const type = urn(service, over.version ?? facade)
  const body = over.body ?? envelope(type, action, args)
  return await control(over.world ?? worldOf(fakeGateway().gateway), over.log ?? fakeLog(), {
    services: servicesOf(facade, service),
    soapAction: 'soapAction' in over ? over.soapAction : `"${type}#${action}"`,
    body: Buffer.from(body),
    peer: PEER,
  })
}

/** All elements of a document, the outer before the inner. */
export function elementsOf(document: string): readonly XmlElement[] {
  const parsed = parseXml(Buffer.from(document))
  if (!parsed.ok) throw new Error(`not well-formed: ${parsed.why}`)
  return flat(parsed.value)
}

/** The text of all elements of a document, by name. */
export const fieldsOf = (document: string): Readonly<Record<string, string>> =>
  Object.fromEntries(elementsOf(document).map(({ name, text }) => [name, text]))

/** What an action answered, in its order. */
export function outArguments(document: string, action: string): ReadonlyMap<string, string> {
  const response = elementsOf(document).find(({ name }) => name === `${action}Response`)
  if (!response) throw new Error(`no answer of ${action}: ${document}`)
  return new Map(response.children.map(({ name, text }) => [name, text]))
}

const flat = (elements: readonly XmlElement[]): readonly XmlElement[] =>
  elements.flatMap((element) => [element, ...flat(element.children)])

/** The errorCode of a fault, 200 for a success. */
export const codeOf = (answer: ControlAnswer): number =>
  answer.status === 200 ? 200 : Number(fieldsOf(answer.body)['errorCode'])
