import { describe, expect, it } from 'vitest'
import { ADD, KEY, RANGE, call, codeOf, fieldsOf, outArguments, servicesOf, urn, values } from '../bench.ts'
import { argumentsOf, fits, scpd } from '../scpd.ts'

// Every service description, read as a control point reads it, and every action in it called.

const SERVICES = [
  { file: 'wan-ip-connection-1.xml', service: 'WANIPConnection', facade: 1 },
  { file: 'wan-ip-connection-2.xml', service: 'WANIPConnection', facade: 2 },
  { file: 'wan-common-interface-config.xml', service: 'WANCommonInterfaceConfig', facade: 1 },
  { file: 'wan-common-interface-config.xml', service: 'WANCommonInterfaceConfig', facade: 2 },
  { file: 'layer3-forwarding.xml', service: 'Layer3Forwarding', facade: 1 },
  { file: 'layer3-forwarding.xml', service: 'Layer3Forwarding', facade: 2 },
] as const

const connectionService = (facade: number) =>
  `${values.udns.connectionUdn}:WANConnectionDevice:${facade},urn:upnp-org:serviceId:WANIPConn1`

/** Right arguments of all actions that take some. */
const right = (facade: number): Readonly<Record<string, string>> => ({
  ...ADD,
  ...KEY,
  ...RANGE,
  NewNumberOfPorts: '0',
  NewPortMappingIndex: '0',
  NewConnectionType: 'IP_Routed',
  NewDefaultConnectionService: connectionService(facade),
})

/** What nobody on the LAN may do: UDA 1.0 has no code for it, 1.1 has. */
const FORBIDDEN: ReadonlySet<string> = new Set(['RequestConnection', 'ForceTermination'])

describe.each(SERVICES)('$file in IGD:$facade', ({ file, service, facade }) => {
  const { actions, variables } = scpd(file)
  const [own] = servicesOf(facade, service)
  const version = own.version
  const called = (action: string, args: Readonly<Record<string, string>>) =>
    call(action, { facade, version, service, args })
  const takers = actions.filter((action) => argumentsOf(action, 'in').length > 0)

  it('declares the actions there are', () => {
    expect(actions.map(({ name }) => name).sort()).toEqual([...own.actions.keys()].sort())
  })

  it('declares every variable an argument relates to', () => {
    const related = actions.flatMap(({ argumentList }) => argumentList?.argument ?? [])
    const unknown = related.filter(({ relatedStateVariable: name }) => !variables.has(name))
    expect(unknown).toEqual([])
  })

  it('can read what it declares as evented, and declares what can be read', () => {
    const evented = [...variables.values()].filter(({ sendEvents }) => sendEvents === 'yes')
    expect(evented.filter(({ name }) => !own.state.has(name))).toEqual([])
    expect([...own.state.keys()].filter((name) => !variables.has(name))).toEqual([])
  })

  it.each([...own.state.keys()])('reads %s within its type', async (name) => {
    const { body } = await call('QueryStateVariable', { facade, version, service, args: { varName: name } })
    const variable = variables.get(name)
    expect(variable && fits(fieldsOf(body)['return'] ?? '', variable)).toBe(true)
  })

  it.each(takers.map(({ name }) => name))('%s without arguments is 402', async (name) => {
    expect(codeOf(await called(name, {}))).toBe(402)
  })

  it.each(takers)('$name with wrong arguments is a fault of UDA or of the service', async (action) => {
    const wrong = Object.fromEntries(argumentsOf(action, 'in').map(({ name }) => [name, '-1']))
    expect([402, 601, 720, 731]).toContain(codeOf(await called(action.name, wrong)))
  })

  it.each(actions)('$name with right arguments answers what is declared, in that order', async (action) => {
    const args = Object.fromEntries(
      argumentsOf(action, 'in').map(({ name }) => [name, right(facade)[name] ?? 'unknown argument']),
    )
    const answer = await called(action.name, args)
    if (FORBIDDEN.has(action.name)) {
      expect(codeOf(answer)).toBe(facade === 1 ? 501 : 606)
      return
    }
    const out = outArguments(answer.body, action.name)
    const declared = argumentsOf(action, 'out')
    expect(answer.body).toContain(`<u:${action.name}Response xmlns:u="${urn(service, version)}">`)
    expect([...out.keys()]).toEqual(declared.map(({ name }) => name))
    for (const { name, relatedStateVariable } of declared) {
      const variable = variables.get(relatedStateVariable)
      expect(variable && fits(out.get(name) ?? '', variable), name).toBe(true)
    }
  })
})

it('the :1 description has no :2 action, and nothing else is missing from it', () => {
  const names = (file: string) => scpd(file).actions.map(({ name }) => name)
  const first = new Set(names('wan-ip-connection-1.xml'))
  expect(
    names('wan-ip-connection-2.xml')
      .filter((name) => !first.has(name))
      .sort(),
  ).toEqual(['AddAnyPortMapping', 'DeletePortMappingRange', 'GetListOfPortMappings'])
})

describe('a strict control point must not stop itself before we can answer', () => {
  it.each(['InternalPort', 'ExternalPort', 'PortMappingProtocol', 'RemoteHost', 'ConnectionType'])(
    '%s has no range and no list of values',
    (name) => {
      for (const file of ['wan-ip-connection-1.xml', 'wan-ip-connection-2.xml']) {
        const variable = scpd(file).variables.get(name)
        expect(variable).toBeDefined()
        expect(variable).not.toHaveProperty('allowedValueRange')
        expect(variable).not.toHaveProperty('allowedValueList')
      }
    },
  )

  it('only :2 has a range of leases', () => {
    const lease = (file: string) => scpd(file).variables.get('PortMappingLeaseDuration')?.allowedValueRange
    expect(lease('wan-ip-connection-1.xml')).toBeUndefined()
    expect(lease('wan-ip-connection-2.xml')).toEqual({ minimum: '0', maximum: '604800' })
  })
})
