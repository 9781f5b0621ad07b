import { XMLParser } from 'fast-xml-parser'
import { SyntaxValidator } from 'fast-xml-validator'
import { describe, expect, it } from 'vitest'
import { configIdOf, type DescriptionValues, documentsFor } from '../../src/upnp/description.ts'
import { FACADE } from '../../src/upnp/facade.ts'
import { serviceType } from '../../src/upnp/urn.ts'
import { ip } from '../support/fake-carrier.ts'
import { ROUTER, descriptors, values } from './bench.ts'

interface ServiceElement {
  readonly serviceType: string
  readonly serviceId: string
  readonly SCPDURL: string
  readonly controlURL: string
  readonly eventSubURL: string
}

interface DeviceElement {
  readonly deviceType: string
  readonly friendlyName: string
  readonly UDN: string
  readonly presentationURL?: string
  readonly modelURL?: string
  readonly manufacturerURL?: string
  readonly serialNumber?: string
  readonly serviceList: { readonly service: readonly ServiceElement[] }
  readonly deviceList?: { readonly device: readonly DeviceElement[] }
}

interface Root {
  readonly configId?: string
  readonly URLBase?: string
  readonly specVersion: { readonly major: string; readonly minor: string }
  readonly device: DeviceElement
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  isArray: (name, path) =>
    name === 'service' || (name === 'device' && String(path).endsWith('deviceList.device')),
})

const FACADES = [1, 2] as const

const documents = (over: Partial<DescriptionValues> = {}, address = ROUTER) =>
  documentsFor(descriptors, { ...values, ...over }, address)

const rootOf = (facade: 1 | 2, over?: Partial<DescriptionValues>, address = ROUTER): Root =>
  (parser.parse(String(documents(over, address).get(`/igd${facade}.xml`))) as { readonly root: Root }).root

const devicesOf = (device: DeviceElement): readonly DeviceElement[] => [
  device,
  ...(device.deviceList?.device ?? []).flatMap(devicesOf),
]

const types = (devices: readonly DeviceElement[]) =>
  devices.map(({ deviceType, serviceList }) => [
    deviceType,
    ...serviceList.service.map((service) => `${service.serviceType} ${service.serviceId}`),
  ])

const DEVICE = 'urn:schemas-upnp-org:device:'
const ID = 'urn:upnp-org:serviceId:'

it.each(FACADES)('§1.1: the tree of IGD:%d', (facade) => {
  expect(types(devicesOf(rootOf(facade).device))).toEqual([
    [`${DEVICE}InternetGatewayDevice:${facade}`, `${serviceType('Layer3Forwarding', 1)} ${ID}L3Forwarding1`],
    [`${DEVICE}WANDevice:${facade}`, `${serviceType('WANCommonInterfaceConfig', 1)} ${ID}WANCommonIFC1`],
    [`${DEVICE}WANConnectionDevice:${facade}`, `${serviceType('WANIPConnection', facade)} ${ID}WANIPConn1`],
  ])
})

describe.each(FACADES)('§4.1: the description of IGD:%d', (facade) => {
  const root = rootOf(facade)
  const devices = devicesOf(root.device)
  const services = devices.flatMap(({ serviceList }) => serviceList.service)

  it('has three UDNs, the same as the other facade', () => {
    expect(devices.map(({ UDN }) => UDN)).toEqual(Object.values(values.udns))
  })

  it('has no URLBase, and URLs that begin at the root', () => {
    expect(root.URLBase).toBeUndefined()
    const urls = services.flatMap((service) => [service.SCPDURL, service.controlURL, service.eventSubURL])
    expect(urls.filter((url) => !/^\/[a-z0-9/.-]+$/.test(url))).toEqual([])
  })

  it('has a path of its own for each control and each event URL', () => {
    const urls = services.flatMap((service) => [service.controlURL, service.eventSubURL])
    expect(new Set(urls).size).toBe(urls.length)
  })

  it('names service descriptions that exist', () => {
    expect(services.filter(({ SCPDURL }) => !documents().has(SCPDURL))).toEqual([])
  })

  it('names control paths that speak what it declares', () => {
    for (const { controlURL, serviceType: declared } of services) {
      const path = controlURL.slice(`/igd${facade}/control/`.length)
      const [own] = FACADE[facade][path] ?? []
      expect(own && serviceType(own.name, own.version)).toBe(declared)
    }
  })

  it('carries the label, escaped, and leaves out what is not set', () => {
    expect(root.device.friendlyName).toBe(values.label.friendlyName)
    expect(root.device.modelURL).toBe(values.label.modelUrl)
    for (const device of devices) {
      expect(device).not.toHaveProperty('manufacturerURL')
      expect(device).not.toHaveProperty('serialNumber')
    }
  })

  it('carries everything that is set', () => {
    const label = { ...values.label, serialNumber: 'S1', manufacturerUrl: 'http://m.example/' }
    const all = devicesOf(rootOf(facade, { label }).device)
    expect(all.map(({ serialNumber }) => serialNumber)).toEqual(['S1', 'S1', 'S1'])
    expect(all.map(({ manufacturerURL }) => manufacturerURL)).toEqual(Array(3).fill('http://m.example/'))
  })

  it('points to the status page at the address of its LAN', () => {
    expect(root.device.presentationURL).toBe('http://192.168.1.1:5000/')
    expect(rootOf(facade, {}, ip('10.0.0.1')).device.presentationURL).toBe('http://10.0.0.1:5000/')
    expect(rootOf(facade, { hasPage: false }).device.presentationURL).toBeUndefined()
  })
})

it('UDA: IGD:1 is of 1.0, IGD:2 of 1.1 and has a configId', () => {
  expect(rootOf(1)).toMatchObject({ specVersion: { major: '1', minor: '0' } })
  expect(rootOf(1)).not.toHaveProperty('configId')
  expect(rootOf(2)).toMatchObject({ specVersion: { major: '1', minor: '1' }, configId: '77' })
})

it.each([...documents()])('%s is well-formed and has no placeholder left', (_path, document) => {
  expect(() => SyntaxValidator.validate(String(document))).not.toThrow()
  expect(String(document)).not.toMatch(/\{\{|\}\}/)
})

it('a value is taken as it is, whatever it looks like', () => {
  const label = { ...values.label, friendlyName: '$& {{modelName}} $1' }
  expect(rootOf(1, { label }).device.friendlyName).toBe('$& {{modelName}} $1')
})

it('a placeholder that nothing sets is an error at the start, not a broken description', () => {
  const broken = new Map([['igd1.xml', '<a>\n{{colour}}\n</a>']])
  expect(() => documentsFor(broken, values, ROUTER)).toThrow('colour')
})

describe('UDA 1.1 §2.1: CONFIGID', () => {
  const configId = configIdOf(descriptors, values)
  const [[name, template] = ['', '']] = descriptors

  it('fits 24 bits, and stays while nothing changes', () => {
    expect(configId).toBeLessThan(2 ** 24)
    expect(configIdOf(new Map(descriptors), { ...values, udns: { ...values.udns } })).toBe(configId)
  })

  it.each<readonly [string, typeof descriptors, Partial<DescriptionValues>]>([
    ['a label', descriptors, { label: { ...values.label, friendlyName: 'other' } }],
    ['a UDN', descriptors, { udns: { ...values.udns, wanUdn: 'uuid:other' } }],
    ['the port', descriptors, { httpPort: 5001 }],
    ['the page', descriptors, { hasPage: !values.hasPage }],
    ['a document', new Map([...descriptors, [name, `${template}\n`]]), {}],
  ])('%s that changes makes it another', (_what, documents, over) => {
    expect(configIdOf(documents, { ...values, ...over })).not.toBe(configId)
  })
})
