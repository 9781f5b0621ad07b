import { describe, expect, it } from 'vitest'
import { port } from '../../src/lib/units.ts'
import { writePortListing } from '../../src/upnp/port-listing.ts'
import { PEER, RANGE, call, elementsOf, entry, fakeGateway, fieldsOf, worldOf } from './bench.ts'

describe('A_ARG_TYPE_PortListing (WANIPConnection:2 §2.3.25)', () => {
  it('has one element an entry, in order, with names of its own', () => {
    const [list, first, ...fields] = elementsOf(writePortListing([entry()]))
    expect(list).toMatchObject({
      name: 'PortMappingList',
      namespace: 'urn:schemas-upnp-org:gw:WANIPConnection',
    })
    expect(first?.name).toBe('PortMappingEntry')
    expect(fields.map(({ name, text }) => [name, text])).toEqual([
      ['NewRemoteHost', ''],
      ['NewExternalPort', '8080'],
      ['NewProtocol', 'TCP'],
      ['NewInternalPort', '80'],
      ['NewInternalClient', PEER],
      ['NewEnabled', '1'],
      ['NewDescription', 'web'],
      ['NewLeaseTime', '3600'],
    ])
  })

  it('keeps the order of the entries', () => {
    const entries = [3, 1, 2].map((n) => entry({ externalPort: port(n) }))
    const ports = elementsOf(writePortListing(entries)).filter(({ name }) => name === 'NewExternalPort')
    expect(ports.map(({ text }) => text)).toEqual(['3', '1', '2'])
  })

  it('G12: travels as text, and comes out as it went in', async () => {
    const description = `<&>"' ]]> &amp; 😀`
    const { gateway } = fakeGateway({ getListOfPortMappings: () => [entry({ description })] })
    const args = { ...RANGE, NewNumberOfPorts: '0' }
    const { body } = await call('GetListOfPortMappings', { args, world: worldOf(gateway) })
    const listing = fieldsOf(body)['NewPortListing'] ?? ''
    expect(fieldsOf(listing)['NewDescription']).toBe(description)
  })
})
