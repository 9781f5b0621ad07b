import { describe, expect, it } from 'vitest'
import { port, seconds } from '../../src/lib/units.ts'
import type { ResultName } from '../../src/pcp/wire/constants.ts'
import { add, caller, coreBench, faultOf, key } from '../support/core-bench.ts'
import { ip } from '../support/fake-carrier.ts'

const refused = async (result: ResultName, lifetime: number) => {
  const bench = coreBench()
  bench.carrier.refuse = { result, lifetime: seconds(lifetime) }
  const ask = (over: Parameters<typeof add>[0] = {}) =>
    faultOf(() => bench.answered(bench.iwf.addPortMapping(add(over), caller())))
  return { ...bench, ask, first: await ask() }
}

describe('what the carrier refused (RFC 6887 §8.3)', () => {
  it.each([
    ['NOT_AUTHORIZED', 0, 1800, 606],
    ['NOT_AUTHORIZED', 0xffffffff, 86_400, 606],
    ['UNSUPP_PROTOCOL', 0xffffffff, 1800, 501],
    ['NETWORK_FAILURE', 0, 30, 501],
    ['NOT_AUTHORIZED', 90, 90, 606],
    ['USER_EX_QUOTA', 0, 30, 728],
    ['CANNOT_PROVIDE_EXTERNAL', 0, 30, 718],
  ] as const)(
    'C-8.3-4 C-7.4-1 C-7.4-3 T21: %s for %i s is not asked again for %i s',
    async (result, lifetime, held, code) => {
      const { ask, carrier, clock, first } = await refused(result, lifetime)
      expect(first).toBe(code)
      await clock.advance(held * 1000 - 100)
      expect(await ask()).toBe(code)
      expect(carrier.maps).toHaveLength(1)
      await clock.advance(200)
      await ask()
      expect(carrier.maps).toHaveLength(2)
    },
  )

  it('C-8.3-4: another port is another request', async () => {
    const { ask, carrier } = await refused('CANNOT_PROVIDE_EXTERNAL', 600)
    await ask({ externalPort: port(8081) })
    expect(carrier.maps).toHaveLength(2)
  })

  it('T19 C-11.4-2: NO_RESOURCES stops all that is new, and no renewal', async () => {
    const bench = coreBench()
    const { carrier, clock, iwf } = bench
    carrier.maxLifetime = 120
    await bench.answered(iwf.addPortMapping(add(), caller()))
    await clock.advance(58_000)
    carrier.refuse = { result: 'NO_RESOURCES', lifetime: seconds(30) }
    const ask = (n: number) =>
      faultOf(() => bench.answered(iwf.addPortMapping(add({ externalPort: port(n) }), caller())))
    expect(await ask(9001)).toBe(728)
    carrier.refuse = undefined
    const before = carrier.maps.length
    expect(await ask(9002)).toBe(728)
    expect(carrier.maps).toHaveLength(before)
    await clock.advance(20_000)
    expect(carrier.maps.slice(before).map((map) => map.sending)).toEqual(['once'])
    await clock.advance(20_000)
    await bench.answered(iwf.addPortMapping(add({ externalPort: port(9003) }), caller()))
  })

  it('C-8.3-3: a freeze is never believed beyond 300 s, a tenth more at most (RFC 6887 §18.3.1)', async () => {
    const { ask, carrier, clock } = await refused('NO_RESOURCES', 0xffffffff)
    await clock.advance(331_000)
    await ask({ externalPort: port(9000) })
    expect(carrier.maps).toHaveLength(2)
  })
})

describe('servers that lack an option', () => {
  it('T23 E19: without PREFER_FAILURE the same port is a success', async () => {
    const { answered, carrier, iwf } = coreBench()
    carrier.unsupported.add('PREFER_FAILURE')
    await answered(iwf.addPortMapping(add(), caller()))
    expect(carrier.maps.map((map) => map.preferFailure)).toEqual([true, false])
    await answered(iwf.addPortMapping(add({ externalPort: port(8081) }), caller()))
    expect(carrier.maps.map((map) => map.preferFailure)).toEqual([true, false, false])
  })

  it('T23 E19: without PREFER_FAILURE another port is given back: 718', async () => {
    const { answered, carrier, clock, iwf } = coreBench()
    carrier.unsupported.add('PREFER_FAILURE')
    carrier.taken.add(8080)
    expect(await faultOf(() => answered(iwf.addPortMapping(add(), caller())))).toBe(718)
    await clock.advance(100)
    expect(carrier.held.size).toBe(0)
  })

  it('E19: after half an hour the option is tried again', async () => {
    const { answered, carrier, clock, iwf } = coreBench()
    carrier.unsupported.add('PREFER_FAILURE')
    await answered(iwf.addPortMapping(add(), caller()))
    await clock.advance(1_801_000)
    await answered(iwf.addPortMapping(add({ externalPort: port(8081) }), caller()))
    expect(
      carrier.maps.filter((map) => map.sending === 'until-answered').map((map) => map.preferFailure),
    ).toEqual([true, false, true, false])
  })

  it('E17 C-7.4-2: behind NAT the router filters, so FILTER can be left out', async () => {
    const { answered, carrier, iwf, nat } = coreBench()
    carrier.unsupported.add('FILTER').add('PREFER_FAILURE')
    const remoteHost = ip('198.51.100.1')
    await answered(iwf.addPortMapping(add({ remoteHost }), caller()))
    expect(carrier.maps.at(-1)?.remotePeers).toBeUndefined()
    expect([...nat.rules.values()][0]?.rule.remoteHosts).toEqual([remoteHost])
    await answered(iwf.deletePortMapping(key({ remoteHost }), caller()))
  })

  it('without NAT a FILTER that only clears can be left out, as such a server has none, and no other', async () => {
    const { answered, carrier, clock, context, iwf } = coreBench({ wanPorts: undefined })
    carrier.unsupported.add('FILTER')
    const lease = seconds(86_400)
    await answered(iwf.addPortMapping(add({ lease }), caller()))
    const one = add({ remoteHost: ip('198.51.100.1'), lease })
    await answered(iwf.addPortMapping(one, caller()))
    await clock.advance(80_000_000)
    expect([...context.table.mappings()].map(({ claim }) => claim.state)).toEqual(['ACTIVE'])
    const another = { ...one, externalPort: port(9090), internalPort: port(9090) }
    expect(await faultOf(() => answered(iwf.addPortMapping(another, caller())))).toBe(501)
    expect(carrier.held.size).toBe(1)
  })

  it('without NAT nobody else would filter, so a server without FILTER is 501', async () => {
    const { answered, carrier, iwf } = coreBench({ wanPorts: undefined })
    carrier.unsupported.add('FILTER')
    const remoteHost = ip('198.51.100.1')
    expect(await faultOf(() => answered(iwf.addPortMapping(add({ remoteHost }), caller())))).toBe(501)
  })
})
