import { expect, it } from 'vitest'
import { reload } from '../../src/commands/reload.ts'
import { loadConfig } from '../../src/config/load.ts'
import { add, caller, coreBench, faultOf, FREE } from '../support/core-bench.ts'

const load = (more: string) => {
  const text = `lan.interfaces = ["lan0"]\nwan.interface = "wan0"\n${more}`
  return loadConfig({ file: { name: 'r.toml', text }, environment: {}, flags: {} })
}

function bench() {
  const first = load('')
  if (!first.ok) throw new Error('no configuration')
  const live = { current: first.value }
  const lines: unknown[] = []
  const line = (fields: object, message: string) => void lines.push([message, fields])
  const log = { debug: line, info: line, warn: line, error: line }
  return { lines, live, log, reload: (more: string) => reload(live, load(more), log) }
}

it('one line says what is taken over and what needs a restart', () => {
  const { lines, live, reload } = bench()
  reload('access.total = 7\nhttp.port = 5001\n')
  expect(live.current.access.total).toBe(7)
  expect(live.current.http.port).toBe(5000)
  expect(lines).toEqual([
    ['the configuration is reloaded', { takenOver: ['access.total'], needsRestart: ['http.port'] }],
  ])
})

it('a mistake changes nothing, and each is told with its line', () => {
  const { lines, live, reload } = bench()
  const before = live.current
  reload('access.total = 7\nhttp.port = 0\nlog.level = "loud"\n')
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

it('the core goes by the new limits at once, and no mapping is dropped', async () => {
  const limits = { ...FREE }
  const { answered, iwf } = coreBench({ limits })
  await answered(iwf.addPortMapping(add(), caller()))
  limits.perHost = 1
  const more = add({ externalPort: add().internalPort })
  expect(iwf.portMappingNumberOfEntries()).toBe(1)
  expect(await faultOf(() => answered(iwf.addPortMapping({ ...more, protocol: 'UDP' }, caller())))).toBe(728)
})
