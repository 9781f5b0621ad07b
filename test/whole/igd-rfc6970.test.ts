import { describe, expect, it } from 'vitest'
import { RESULT_CODE } from '../../src/pcp/wire/constants.ts'
import type { Request } from '../../src/pcp/wire/message.ts'
import { seconds } from '../../src/lib/units.ts'
import { C1, igdBench } from '../support/igd-bench.ts'
import { settle } from '../support/virtual-clock.ts'
import { ADD } from '../upnp/bench.ts'

// RFC 6970 from SOAP to the octets of PCP, as far as a control point and the carrier can see it.

const KEY = { NewRemoteHost: '', NewExternalPort: '8080', NewProtocol: 'TCP' }
const VERSIONS = [1, 2] as const

const mapOf = (request: Request | undefined) => {
  if (request?.body.opcode !== 'MAP') throw new Error('no MAP')
  return request.body.map
}

describe('§4.1: state variables', () => {
  it('R6970-4.1-2: PortMappingNumberOfEntries counts what is listed, and asks nobody', async () => {
    const bench = await igdBench()
    await bench.add()
    await bench.add({ NewExternalPort: '8081', NewRemoteHost: '198.51.100.1' })
    await bench.add({ NewExternalPort: '8081', NewRemoteHost: '198.51.100.2' })
    await bench.clock.advance(1000)
    const before = bench.requests.length
    const { body } = await bench.soap('QueryStateVariable', { varName: 'PortMappingNumberOfEntries' })
    expect(body).toContain('<return>3</return>')
    const codes = ['0', '1', '2', '3'].map(
      async (index) => (await bench.soap('GetGenericPortMappingEntry', { NewPortMappingIndex: index })).code,
    )
    expect(await Promise.all(codes)).toEqual([200, 200, 200, 713])
    expect(bench.requests).toHaveLength(before)
  })

  it.each(VERSIONS)(
    'R6970-4.1-3: PortMappingEnabled 0 is an error on :%d, and nothing is sent',
    async (facade) => {
      const bench = await igdBench()
      expect((await bench.add({ NewEnabled: '0' }, { facade })).code).toBe(501)
      expect([bench.requests, bench.shown()]).toEqual([[], []])
    },
  )

  it.each([
    [1, 0xffffffff, '0'],
    [2, 604_800, '604800'],
  ] as const)(
    'R6970-4.1-4: lease 0 of :%d asks for %d and is shown as %s',
    async (facade, lifetime, shown) => {
      const bench = await igdBench()
      await bench.add({ NewLeaseDuration: '0' }, { facade })
      expect(bench.requests[0]?.lifetime).toBe(lifetime)
      const { out } = await bench.soap('GetSpecificPortMappingEntry', KEY, { facade })
      expect(out['NewLeaseDuration']).toBe(shown)
    },
  )

  it('R6970-4.1-7: RemoteHost is a FILTER of one host and all ports, none is no FILTER', async () => {
    const bench = await igdBench()
    await bench.add({ NewRemoteHost: '203.0.113.5' })
    await bench.add({ NewExternalPort: '8081' })
    const filter = { option: 'FILTER', prefixLength: 128, remotePort: 0, remoteAddress: '203.0.113.5' }
    expect(bench.requests.map(({ options }) => options)).toEqual([
      expect.arrayContaining([filter]),
      [{ option: 'PREFER_FAILURE' }],
    ])
  })

  it('R6970-4.1-8 R6970-5.6.2-1: ExternalPort is the Suggested External Port', async () => {
    const bench = await igdBench()
    await bench.add()
    expect(mapOf(bench.requests[0]).externalPort).toBe(8080)
  })

  it.each([
    ['TCP', 6],
    ['UDP', 17],
  ])('R6970-4.1-10: %s is protocol %d', async (NewProtocol, protocol) => {
    const bench = await igdBench()
    await bench.add({ NewProtocol })
    expect(mapOf(bench.requests[0]).protocol).toBe(protocol)
  })

  it('R6970-4.1-13: SystemUpdateID counts adds, changes, deletes and ends of leases, and nothing else', async () => {
    const bench = await igdBench()
    const id = async () => {
      const { body } = await bench.soap('QueryStateVariable', { varName: 'SystemUpdateID' })
      return Number(/<return>(\d+)<\/return>/.exec(body)?.[1])
    }
    expect(await id()).toBe(0)
    await bench.add()
    await bench.add({ NewPortMappingDescription: 'again' })
    await bench.soap('GetSpecificPortMappingEntry', KEY)
    await bench.add({ NewExternalPort: '0' })
    expect(await id()).toBe(2)
    await bench.soap('DeletePortMapping', KEY)
    await bench.add({ NewLeaseDuration: '60' })
    expect(await id()).toBe(4)
    await bench.clock.advance(61_000)
    expect(await id()).toBe(5)
  })
})

describe('R6970-4.1-13: SystemUpdateID and the table change at the same moment', () => {
  it('also where an entry is replaced, and the disk has not answered yet', async () => {
    const bench = await igdBench()
    await bench.add()
    const before = bench.iwf.systemUpdateId()
    const again = bench.sendSoap('AddPortMapping', {
      ...ADD,
      NewPortMappingDescription: 'again',
    })
    for (let turn = 0; turn < 20; turn++) {
      await Promise.resolve()
      const { description } = bench.iwf.getGenericPortMappingEntry(0)
      expect(bench.iwf.systemUpdateId() > before).toBe(description === 'again')
    }
    await again
    expect(bench.iwf.getGenericPortMappingEntry(0).description).toBe('again')
  })

  it('and where the router does no NAT, and another LAN port is another mapping', async () => {
    const bench = await igdBench({ wanPorts: undefined })
    await bench.add()
    const before = bench.iwf.systemUpdateId()
    const moved = bench.sendSoap('AddPortMapping', { ...ADD, NewInternalPort: '9999' })
    for (let turn = 0; turn < 100 && bench.iwf.portMappingNumberOfEntries() > 0; turn++) await settle()
    expect(bench.iwf.portMappingNumberOfEntries()).toBe(0)
    expect(bench.iwf.systemUpdateId()).toBe(before + 1)
    await bench.within(moved)
    expect(bench.iwf.systemUpdateId()).toBe(before + 2)
  })
})

describe('§5.4 §5.5: what the carrier sees of the LAN', () => {
  it('R6970-5.4-1 R6970-4.1-11: without NAT the LAN host and its own port, by THIRD_PARTY', async () => {
    const bench = await igdBench({ wanPorts: undefined })
    await bench.add()
    expect(mapOf(bench.requests[0]).internalPort).toBe(8000)
    expect(bench.requests[0]?.options).toContainEqual({ option: 'THIRD_PARTY', internalAddress: C1 })
  })

  it('R6970-6-2: behind NAT nothing of it, and no THIRD_PARTY', async () => {
    const bench = await igdBench()
    await bench.add()
    expect(mapOf(bench.requests[0]).internalPort).toBeGreaterThanOrEqual(49_152)
    expect(JSON.stringify(bench.requests)).not.toContain(C1)
    expect(bench.requests[0]?.options).toEqual([{ option: 'PREFER_FAILURE' }])
  })

  it('R6970-5.5-2: each action that changes something is one request', async () => {
    const bench = await igdBench()
    await bench.add()
    await bench.addAny({ NewExternalPort: '8081', NewInternalPort: '8001' })
    await bench.soap('DeletePortMapping', KEY)
    const range = { NewStartPort: '1024', NewEndPort: '65535', NewProtocol: 'TCP', NewManage: '0' }
    await bench.soap('DeletePortMappingRange', range)
    await bench.clock.advance(100)
    expect(bench.requests.map(({ lifetime }) => lifetime)).toEqual([3600, 3600, 0, 0])
  })
})

describe('§5.6 §5.9: refusals and renewals', () => {
  it('R6970-5.6.1-2: AddAnyPortMapping without an answer of the server is 501', async () => {
    const bench = await igdBench()
    bench.carrier.responder.faults.dropRequests = 1
    expect((await bench.addAny()).code).toBe(501)
    expect(bench.shown()).toEqual([])
  })

  it.each([1, 86_400])(
    'R6970-5.6.2-4 E11: CANNOT_PROVIDE_EXTERNAL for %d s is 718 at once, as the control point waits',
    async (lifetime) => {
      const bench = await igdBench()
      const code = RESULT_CODE.CANNOT_PROVIDE_EXTERNAL
      bench.carrier.responder.faults.result = { code, lifetime, times: 1 }
      const before = bench.clock.now()
      expect((await bench.add()).code).toBe(718)
      expect(bench.clock.now() - before).toBeLessThan(100)
      await bench.clock.advance(120_000)
      expect(bench.requests).toHaveLength(1)
    },
  )

  it('R6970-5.9-5: nobody is told of a renewal', async () => {
    const bench = await igdBench({ settings: { maxLifetime: seconds(120) } })
    await bench.add()
    const events = await bench.subscribe()
    await bench.clock.advance(600_000)
    expect(bench.requests.length).toBeGreaterThan(5)
    expect(events).toHaveLength(1)
  })
})
