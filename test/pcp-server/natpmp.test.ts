import { describe, expect, it } from 'vitest'
import { encodeRequest } from '../../src/pcp/wire/packet.ts'
import type { Settings } from '../../src/pcp-server/settings.ts'
import { fromHex, ip, toHex } from '../pcp/literals.ts'
import { Bench, CPE, mapRequest, NEIGHBOUR } from './bench.ts'

/** NAT-PMP only, 77 s (4d) after its start. */
async function gateway(settings: Partial<Settings> = {}): Promise<Bench> {
  const bench = new Bench(settings)
  bench.responder.faults.natPmpOnly = true
  await bench.clock.advance(77_000)
  return bench
}

const ask = (bench: Bench, request: string, from = CPE) => bench.hear(fromHex(request), from).map(toHex)
const hex = (text: string) => text.replaceAll(' ', '')

const MAP_TCP = '0002 0000 1f90 1f91 00000e10'
const MAPPED_TCP = '0082 0000 0000004d 1f90 1f91 00000e10'
const DELETE_TCP = '0002 0000 1f90 0000 00000000'
const DELETED_TCP = '0082 0000 0000004d 1f90 0000 00000000'

describe('RFC 6886: a NAT-PMP gateway', () => {
  it.each([
    ['§3.2 external address', '0000', '0080 0000 0000004d cb007101'],
    ['§3.3 map TCP', MAP_TCP, MAPPED_TCP],
    ['§3.3 map UDP', '0001 ffff 1f90 1f91 00000e10', '0081 0000 0000004d 1f90 1f91 00000e10'],
    ['§3.4 delete what is absent', DELETE_TCP, DELETED_TCP],
    ['§3.4 delete all, of none', '0002 0000 0000 0000 00000000', '0082 0000 0000004d 0000 0000 00000000'],
    ['§3.5 unknown opcode: the request comes back', '0003 0000 abcd', '0083 0005 abcd'],
    ['§3.5 unknown opcode, two octets', '007f', '00ff 0005'],
    ['§3.5 another version: opcode 0 and version 0', '0200', '0000 0001 0000004d'],
  ])('%s', async (_clause, request, response) => {
    expect(ask(await gateway(), request)).toEqual([hex(response)])
  })

  it.each([
    ['less than 2 octets', '00'],
    ['a response (§3.5)', '0080'],
    ['a response of PCP', '0281'],
    ['half a mapping request', '0001 0000 1f90'],
  ])('drops %s', async (_what, request) => {
    expect(ask(await gateway(), request)).toEqual([])
  })

  it('T11: answers a PCP request with 8 octets, R bit clear', async () => {
    const [answer] = (await gateway()).hear(encodeRequest(mapRequest({})))
    expect(answer && toHex(answer)).toBe('000000010000004d')
  })

  it('§3.3: a mapping that exists is returned with the port it has; a taken port gives another', async () => {
    const bench = await gateway({ ports: { first: 8080, last: 8081 } })
    ask(bench, MAP_TCP)
    expect(ask(bench, '0002 0000 1f90 1f90 00000708')).toEqual([hex('0082 0000 0000004d 1f90 1f91 00000708')])
    expect(ask(bench, MAP_TCP, NEIGHBOUR)).toEqual([hex('0082 0000 0000004d 1f90 1f90 00000e10')])
  })

  it('§3.4: deletes one, and a lifetime that is over deletes too', async () => {
    const bench = await gateway()
    ask(bench, MAP_TCP)
    ask(bench, '0001 0000 1f90 1f91 00000e10')
    expect(ask(bench, DELETE_TCP)).toEqual([hex(DELETED_TCP)])
    expect(bench.responder.mappings()).toMatchObject([{ protocol: 17 }])
    await bench.clock.advance(3_600_000)
    expect(bench.ports).toEqual([])
  })

  it('§3.4: deletes all of one protocol of one client', async () => {
    const bench = await gateway()
    for (const internal of ['1f90', '1f91']) ask(bench, `0002 0000 ${internal} 0000 00000e10`)
    ask(bench, '0001 0000 1f90 0000 00000e10')
    ask(bench, MAP_TCP, NEIGHBOUR)
    ask(bench, '0002 0000 0000 0000 00000000')
    const left = bench.responder
      .mappings()
      .map(({ internalAddress, protocol }) => [internalAddress, protocol])
    expect(left).toEqual([
      [CPE.address, 17],
      [NEIGHBOUR.address, 6],
    ])
  })

  it('§3.4: deletes as many as it can, and says 2 for a mapping with a PCP nonce', async () => {
    const bench = await gateway()
    ask(bench, MAP_TCP)
    bench.responder.faults.natPmpOnly = false
    bench.map({ internalPort: 1, externalPort: 2000 })
    bench.responder.faults.natPmpOnly = true
    expect(ask(bench, '0002 0000 0000 0000 00000000')).toEqual([hex('0082 0002 0000004d 0000 0000 00000000')])
    expect(bench.ports).toEqual([2000])
  })

  it.each([
    ['the quota is used up', { quota: 0 }, '0004'],
    ['no port is left', { ports: { first: 5351, last: 5351 } }, '0004'],
  ])('§3.5: answers with zeros and the internal port when %s', async (_why, settings, result) => {
    const answer = ask(await gateway(settings), MAP_TCP)
    expect(answer).toEqual([hex(`0082 ${result} 0000004d 1f90 0000 00000000`)])
  })

  it('§3.2: has no address to tell where it is IPv6', async () => {
    const bench = await gateway({ externalAddress: ip('2001:db8::1') })
    expect(ask(bench, '0000')).toEqual([hex('0080 0003 0000004d 00000000')])
  })

  it('logs like the PCP server', async () => {
    const bench = await gateway()
    for (const request of ['0000', MAP_TCP, '0003', '0200']) ask(bench, request)
    expect(bench.lines).toEqual([
      '100.64.0.2:45000 NAT-PMP external address: SUCCESS 203.0.113.1',
      '100.64.0.2:45000 NAT-PMP map TCP 8080 for 3600 s: SUCCESS 8081 for 3600 s',
      '100.64.0.2:45000 NAT-PMP opcode 3: UNSUPP_OPCODE',
      '100.64.0.2:45000 version 2: UNSUPP_VERSION 0',
    ])
  })
})
