import { describe, expect, it } from 'vitest'
import { reload } from '../../src/commands/reload.ts'
import { loadConfig } from '../../src/config/load.ts'
import { LiveConfig } from '../../src/config/reload.ts'
import { port, seconds } from '../../src/lib/units.ts'
import { add, caller, coreBench, faultOf, FREE, key } from '../support/core-bench.ts'

const load = (more: string) => {
  const text = `lan.interfaces = ["lan0"]\nwan.interface = "wan0"\n${more}`
  return loadConfig({ file: { name: 'r.toml', text }, environment: {}, flags: {} })
}

function bench() {
  const first = load('')
  if (!first.ok) throw new Error('no configuration')
  const live = new LiveConfig(first.value)
  const lines: unknown[] = []
  const line = (fields: object, message: string) => void lines.push([message, fields])
  const log = { debug: line, info: line, warn: line, error: line }
  return { lines, live, log, reload: (more: string) => reload(live, load(more), log) }
}

it('one line says what is taken over and what needs a restart', async () => {
  const { lines, live, reload } = bench()
  await reload('access.total = 7\nhttp.port = 5001\n')
  expect(live.current.access.total).toBe(7)
  expect(live.current.http.port).toBe(5000)
  expect(lines).toEqual([
    ['the configuration is reloaded', { takenOver: ['access.total'], needsRestart: ['http.port'] }],
  ])
})

it('a mistake changes nothing, and each is told with its line', async () => {
  const { lines, live, reload } = bench()
  const before = live.current
  await reload('access.total = 7\nhttp.port = 0\nlog.level = "loud"\n')
  expect(live.current).toBe(before)
  expect(lines).toMatchObject(
    [
      [/going on with the old one/, { problem: /^r\.toml:4: http\.port: must be/ }],
      [/going on with the old one/, { problem: /^r\.toml:5: log\.level: must be/ }],
    ].map((pair) =>
      pair.map((part) =>
        part instanceof RegExp
          ? (expect.stringMatching(part) as string)
          : { problem: expect.stringMatching(part.problem) as string },
      ),
    ),
  )
})

it('says when nothing has changed, and what could not follow', async () => {
  const { lines, live, reload } = bench()
  await reload('')
  live.follow(['metrics.listen'], () => Promise.reject(new Error('metrics.listen: 127.0.0.1:9188 is in use')))
  await reload('metrics.listen = "127.0.0.1:9188"\n')
  expect(lines).toEqual([
    ['the configuration is read again; nothing in it has changed', {}],
    ['the configuration is reloaded', { takenOver: ['metrics.listen'] }],
    ['a setting could not be taken over', { why: 'metrics.listen: 127.0.0.1:9188 is in use' }],
  ])
})

describe('the core goes by new settings at once, and drops no mapping', () => {
  it('limits', async () => {
    const limits = { ...FREE }
    const { answered, iwf } = coreBench({ limits })
    await answered(iwf.addPortMapping(add(), caller()))
    limits.perHost = 1
    expect(iwf.portMappingNumberOfEntries()).toBe(1)
    expect(await faultOf(() => answered(iwf.addPortMapping(add({ protocol: 'UDP' }), caller())))).toBe(728)
  })

  it('rates', async () => {
    const limits = { ...FREE }
    const { answered, iwf } = coreBench({ limits })
    await answered(iwf.addPortMapping(add(), caller()))
    Object.assign(limits, { addRate: 0.1, addBurst: 1 })
    await answered(iwf.addPortMapping(add(), caller()))
    expect(await faultOf(() => answered(iwf.addPortMapping(add(), caller())))).toBe(728)
    Object.assign(limits, { addRate: 1000, addBurst: 1000, totalRate: 0.1, totalBurst: 0.5 })
    expect(await faultOf(() => answered(iwf.addPortMapping(add(), caller())))).toBe(728)
  })

  it('pcp.maxLifetime and pcp.description', async () => {
    const { answered, carrier, iwf, wish } = coreBench()
    await answered(iwf.addPortMapping(add(), caller()))
    wish({ maxLifetime: seconds(600), describes: true })
    await answered(iwf.addPortMapping(add({ externalPort: port(9000), internalPort: port(9000) }), caller()))
    expect(carrier.maps.map(({ description, lifetime }) => [description, lifetime])).toEqual([
      ['', 3600],
      ['web', 600],
    ])
  })

  it('igd.probe', async () => {
    const { carrier, clock, iwf, wish } = coreBench()
    const look = () => faultOf(() => iwf.getSpecificPortMappingEntry(key(), caller()))
    expect(await look()).toBe(714)
    wish({ probe: true })
    expect(await look()).toBe(714)
    await clock.advance(100)
    expect(carrier.maps).toHaveLength(1)
  })
})
