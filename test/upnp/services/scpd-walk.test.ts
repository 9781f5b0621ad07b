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

/** What is no value of a type, whatever the argument. An empty lease is 0, so empty is not here. */
const WRONG: Readonly<Record<string, readonly string[]>> = {
  ui2: ['-1', 'abc', '80abc', '0x50', '1.5', '65536'],
  ui4: ['-1', 'abc', '1e3', '4294967296'],
  boolean: ['', '2', 'maybe'],
}

/** The columns of entries, and arguments that belong to no variable. */
const TYPES_ALONE: ReadonlySet<string> = new Set([
  'PortMappingEnabled',
  'PortMappingLeaseDuration',
  'RemoteHost',
  'ExternalPort',
  'InternalPort',
  'PortMappingProtocol',
  'InternalClient',
  'PortMappingDescription',
  'A_ARG_TYPE_Manage',
  'A_ARG_TYPE_PortListing',
])

const without = (args: Readonly<Record<string, string>>, name: string) =>
  Object.fromEntries(Object.entries(args).filter(([key]) => key !== name))

/** What nobody on the LAN may do: UDA 1.0 has no code for it, 1.1 has. */
const FORBIDDEN: ReadonlySet<string> = new Set(['RequestConnection', 'ForceTermination'])

describe.each(SERVICES)('$file in IGD:$facade', ({ file, service, facade }) => {
  const { actions, variables } = scpd(file)
  const [own] = servicesOf(facade, service)
  const version = own.version
  const called = (action: string, args: Readonly<Record<string, string>>) =>
    call(action, { facade, version, service, args })
  const rightOf = (name: string): string => right(facade)[name] ?? 'unknown argument'
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

  it('has no value for what only gives arguments their types: 404', async () => {
    const silent = [...variables.keys()].filter((name) => !own.state.has(name))
    expect(silent.filter((name) => !TYPES_ALONE.has(name))).toEqual([])
    for (const varName of silent) {
      const answer = await call('QueryStateVariable', { facade, version, service, args: { varName } })
      expect(codeOf(answer), varName).toBe(404)
    }
  })

  it('has every name once, and vendor names with X_', () => {
    const names = [...actions.map(({ name }) => name), ...scpd(file).names]
    expect(names.filter((name) => !/^(?:X_)?[A-Za-z][A-Za-z0-9_]{0,31}$/.test(name))).toEqual([])
    expect(new Set(actions.map(({ name }) => name)).size).toBe(actions.length)
    expect(new Set(scpd(file).names).size).toBe(scpd(file).names.length)
    for (const action of actions) {
      const args = [...argumentsOf(action, 'in'), ...argumentsOf(action, 'out')]
      expect(action.argumentList?.argument ?? [], action.name).toEqual(args)
      expect(new Set(args.map(({ name }) => name)).size, action.name).toBe(args.length)
    }
  })

  const each = takers.flatMap((action) =>
    argumentsOf(action, 'in').map(
      ({ name, relatedStateVariable }) =>
        [
          action.name,
          name,
          variables.get(relatedStateVariable)?.dataType ?? '',
          Object.fromEntries(
            argumentsOf(action, 'in').map((argument) => [argument.name, rightOf(argument.name)]),
          ),
        ] as const,
    ),
  )
  const mandatory = each.filter(([, name]) => name !== 'NewPortMappingDescription')

  it.each(mandatory)('%s without %s is 402', async (action, name, _type, args) => {
    expect(codeOf(await called(action, without(args, name)))).toBe(402)
  })

  it.each(each.filter(([, , type]) => type in WRONG))(
    '%s with %s that is no %s is 402',
    async (action, name, type, args) => {
      for (const wrong of WRONG[type] ?? [])
        expect(codeOf(await called(action, { ...args, [name]: wrong })), wrong).toBe(402)
    },
  )

  it.each(takers.map(({ name }) => name))('%s without arguments is 402', async (name) => {
    expect(codeOf(await called(name, {}))).toBe(402)
  })

  it.each(takers)('$name with wrong arguments is a fault of UDA or of the service', async (action) => {
    const wrong = Object.fromEntries(argumentsOf(action, 'in').map(({ name }) => [name, '-1']))
    expect([402, 601, 720, 731]).toContain(codeOf(await called(action.name, wrong)))
  })

  it.each(actions)('$name with right arguments answers what is declared, in that order', async (action) => {
    const args = Object.fromEntries(argumentsOf(action, 'in').map(({ name }) => [name, rightOf(name)]))
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
