import { describe, expect, it } from 'vitest'
import type { ConnectionStatus } from '../../../src/core/types.ts'
import type { Gateway } from '../../../src/core/gateway.ts'
import type { ServiceWorld } from '../../../src/upnp/action.ts'
import { port, seconds } from '../../../src/lib/units.ts'
import { ip } from '../../support/fake-carrier.ts'
import { PEER, call, codeOf, entry, fakeGateway, fieldsOf, values, worldOf } from '../bench.ts'

const answered = async (action: string, over: Partial<Gateway> = {}, args: Record<string, string> = {}) =>
  fieldsOf((await call(action, { args, world: worldOf(fakeGateway(over).gateway) })).body)

describe('WANIPConnection', () => {
  it('G17: the external address is empty before the carrier has told it', async () => {
    const { body, status } = await call('GetExternalIPAddress', {
      world: worldOf(fakeGateway({ externalIpAddress: () => '' }).gateway),
    })
    expect(status).toBe(200)
    expect(body).toContain('<NewExternalIPAddress></NewExternalIPAddress>')
  })

  it.each<readonly [ConnectionStatus, string, string]>([
    ['Connected', 'ERROR_NONE', '99'],
    ['Connecting', 'ERROR_NONE', '0'],
    ['Disconnected', 'ERROR_NO_CARRIER', '0'],
  ])('GetStatusInfo while %s', async (status, error, uptime) => {
    expect(await answered('GetStatusInfo', { connectionStatus: () => status })).toMatchObject({
      NewConnectionStatus: status,
      NewLastConnectionError: error,
      NewUptime: uptime,
    })
  })

  it('RFC 6970 §4.1: NAT is on, RSIP is not there', async () => {
    expect(await answered('GetNATRSIPStatus')).toMatchObject({ NewRSIPAvailable: '0', NewNATEnabled: '1' })
  })

  it.each([
    ['IP_Routed', 200],
    [' IP_Routed ', 200],
    ['IP_Bridged', 731],
    ['', 731],
  ])('SetConnectionType %j: %d', async (type, code) => {
    expect(codeOf(await call('SetConnectionType', { args: { NewConnectionType: type } }))).toBe(code)
  })

  const shown = entry({
    remoteHost: ip('203.0.113.9'),
    externalPort: port(4000),
    protocol: 'UDP',
    internalPort: port(5000),
    description: `<&>"' ]]> 😀`,
    leaseDuration: seconds(17),
  })

  const VALUE = {
    NewInternalPort: '5000',
    NewInternalClient: PEER,
    NewEnabled: '1',
    NewPortMappingDescription: shown.description,
    NewLeaseDuration: '17',
  }

  it('G11: GetGenericPortMappingEntry answers the whole entry', async () => {
    const over = { getGenericPortMappingEntry: () => shown }
    expect(await answered('GetGenericPortMappingEntry', over, { NewPortMappingIndex: '2' })).toMatchObject({
      NewRemoteHost: '203.0.113.9',
      NewExternalPort: '4000',
      NewProtocol: 'UDP',
      ...VALUE,
    })
  })

  it.each(['-1', 'abc', '', '1x', '65536'])('G11: index %j is 402', async (index) => {
    const args = { NewPortMappingIndex: index }
    expect(codeOf(await call('GetGenericPortMappingEntry', { args }))).toBe(402)
  })

  it('G12: GetSpecificPortMappingEntry answers what the key does not say', async () => {
    const over = { getSpecificPortMappingEntry: () => Promise.resolve(shown) }
    const args = { NewRemoteHost: '', NewExternalPort: '4000', NewProtocol: 'UDP' }
    expect(await answered('GetSpecificPortMappingEntry', over, args)).toMatchObject(VALUE)
  })

  it('AddAnyPortMapping answers the port the carrier assigned', async () => {
    const over = { addAnyPortMapping: () => Promise.resolve(port(61_000)) }
    const args = {
      NewRemoteHost: '',
      NewExternalPort: '0',
      NewProtocol: 'UDP',
      NewInternalPort: '5000',
      NewInternalClient: PEER,
      NewEnabled: '1',
      NewPortMappingDescription: '',
      NewLeaseDuration: '0',
    }
    expect(await answered('AddAnyPortMapping', over, args)).toMatchObject({ NewReservedPort: '61000' })
  })

  it('hands the limit and the range to the core', async () => {
    const { asked, gateway } = fakeGateway()
    const args = {
      NewStartPort: '1024',
      NewEndPort: '65535',
      NewProtocol: 'tcp',
      NewManage: '1',
      NewNumberOfPorts: '7',
    }
    await call('GetListOfPortMappings', { args, world: worldOf(gateway) })
    const range = { startPort: 1024, endPort: 65_535, protocol: 'TCP', manage: true }
    expect(asked).toEqual([['getListOfPortMappings', range, 7, { address: PEER, version: 2 }]])
  })
})

describe('WANCommonInterfaceConfig', () => {
  const common = async (action: string, wan: Partial<ServiceWorld['wan']> = {}) => {
    const world = worldOf(fakeGateway().gateway)
    const own = { ...world, wan: { ...world.wan, ...wan } }
    return fieldsOf(
      (await call(action, { service: 'WANCommonInterfaceConfig', version: 1, world: own })).body,
    )
  }
  const counters = () => ({
    bytesSent: 10_000_000_000,
    bytesReceived: 2 ** 32 - 1,
    packetsSent: 2 ** 32,
    packetsReceived: 2 ** 32 + 5,
  })

  it.each([
    ['TotalBytesSent', '1410065408'],
    ['TotalBytesReceived', '4294967295'],
    ['TotalPacketsSent', '0'],
    ['TotalPacketsReceived', '5'],
  ])('G25: %s wraps at 2^32', async (name, value) => {
    expect((await common(`Get${name}`, { counters }))[`New${name}`]).toBe(value)
    expect((await common('X_GetICSStatistics', { counters }))[name]).toBe(value)
  })

  it.each([
    [true, 'Up'],
    [false, 'Down'],
  ])('a link that is up: %s is %s', async (up, status) => {
    expect((await common('GetCommonLinkProperties', { up: () => up }))['NewPhysicalLinkStatus']).toBe(status)
  })

  it('a link faster than ui4 can say is as fast as ui4 can say', async () => {
    const wan = { upstreamBps: 10_000_000_000, downstreamBps: 1_000_000 }
    expect(await common('GetCommonLinkProperties', wan)).toMatchObject({
      NewLayer1UpstreamMaxBitRate: '4294967295',
      NewLayer1DownstreamMaxBitRate: '1000000',
    })
  })
})

describe('Layer3Forwarding', () => {
  const { connectionUdn } = values.udns
  const ID = 'urn:upnp-org:serviceId:WANIPConn1'
  const own = `${connectionUdn}:WANConnectionDevice:2,${ID}`

  it.each([
    ['our own', own, 200],
    ['our own, blanks around', ` ${own} `, 200],
    ['nothing', '', 720],
    ['another device', `uuid:1:WANConnectionDevice:2,${ID}`, 720],
    ['another service', `${connectionUdn}:WANConnectionDevice:2,urn:upnp-org:serviceId:WANPPPConn1`, 721],
    ['no service', `${connectionUdn}:WANConnectionDevice:2`, 721],
    ['the other version', `${connectionUdn}:WANConnectionDevice:1,${ID}`, 723],
  ])('SetDefaultConnectionService to %s: %d', async (_name, wanted, code) => {
    const args = { NewDefaultConnectionService: wanted }
    const answer = await call('SetDefaultConnectionService', {
      service: 'Layer3Forwarding',
      version: 1,
      args,
    })
    expect(codeOf(answer)).toBe(code)
  })

  it.each([1, 2] as const)('names the connection device of IGD:%d', async (facade) => {
    const { body } = await call('GetDefaultConnectionService', {
      service: 'Layer3Forwarding',
      facade,
      version: 1,
    })
    expect(fieldsOf(body)['NewDefaultConnectionService']).toBe(
      `${connectionUdn}:WANConnectionDevice:${facade},${ID}`,
    )
  })
})
