import { describe, expect, it } from 'vitest'
import { tr181Of } from '../../src/control/tr181.ts'
import type { MappingStatus, Status } from '../../src/core/status.ts'
import { MAPPING, STATUS } from '../support/status.ts'

const clientOf = (status: Status) => {
  const tree = JSON.parse(JSON.stringify(tr181Of(status))) as {
    Device: { PCP: { Client: Record<string, Record<string, unknown>> } }
  }
  return tree.Device.PCP.Client['1'] as { Server: Record<string, Record<string, unknown>> } & Record<
    string,
    unknown
  >
}

const inboundOf = (over: Partial<MappingStatus>) => {
  const server = clientOf({ ...STATUS, mappings: [{ ...MAPPING, ...over }] }).Server['1']
  return (server?.['InboundMapping'] as Record<string, unknown>)['1']
}

describe('TR-181 Device.PCP.', () => {
  it('has the names of the data model', () => {
    expect(tr181Of(STATUS)).toMatchObject({
      Device: {
        PCP: {
          Enable: true,
          ClientNumberOfEntries: 1,
          Client: {
            '1': {
              WANInterface: 'wan0',
              Status: 'Enabled',
              UPnPIWF: { Enable: true, Status: 'Enabled' },
              THIRDPARTYEnable: false,
              ServerNumberOfEntries: 1,
              Server: {
                '1': {
                  Status: 'Enabled',
                  Origin: 'Static',
                  ServerNameOrAddress: '192.0.2.1',
                  ServerAddressInUse: '192.0.2.1',
                  ExternalIPAddress: '203.0.114.1',
                  CurrentVersion: 2,
                  Capabilities: 'PREFER_FAILURE',
                  InboundMappingNumberOfEntries: 1,
                  InboundMapping: {
                    '1': {
                      Status: 'Enabled',
                      Origin: 'UPnP_IWF',
                      Lifetime: 3000,
                      InternalPort: 49_152,
                      ProtocolNumber: 6,
                      ThirdPartyAddress: '',
                      Description: 'web',
                      AssignedExternalIPAddress: '203.0.114.1',
                      AssignedExternalPort: 8080,
                      FilterNumberOfEntries: 0,
                    },
                  },
                },
              },
            },
          },
        },
      },
    })
  })

  it('nothing works: Error; no server: an empty table', () => {
    const health = { severity: 'error', sentence: '' } as const
    expect(clientOf({ ...STATUS, health, server: null })).toMatchObject({
      Status: 'Error',
      UPnPIWF: { Status: 'Error' },
      ServerNumberOfEntries: 0,
      Server: {},
    })
  })

  it.each([
    [{ reachable: false }, 'Error'],
    [{ lastAnswer: null }, 'Connecting'],
    [{}, 'Enabled'],
  ])('a server that is %o', (over, status) => {
    const server = STATUS.server && { ...STATUS.server, ...over }
    expect(clientOf({ ...STATUS, server }).Server['1']).toMatchObject({ Status: status })
  })

  it('an IPv6 server loses its brackets and its port', () => {
    const server = STATUS.server && {
      ...STATUS.server,
      address: '[2001:db8::1]:5351',
      protocol: 'NAT-PMP' as const,
    }
    expect(clientOf({ ...STATUS, server }).Server['1']).toMatchObject({
      ServerAddressInUse: '2001:db8::1',
      CurrentVersion: 0,
    })
  })

  it('without router NAT the LAN host is the third party', () => {
    expect(inboundOf({ wanPort: null, protocol: 'UDP', status: 'stale' })).toMatchObject({
      ThirdPartyAddress: '192.168.1.10',
      InternalPort: 80,
      ProtocolNumber: 17,
      Status: 'Error',
    })
  })

  it('remote hosts are filters', () => {
    const entry = { description: '', lease: 60, leaseLeft: 60 }
    const entries = [
      { ...entry, remoteHost: '198.51.100.1' },
      { ...entry, remoteHost: '198.51.100.2' },
    ]
    expect(inboundOf({ entries })).toMatchObject({
      FilterNumberOfEntries: 2,
      Filter: { '2': { RemoteHostIPAddress: '198.51.100.2', PrefixLength: 128 } },
    })
  })
})
