import { describe, expect, it } from 'vitest'
import { parseAccessRule } from '../../src/config/access-rule.ts'
import type { CoreOptions } from '../../src/core/assemble.ts'
import { Fault } from '../../src/core/fault.ts'
import type { AddRequest } from '../../src/core/types.ts'
import { port } from '../../src/lib/units.ts'
import { FREE, HOST, OTHER, add, caller, coreBench, faultOf, key } from '../support/core-bench.ts'
import { ip } from '../support/fake-carrier.ts'

// access.* as the core applies it (RFC 6970 §6). Rules are read as an operator writes them.

const CONTROLLER = ip('192.168.1.5')

const rulesOf = (...lines: readonly string[]) =>
  lines.map((line) => {
    const rule = parseAccessRule(line)
    if (!rule.ok) throw new Error(rule.why)
    return rule.value
  })

const bench = (lines: readonly string[], over: Partial<CoreOptions> = {}) =>
  coreBench({ limits: { ...FREE, rules: rulesOf(...lines) }, ...over })

type Wanted = Partial<AddRequest>

const codeOf = (call: Promise<unknown>): Promise<number> =>
  call.then(
    () => 200,
    (error: unknown) => (error instanceof Fault ? error.code : 0),
  )

/** The code of AddPortMapping under these rules, 200 for a success. */
async function verdict(lines: readonly string[], wanted: Wanted, by = HOST, version: 1 | 2 = 2) {
  const { answered, iwf } = bench(lines)
  return await codeOf(answered(iwf.addPortMapping(add(wanted), caller(by, version))))
}

const EXTERNAL_80 = { externalPort: port(80) }
const ALL = '0-65535 0.0.0.0/0 0-65535'

describe('R6970-6-1: the first line of access.rules that matches decides', () => {
  it.each<readonly [string, readonly string[], Wanted, number]>([
    ['no line', [], {}, 200],
    ['no line, privileged port', [], EXTERNAL_80, 606],
    ['no line, privileged LAN port', [], { internalPort: port(22) }, 606],
    ['an allow gives privileged ports', ['allow 80 192.168.1.0/24 8080'], EXTERNAL_80, 200],
    ['for its own external ports alone', ['allow 81 192.168.1.0/24 8080'], EXTERNAL_80, 606],
    ['for its own hosts alone', ['allow 80 192.168.1.20 8080'], EXTERNAL_80, 606],
    ['for its own LAN ports alone', ['allow 80 192.168.1.0/24 8081'], EXTERNAL_80, 606],
    ['a deny takes what is free otherwise', [`deny ${ALL}`], {}, 606],
    ['the first wins: allow', ['allow 8080 192.168.1.10 8080', `deny ${ALL}`], {}, 200],
    ['the first wins: deny', [`deny ${ALL}`, 'allow 8080 192.168.1.10 8080'], {}, 606],
    [
      'a deny of one host leaves the others',
      ['deny 0-65535 192.168.1.20 0-65535'],
      { externalPort: port(2000) },
      200,
    ],
  ])('%s', async (_name, lines, wanted, code) => {
    expect(await verdict(lines, wanted)).toBe(code)
  })
})

describe('AddAnyPortMapping without a wish is about any port that the carrier may choose', () => {
  it.each<readonly [string, readonly string[], number]>([
    ['a deny of one port does not meet it', ['deny 5000 0.0.0.0/0 0-65535'], 200],
    ['a deny of all does', [`deny ${ALL}`], 606],
    ['an allow of all unprivileged ports does', ['allow 1024-65535 0.0.0.0/0 0-65535', `deny ${ALL}`], 200],
    ['an allow of some does not', ['allow 5000-6000 0.0.0.0/0 0-65535', `deny ${ALL}`], 606],
  ])('%s', async (_name, lines, code) => {
    const { answered, iwf } = bench(lines)
    const call = answered(iwf.addAnyPortMapping({ ...add(), externalPort: 0 }, caller()))
    expect(await codeOf(call)).toBe(code)
  })
})

describe('access.refusedPorts', () => {
  const refusing = (lines: readonly string[], wanted: Wanted) => {
    const limits = { ...FREE, rules: rulesOf(...lines), refusedPorts: [{ first: 3389, last: 3389 }] }
    const { answered, iwf } = coreBench({ limits })
    return answered(iwf.addPortMapping(add(wanted), caller()))
  }

  it.each([{ externalPort: port(3389) }, { internalPort: port(3389) }])('%j is 606', async (wanted) => {
    expect(await faultOf(() => refusing([], wanted))).toBe(606)
  })

  it('gives way to a rule that allows the port', async () => {
    await refusing(['allow 3389 192.168.1.10 3389'], { externalPort: port(3389), internalPort: port(3389) })
  })

  it('leaves its neighbours alone', async () => {
    await refusing([], { externalPort: port(3390), internalPort: port(3388) })
  })
})

describe('R6970-6-1: another host is mapped for only by whom a line names with "by"', () => {
  const forOther = { internalClient: OTHER }
  const BY = 'allow 1024-65535 192.168.1.0/24 1024-65535 by 192.168.1.5'

  it.each<readonly [string, readonly string[], Wanted, number]>([
    ['no line', [], forOther, 606],
    ['a line of miniupnpd gives no such power', ['allow 0-65535 192.168.1.0/24 0-65535'], forOther, 606],
    ['nor does one for all the world', [`allow ${ALL}`], forOther, 606],
    ['by the controller', [BY], forOther, 200],
    ['within its ports', [BY], { ...forOther, externalPort: port(80) }, 606],
    ['within its hosts', [BY], { internalClient: ip('192.168.2.20') }, 606],
    ['a deny without by is about everybody', ['deny 8080 192.168.1.20 0-65535', BY], forOther, 606],
    [
      'a deny with by is about its callers',
      ['deny 8080 192.168.1.20 0-65535 by 192.168.1.9', BY],
      forOther,
      200,
    ],
    ['for itself, the controller is a host like all', [BY], { internalClient: CONTROLLER }, 200],
    [
      'and more, where the line says so',
      [`allow ${ALL} by 192.168.1.5`],
      { ...EXTERNAL_80, internalClient: CONTROLLER },
      200,
    ],
  ])('%s', async (_name, lines, wanted, code) => {
    expect(await verdict(lines, wanted, CONTROLLER)).toBe(code)
    expect(await verdict(lines, wanted, CONTROLLER, 1)).toBe(code)
  })

  it('and not by anybody else', async () => {
    expect(await verdict([BY], forOther, HOST)).toBe(606)
  })

  it('never for what is no host of a LAN (UPnProxy)', async () => {
    const { iwf } = bench([`allow ${ALL} by 192.168.1.5`], { isLanHost: (address) => address !== '8.8.8.8' })
    const wanted = add({ internalClient: ip('8.8.8.8') })
    expect(await faultOf(() => iwf.addPortMapping(wanted, caller(CONTROLLER)))).toBe(606)
  })

  const range = (manage: boolean) => ({ startPort: 1024, endPort: 65_535, protocol: 'TCP' as const, manage })

  it('what it may map it may also delete, and nothing else of others', async () => {
    const { answered, iwf } = bench(['allow 8000-8999 192.168.1.0/24 1024-65535 by 192.168.1.5'])
    await answered(iwf.addPortMapping(add(), caller()))
    await answered(iwf.addPortMapping(add({ externalPort: port(9000) }), caller()))
    await answered(iwf.deletePortMapping(key(), caller(CONTROLLER)))
    const beyond = () => iwf.deletePortMapping(key({ externalPort: port(9000) }), caller(CONTROLLER))
    expect(await faultOf(beyond)).toBe(606)
  })

  it('R6970-5.8-5: NewManage reaches as far as that, and is nothing for others', async () => {
    const { answered, iwf } = bench(['allow 8000-8999 192.168.1.0/24 1024-65535 by 192.168.1.5'])
    await answered(iwf.addPortMapping(add({ internalClient: OTHER }), caller(OTHER)))
    await answered(iwf.addPortMapping(add({ externalPort: port(9000) }), caller()))
    const seen = (manage: boolean) => iwf.getListOfPortMappings(range(manage), 0, caller(CONTROLLER))
    expect(seen(true).map(({ externalPort }) => externalPort)).toEqual([8080])
    expect(await faultOf(() => seen(false))).toBe(730)
    expect(await faultOf(() => iwf.deletePortMappingRange(range(false), caller(CONTROLLER)))).toBe(606)
    await iwf.deletePortMappingRange(range(true), caller())
    expect(iwf.getGenericPortMappingEntry(0).internalClient).toBe(OTHER)
    await iwf.deletePortMappingRange(range(true), caller(CONTROLLER))
    expect(iwf.portMappingNumberOfEntries()).toBe(0)
  })
})

describe('ranges below port 1024', () => {
  const low = { startPort: 80, endPort: 80, protocol: 'TCP' as const, manage: false }

  it('are for whom a rule gives such ports', async () => {
    const { answered, iwf } = bench(['allow 80 192.168.1.10 8080'])
    await answered(iwf.addPortMapping(add(EXTERNAL_80), caller()))
    expect(await faultOf(() => iwf.deletePortMappingRange(low, caller(OTHER)))).toBe(606)
    await iwf.deletePortMappingRange(low, caller())
    expect(iwf.portMappingNumberOfEntries()).toBe(0)
  })
})
