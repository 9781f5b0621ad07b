import { expect, it } from 'vitest'
import { igdTree } from '../../../src/upnp/ssdp/tree.ts'

const UDNS = { igd: 'uuid:a', wan: 'uuid:b', wanConnection: 'uuid:c' }

const listed = (version: 1 | 2) =>
  igdTree(version, UDNS, '/igd.xml').advertised.map(({ nt, usn }) => `${nt} ${usn}`)

const devices = (version: number) => [
  `urn:schemas-upnp-org:device:InternetGatewayDevice:${version} uuid:a::urn:schemas-upnp-org:device:InternetGatewayDevice:${version}`,
  `urn:schemas-upnp-org:device:WANConnectionDevice:${version} uuid:c::urn:schemas-upnp-org:device:WANConnectionDevice:${version}`,
  `urn:schemas-upnp-org:device:WANDevice:${version} uuid:b::urn:schemas-upnp-org:device:WANDevice:${version}`,
  `urn:schemas-upnp-org:service:WANIPConnection:${version} uuid:c::urn:schemas-upnp-org:service:WANIPConnection:${version}`,
]

const SAME_IN_BOTH = [
  'urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1 uuid:b::urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1',
  'urn:schemas-upnp-org:service:Layer3Forwarding:1 uuid:a::urn:schemas-upnp-org:service:Layer3Forwarding:1',
  'upnp:rootdevice uuid:a::upnp:rootdevice',
  'uuid:a uuid:a',
  'uuid:b uuid:b',
  'uuid:c uuid:c',
]

it.each([1, 2] as const)('UDA 1.1 §1.2.2: IGD:%d has 3 + 2·2 + k things, in a fixed order', (version) => {
  expect(listed(version)).toEqual([...devices(version), ...SAME_IN_BOTH])
})

it.each([
  [1, ['urn:schemas-upnp-org:service:WANPPPConnection:1']],
  [2, []],
] as const)('IGD:%d answers, without advertising them, %j', (version, expected) => {
  const { advertised, answered } = igdTree(version, UDNS, '/igd.xml')
  expect(answered.filter((target) => !advertised.includes(target)).map(({ nt }) => nt)).toEqual(expected)
})
