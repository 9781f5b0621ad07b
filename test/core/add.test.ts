import { describe, expect, it } from 'vitest'
import { port, seconds } from '../../src/lib/units.ts'
import { HOST, OTHER, add, caller, coreBench, faultOf, key } from '../support/core-bench.ts'
import { ip } from '../support/fake-carrier.ts'

describe('AddPortMapping (RFC 6970 §5.6.2)', () => {
  it('R6970-5.6.2-1 R6970-5.6.2-2: one MAP with all information and PREFER_FAILURE', async () => {
    const { answered, carrier, iwf } = coreBench()
    await answered(iwf.addPortMapping(add({ remoteHost: ip('198.51.100.7') }), caller()))
    expect(carrier.maps).toHaveLength(1)
    expect(carrier.maps[0]).toMatchObject({
      protocol: 'TCP',
      suggestedPort: 8080,
      preferFailure: true,
      lifetime: 3600,
      remotePeers: ['198.51.100.7'],
      sending: 'until-answered',
    })
  })

  it('R6970-5.5-1: behind NAT no LAN address, and a WAN port as the internal port', async () => {
    const { answered, carrier, iwf, nat } = coreBench()
    await answered(iwf.addPortMapping(add(), caller()))
    const [sent] = carrier.maps
    expect(sent?.internalAddress).toBeUndefined()
    expect(sent?.internalPort).toBeGreaterThanOrEqual(49_152)
    expect([...nat.rules.values()][0]?.rule).toMatchObject({
      wanPort: sent?.internalPort,
      client: HOST,
      clientPort: 8080,
      external: { address: '203.0.114.1', port: 8080 },
    })
  })

  it('R6970-4.1-9 R6970-4.1-11: without NAT the LAN host and its own port', async () => {
    const { answered, carrier, iwf, nat } = coreBench({ wanPorts: undefined })
    await answered(iwf.addPortMapping(add({ internalPort: port(8000) }), caller()))
    expect(carrier.maps[0]).toMatchObject({ internalAddress: HOST, internalPort: 8000 })
    expect(nat.rules.size).toBe(0)
  })

  it('R6970-5.5-3: the router forwards before the carrier is asked', async () => {
    const { carrier, clock, iwf, nat } = coreBench()
    carrier.silent = true
    iwf.addPortMapping(add(), caller()).catch(() => undefined)
    await clock.advance(0)
    expect(carrier.maps).toHaveLength(1)
    expect([...nat.rules.values()][0]?.timeout).toBe(60)
  })

  it('R6970-5.5-6: the router forwards a little longer than the carrier', async () => {
    const { answered, carrier, iwf, nat } = coreBench()
    carrier.maxLifetime = 600
    await answered(iwf.addPortMapping(add(), caller()))
    expect([...nat.rules.values()][0]?.timeout).toBe(660)
  })

  it('R6970-5.5-6: a rule that is set again ends when the lifetime does, and no whole one later', async () => {
    const { answered, clock, iwf, nat } = coreBench()
    await answered(iwf.addPortMapping(add({ lease: 'infinite' }), caller()))
    await clock.advance(3_600_000)
    await answered(iwf.addPortMapping(add({ lease: 'infinite', internalPort: port(9999) }), caller()))
    expect([...nat.rules.values()][0]?.timeout).toBe(86_400 - 3600 + 60)
  })

  it.each([
    ['NOT_AUTHORIZED', 606],
    ['UNSUPP_VERSION', 501],
    ['NO_RESOURCES', 728],
    ['USER_EX_QUOTA', 728],
    ['CANNOT_PROVIDE_EXTERNAL', 718],
    ['ADDRESS_MISMATCH', 501],
    ['UNKNOWN', 501],
  ] as const)(
    'R6970-4.3-1 R6970-4.3-2 R6970-5.5-5: %s is %i, and nothing is left behind',
    async (result, code) => {
      const { answered, carrier, context, iwf, nat } = coreBench()
      carrier.refuse = { result, lifetime: seconds(30) }
      expect(await faultOf(() => answered(iwf.addPortMapping(add(), caller())))).toBe(code)
      expect(nat.rules.size).toBe(0)
      expect(context.table.size).toBe(0)
      expect(iwf.systemUpdateId()).toBe(0)
    },
  )

  it('T22: another port than PREFER_FAILURE asked for is given back, and the answer is 718', async () => {
    const { answered, carrier, clock, context, iwf, nat } = coreBench()
    carrier.ignorePreferFailure = true
    expect(await faultOf(() => answered(iwf.addPortMapping(add(), caller())))).toBe(718)
    await clock.advance(100)
    expect(carrier.held.size).toBe(0)
    expect(nat.rules.size).toBe(0)
    expect(context.table.size).toBe(0)
  })

  it('T2 C-8.1.1-6 R6970-5.1-3: a silent carrier is 501 at 25 s, and what it may hold is deleted until it says so', async () => {
    const { carrier, clock, context, iwf, nat } = coreBench()
    carrier.silent = true
    const start = clock.now()
    let answeredAt = 0
    const fault = faultOf(() => iwf.addPortMapping(add(), caller())).finally(() => (answeredAt = clock.now()))
    await clock.advance(30_000)
    expect(await fault).toBe(501)
    expect(answeredAt - start).toBe(25_000)
    expect(nat.rules.size).toBe(0)
    expect(carrier.deletes.at(-1)).toMatchObject({ internalPort: carrier.maps[0]?.internalPort })
    expect(context.tombstones.size).toBeGreaterThan(0)
  })

  it('a kernel that refuses is 501 and the carrier is not asked', async () => {
    const { answered, carrier, iwf, lines, nat } = coreBench()
    nat.broken = true
    expect(await faultOf(() => answered(iwf.addPortMapping(add(), caller())))).toBe(501)
    expect(carrier.maps).toHaveLength(0)
    expect(lines.filter((line) => line.level === 'error')).toHaveLength(1)
  })

  it('G6: a port of another host is 718 without a packet', async () => {
    const { answered, carrier, iwf } = coreBench()
    await answered(iwf.addPortMapping(add(), caller()))
    const taken = () => iwf.addPortMapping(add({ internalClient: OTHER }), caller(OTHER))
    expect(await faultOf(taken)).toBe(718)
    expect(carrier.maps).toHaveLength(1)
  })

  it('a port that another host is just asking for is 718 at once', async () => {
    const { carrier, clock, iwf } = coreBench()
    carrier.silent = true
    iwf.addPortMapping(add(), caller()).catch(() => undefined)
    await clock.advance(0)
    expect(await faultOf(() => iwf.addPortMapping(add({ internalClient: OTHER }), caller(OTHER)))).toBe(718)
    expect(carrier.maps).toHaveLength(1)
  })

  it('a slow carrier keeps no other port and no local answer waiting', async () => {
    const { carrier, clock, iwf } = coreBench()
    carrier.silent = true
    iwf.addPortMapping(add(), caller()).catch(() => undefined)
    await clock.advance(0)
    carrier.silent = false
    await iwf.getSpecificPortMappingEntry(key(), caller()).catch(() => undefined)
    const second = iwf.addPortMapping(add({ externalPort: port(9090), internalClient: OTHER }), caller(OTHER))
    await clock.advance(10)
    await second
    expect(iwf.portMappingNumberOfEntries()).toBe(1)
  })

  it('two adds of one port from one host take turns and make one mapping', async () => {
    const { answered, carrier, iwf } = coreBench()
    await answered(Promise.all([iwf.addPortMapping(add(), caller()), iwf.addPortMapping(add(), caller())]))
    expect(carrier.held.size).toBe(1)
    expect(iwf.portMappingNumberOfEntries()).toBe(1)
  })
})

describe('an add of what the host has', () => {
  it('R6970-5.6.2-5: renews the lease without asking a carrier that granted enough', async () => {
    const { answered, carrier, clock, iwf } = coreBench()
    await answered(iwf.addPortMapping(add(), caller()))
    await clock.advance(600_000)
    await answered(iwf.addPortMapping(add({ description: 'again' }), caller()))
    expect(carrier.maps).toHaveLength(1)
    const entry = await iwf.getSpecificPortMappingEntry(key(), caller())
    expect(entry).toMatchObject({ leaseDuration: 3600, description: 'again' })
    expect(iwf.systemUpdateId()).toBe(2)
  })

  it('asks the carrier when less than three quarters are left', async () => {
    const { answered, carrier, clock, iwf } = coreBench()
    await answered(iwf.addPortMapping(add(), caller()))
    await clock.advance(1_000_000)
    await answered(iwf.addPortMapping(add(), caller()))
    expect(carrier.maps).toHaveLength(2)
    expect(carrier.maps[1]).toMatchObject({ generation: carrier.maps[0]?.generation, suggestedPort: 8080 })
  })

  it('G8, without NAT: what AddAnyPortMapping made keeps its port when AddPortMapping leads it to another LAN port', async () => {
    const { answered, carrier, iwf } = coreBench({ wanPorts: undefined })
    await answered(iwf.addAnyPortMapping(add(), caller()))
    await answered(iwf.addPortMapping(add({ internalPort: port(9999) }), caller()))
    expect(carrier.maps.map(({ preferFailure }) => preferFailure)).toEqual([false, true])
  })

  it('G8, behind NAT: another LAN port is a change of the router alone', async () => {
    const { answered, carrier, iwf, nat } = coreBench()
    await answered(iwf.addPortMapping(add(), caller()))
    await answered(iwf.addPortMapping(add({ internalPort: port(9999) }), caller()))
    expect(carrier.maps).toHaveLength(1)
    expect([...nat.rules.values()].map(({ rule }) => rule.clientPort)).toEqual([9999])
    expect(iwf.getGenericPortMappingEntry(0)).toMatchObject({ internalPort: 9999, externalPort: 8080 })
  })

  it('G8, without NAT: the old mapping is deleted and a new one made', async () => {
    const { answered, carrier, iwf } = coreBench({ wanPorts: undefined })
    await answered(iwf.addPortMapping(add(), caller()))
    await answered(iwf.addPortMapping(add({ internalPort: port(9999) }), caller()))
    expect([...carrier.held.keys()]).toEqual([`TCP:${HOST}:9999`])
    expect(iwf.getGenericPortMappingEntry(0)).toMatchObject({ internalPort: 9999 })
  })

  it('G8, without NAT: when the carrier refuses the new one the old one comes back, for the time it had left', async () => {
    const { answered, carrier, clock, iwf } = coreBench({ wanPorts: undefined })
    await answered(iwf.addPortMapping(add({ lease: seconds(3600) }), caller()))
    await clock.advance(600_000)
    carrier.delay = 5000
    const unmap = carrier.unmap.bind(carrier)
    carrier.unmap = (mapping, signal) => {
      carrier.refuse = { result: 'NETWORK_FAILURE', lifetime: seconds(1) }
      return unmap(mapping, signal)
    }
    const moved = faultOf(() => iwf.addPortMapping(add({ internalPort: port(9999) }), caller()))
    await clock.advance(12_000)
    carrier.unmap = unmap
    carrier.refuse = undefined
    await clock.advance(8000)
    expect(await moved).toBe(501)
    expect([...carrier.held.keys()]).toEqual([`TCP:${HOST}:8080`])
    const back = iwf.getGenericPortMappingEntry(0)
    expect(back).toMatchObject({ internalPort: 8080 })
    expect(back.leaseDuration).toBeLessThanOrEqual(2980)
  })

  it('E16: without NAT a second external port for one LAN port cannot be had: 718', async () => {
    const { answered, carrier, iwf } = coreBench({ wanPorts: undefined })
    await answered(iwf.addPortMapping(add(), caller()))
    expect(
      await faultOf(() => answered(iwf.addPortMapping(add({ externalPort: port(8081) }), caller()))),
    ).toBe(718)
    expect(carrier.maps).toHaveLength(1)
  })

  it('E16: nor by moving one to a LAN port that has one: 718, and nothing is deleted', async () => {
    const { answered, carrier, iwf } = coreBench({ wanPorts: undefined })
    await answered(iwf.addPortMapping(add(), caller()))
    const other = { externalPort: port(8081), internalPort: port(8081) }
    await answered(iwf.addPortMapping(add(other), caller()))
    const moved = add({ ...other, internalPort: port(8080) })
    expect(await faultOf(() => answered(iwf.addPortMapping(moved, caller())))).toBe(718)
    expect(carrier.maps).toHaveLength(2)
    expect(iwf.getGenericPortMappingEntry(1)).toMatchObject(other)
  })

  it('E16: behind NAT it can', async () => {
    const { answered, carrier, iwf } = coreBench()
    await answered(iwf.addPortMapping(add(), caller()))
    await answered(iwf.addPortMapping(add({ externalPort: port(8081) }), caller()))
    expect(new Set(carrier.maps.map((map) => map.internalPort)).size).toBe(2)
  })

  it('E15: entries of several remote hosts share one mapping and filter it', async () => {
    const { answered, carrier, clock, iwf, nat } = coreBench()
    const [one, two] = [ip('198.51.100.1'), ip('198.51.100.2')]
    await answered(iwf.addPortMapping(add({ remoteHost: one }), caller()))
    await answered(iwf.addPortMapping(add({ remoteHost: two }), caller()))
    await clock.advance(10)
    expect(carrier.held.size).toBe(1)
    expect(carrier.maps.at(-1)?.remotePeers).toEqual([one, two])
    expect([...nat.rules.values()][0]?.rule.remoteHosts).toEqual([one, two])
    await answered(iwf.deletePortMapping(key({ remoteHost: one }), caller()))
    await clock.advance(10)
    expect([...nat.rules.values()][0]?.rule.remoteHosts).toEqual([two])
    expect(carrier.held.size).toBe(1)
    expect(iwf.portMappingNumberOfEntries()).toBe(1)
  })

  it('E15: an entry for everybody lifts the filter, at the carrier too', async () => {
    const { answered, carrier, clock, iwf, nat } = coreBench()
    await answered(iwf.addPortMapping(add({ remoteHost: ip('198.51.100.1') }), caller()))
    await answered(iwf.addPortMapping(add(), caller()))
    await clock.advance(10)
    expect(carrier.maps.map((map) => map.remotePeers)).toEqual([['198.51.100.1'], []])
    expect([...nat.rules.values()][0]?.rule.remoteHosts).toEqual([])
  })
})

/** What a host made by `first` with a lease of 600 s, and what lapsed after 120 s as the carrier went silent. */
async function lapsed(first: 'addPortMapping' | 'addAnyPortMapping') {
  const bench = coreBench()
  const { answered, carrier, clock, context, iwf } = bench
  carrier.maxLifetime = 120
  const made: Promise<unknown> = iwf[first](add({ lease: seconds(600) }), caller())
  await answered(made)
  carrier.silent = true
  await clock.advance(580_000)
  expect(context.table.entryAt(0)?.mapping.claim.state).toBe('LAPSED')
  return bench
}

/** What AddPortMapping made at 8080, and the carrier, which knows no PREFER_FAILURE, moved to 20000. */
async function strayed() {
  const bench = coreBench()
  const { answered, carrier, clock, context, iwf } = bench
  carrier.maxLifetime = 120
  await answered(iwf.addPortMapping(add(), caller()))
  carrier.ignorePreferFailure = true
  carrier.held.clear()
  carrier.taken.add(8080)
  await clock.advance(100_000)
  expect(context.table.at('TCP', port(8080))?.grant.external.port).toBe(20_000)
  return bench
}

describe('an add of what the carrier gave another port', () => {
  it('E19: AddPortMapping asks its port back, and is 718 where that is not to be had', async () => {
    const { answered, carrier, iwf } = await strayed()
    expect(await faultOf(() => answered(iwf.addPortMapping(add(), caller())))).toBe(718)
    expect(carrier.deletes).toHaveLength(1)
  })

  it('E19: AddPortMapping is 200 where it is', async () => {
    const { answered, carrier, context, iwf } = await strayed()
    carrier.ignorePreferFailure = false
    carrier.taken.clear()
    await answered(iwf.addPortMapping(add(), caller()))
    expect(context.table.at('TCP', port(8080))).toMatchObject({
      claim: { state: 'ACTIVE' },
      grant: { external: { port: 8080 } },
    })
  })

  it('AddAnyPortMapping takes the other one', async () => {
    const { answered, carrier, context, iwf } = await strayed()
    const before = iwf.systemUpdateId()
    expect(await answered(iwf.addAnyPortMapping(add(), caller()))).toBe(20_000)
    expect(iwf.getGenericPortMappingEntry(0).externalPort).toBe(20_000)
    expect(iwf.systemUpdateId()).toBeGreaterThan(before)
    expect(context.table.at('TCP', port(20_000))?.claim.state).toBe('ACTIVE')
    expect(carrier.deletes).toEqual([])
  })

  it('unless an entry of another remote host was promised the first: 501', async () => {
    const { answered, carrier, iwf } = await strayed()
    const other = add({ remoteHost: ip('198.51.100.7') })
    expect(await faultOf(() => answered(iwf.addAnyPortMapping(other, caller())))).toBe(501)
    expect(carrier.deletes).toHaveLength(1)
    expect(iwf.getGenericPortMappingEntry(0).externalPort).toBe(8080)
  })

  it('unless another host was told to have that: 501', async () => {
    const { answered, carrier, context, iwf } = await strayed()
    carrier.ignorePreferFailure = false
    const theirs = add({ externalPort: port(9000), internalClient: OTHER })
    await answered(iwf.addPortMapping(theirs, caller(OTHER)))
    const mapping = context.table.at('TCP', port(8080))
    if (mapping)
      mapping.grant = { ...mapping.grant, external: { ...mapping.grant.external, port: port(9000) } }
    expect(await faultOf(() => answered(iwf.addAnyPortMapping(add(), caller())))).toBe(501)
    expect(context.table.at('TCP', port(9000))?.claim.client).toBe(OTHER)
  })
})

describe('an add of what the carrier has to confirm first', () => {
  it.each(['addPortMapping', 'addAnyPortMapping'] as const)(
    'R6970-5.6.2-5: %s: it is made anew when its lease ends meanwhile',
    async (action) => {
      const { answered, carrier, clock, iwf } = await lapsed(action)
      const again: Promise<unknown> = iwf[action](add(), caller())
      await clock.advance(10_000)
      carrier.silent = false
      await answered(again)
      expect(iwf.getGenericPortMappingEntry(0)).toMatchObject({ externalPort: 8080, leaseDuration: 3600 })
    },
  )

  it('AddAnyPortMapping is answered with the port that it comes back with', async () => {
    const { answered, carrier, iwf } = await lapsed('addAnyPortMapping')
    carrier.silent = false
    carrier.held.clear()
    carrier.taken.add(8080)
    expect(await answered(iwf.addAnyPortMapping(add(), caller()))).toBe(20_000)
    expect(iwf.getGenericPortMappingEntry(0)).toMatchObject({ externalPort: 20_000, leaseDuration: 3600 })
  })

  it('AddPortMapping is refused where it comes back with another port: 718', async () => {
    const { answered, carrier, iwf } = await lapsed('addAnyPortMapping')
    carrier.silent = false
    carrier.held.clear()
    carrier.taken.add(8080)
    expect(await faultOf(() => answered(iwf.addPortMapping(add(), caller())))).toBe(718)
    const { externalPort, leaseDuration } = iwf.getGenericPortMappingEntry(0)
    expect([externalPort, leaseDuration < 600]).toEqual([20_000, true])
  })
})

describe('AddAnyPortMapping (RFC 6970 §5.6.1)', () => {
  it('R6970-5.6.1-1 R6970-4.2-3: a MAP without PREFER_FAILURE, and the port the carrier chose', async () => {
    const { answered, carrier, iwf } = coreBench()
    carrier.taken.add(8080)
    expect(await answered(iwf.addAnyPortMapping(add(), caller()))).toBe(20_000)
    expect(carrier.maps[0]).toMatchObject({ preferFailure: false, suggestedPort: 8080 })
    expect(iwf.getGenericPortMappingEntry(0)).toMatchObject({ externalPort: 20_000 })
  })

  it('G7: the same LAN port again keeps its external port', async () => {
    const { answered, carrier, iwf } = coreBench()
    const first = await answered(iwf.addAnyPortMapping({ ...add(), externalPort: 0 }, caller()))
    expect(await answered(iwf.addAnyPortMapping({ ...add(), externalPort: 0 }, caller()))).toBe(first)
    expect(carrier.held.size).toBe(1)
    expect(iwf.portMappingNumberOfEntries()).toBe(1)
    expect(iwf.systemUpdateId()).toBe(2)
  })

  it('G6: a port of another host is not even suggested', async () => {
    const { answered, carrier, iwf } = coreBench()
    await answered(iwf.addPortMapping(add(), caller()))
    const got = await answered(iwf.addAnyPortMapping(add({ internalClient: OTHER }), caller(OTHER)))
    expect(got).not.toBe(8080)
    expect(carrier.maps[1]?.suggestedPort).toBe(0)
  })

  it('a port that another of our mappings has already is given back: nothing has two owners', async () => {
    const { answered, carrier, clock, iwf, nat } = coreBench()
    await answered(iwf.addPortMapping(add({ externalPort: port(20_000) }), caller()))
    carrier.held.clear()
    const other = { ...add({ internalClient: OTHER }), externalPort: 0 } as const
    expect(await faultOf(() => answered(iwf.addAnyPortMapping(other, caller(OTHER))))).toBe(501)
    await clock.advance(100)
    expect(carrier.deletes).toHaveLength(1)
    expect([...nat.rules.values()].map(({ rule }) => rule.client)).toEqual([HOST])
    expect(iwf.getGenericPortMappingEntry(0)).toMatchObject({ internalClient: HOST, externalPort: 20_000 })
  })

  it('E9: further mappings suggest the address of the first', async () => {
    const { answered, carrier, iwf } = coreBench()
    await answered(iwf.addPortMapping(add(), caller()))
    await answered(iwf.addPortMapping(add({ externalPort: port(9090) }), caller()))
    expect(carrier.maps.map((map) => map.suggestedAddress)).toEqual([undefined, '203.0.114.1'])
  })

  it('E9: an address that no mapping has is not suggested: the carrier may have another by now', async () => {
    const { answered, carrier, iwf } = coreBench()
    await answered(iwf.addPortMapping(add(), caller()))
    await answered(iwf.deletePortMapping(key(), caller()))
    await answered(iwf.addPortMapping(add({ externalPort: port(9090) }), caller()))
    expect(carrier.maps.at(-1)?.suggestedAddress).toBeUndefined()
  })
})

describe('policy (RFC 6970 §6)', () => {
  it.each([
    ['another host’s address', { internalClient: OTHER }],
    ['an external port below 1024', { externalPort: port(80) }],
    ['an internal port below 1024', { internalPort: port(1023) }],
  ])('R6970-6-1: %s is 606', async (_what, over) => {
    const { carrier, iwf } = coreBench()
    expect(await faultOf(() => iwf.addPortMapping(add(over), caller()))).toBe(606)
    expect(carrier.maps).toHaveLength(0)
  })

  const span = (first: number, last = first) => ({ first, last })
  const any = span(0, 65_535)
  it.each([
    ['the first rule that matches decides', [{ allow: true, externalPorts: span(80) }], port(80), undefined],
    ['a rule can deny', [{ allow: false, externalPorts: span(3389) }], port(3389), 606],
    ['no rule, no change', [{ allow: true, externalPorts: span(81) }], port(80), 606],
  ])('access.rules: %s', async (_what, rules, externalPort, code) => {
    const { limits } = coreBench()
    const clients = { address: ip('192.168.1.0'), length: 24 }
    const lines = rules.map((rule) => ({ ...rule, clients, internalPorts: any, callers: undefined }))
    const bench = coreBench({ limits: { ...limits, rules: lines } })
    const call = () => bench.answered(bench.iwf.addPortMapping(add({ externalPort }), caller()))
    if (code === undefined) await call()
    else expect(await faultOf(call)).toBe(code)
  })

  it('R6970-6-3: quotas per host and in all count what is still being asked', async () => {
    const { limits } = coreBench()
    const bench = coreBench({ limits: { ...limits, perHost: 2, total: 3 } })
    const put = (n: number, host = HOST) =>
      bench.iwf.addPortMapping(add({ externalPort: port(8000 + n), internalClient: host }), caller(host))
    const three = Promise.allSettled([put(1), put(2), put(3)])
    expect((await bench.answered(three)).map((end) => end.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
    ])
    expect(await faultOf(() => put(4))).toBe(728)
    await bench.answered(put(5, OTHER))
    expect(await faultOf(() => put(6, OTHER))).toBe(728)
  })

  it('R6970-6-3: entries of further remote hosts count too', async () => {
    const { limits } = coreBench()
    const bench = coreBench({ limits: { ...limits, perHost: 2 } })
    const put = (n: number) => bench.iwf.addPortMapping(add({ remoteHost: ip(`198.51.100.${n}`) }), caller())
    await bench.answered(put(1))
    await bench.answered(put(2))
    expect(await faultOf(() => bench.answered(put(3)))).toBe(728)
    await bench.answered(put(2))
    expect(bench.iwf.portMappingNumberOfEntries()).toBe(2)
  })

  it('R6970-6-3: adds faster than the rate are refused, and only for that host', async () => {
    const { limits } = coreBench()
    const bench = coreBench({ limits: { ...limits, addRate: 2, addBurst: 3 } })
    const put = (host = HOST) =>
      bench.iwf.addPortMapping(
        add({ internalClient: host, externalPort: port(host === HOST ? 8080 : 8081) }),
        caller(host),
      )
    for (let i = 0; i < 3; i++) await bench.answered(put())
    expect(await faultOf(() => put())).toBe(728)
    await bench.answered(put(OTHER))
    await bench.clock.advance(500)
    await bench.answered(put())
  })

  it('R6970-6-3: many hosts together are held to a rate of their own', async () => {
    const { limits } = coreBench()
    const bench = coreBench({ limits: { ...limits, totalRate: 2, totalBurst: 3 } })
    const put = (host: number) => {
      const client = ip(`192.168.1.${host}`)
      return bench.iwf.addPortMapping(
        add({ internalClient: client, externalPort: port(8000 + host) }),
        caller(client),
      )
    }
    for (const host of [1, 2, 3]) await bench.answered(put(host))
    expect(await faultOf(() => put(4))).toBe(728)
    await bench.clock.advance(500)
    await bench.answered(put(4))
  })
})
