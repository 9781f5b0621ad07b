import { describe, expect, it } from 'vitest'
import { FAULT_TEXT, Fault, type FaultCode } from '../../src/core/fault.ts'
import type { IgdVersion } from '../../src/core/types.ts'
import { ADD, PEER, call, codeOf, envelope, fakeGateway, fakeLog, fieldsOf, urn, worldOf } from './bench.ts'

const VERSIONS = [1, 2] as const
const TYPE = urn('WANIPConnection', 2)

/** A gateway whose AddPortMapping, Delete… and GetSpecific… end in `code`. */
const refusing = (code: FaultCode) => {
  const refuse = () => Promise.reject(new Fault(code, 'secret reason'))
  return worldOf(
    fakeGateway({
      addPortMapping: refuse,
      addAnyPortMapping: refuse,
      deletePortMapping: refuse,
      getSpecificPortMappingEntry: refuse,
    }).gateway,
  )
}

describe('the version of the called URN decides', () => {
  it.each([
    ['facade 1, :1', 1, 1, 200],
    ['facade 1, :2', 1, 2, 401],
    ['facade 2, :1', 2, 1, 200],
    ['facade 2, :2', 2, 2, 200],
    ['facade 2, :3', 2, 3, 401],
    ['facade 2, :0', 2, 0, 401],
  ] as const)('%s', async (_name, facade, version, code) => {
    expect(codeOf(await call('GetExternalIPAddress', { facade, version }))).toBe(code)
  })

  it.each(['AddAnyPortMapping', 'DeletePortMappingRange', 'GetListOfPortMappings'])(
    '%s is 401 on :1, in both facades',
    async (action) => {
      expect(codeOf(await call(action, { facade: 1, version: 1 }))).toBe(401)
      expect(codeOf(await call(action, { facade: 2, version: 1 }))).toBe(401)
      expect(codeOf(await call(action, { facade: 2, version: 2 }))).toBe(402)
    },
  )

  it.each(VERSIONS)('tells the core that :%d called, and who', async (version) => {
    const { asked, gateway } = fakeGateway()
    await call('AddPortMapping', { version, args: ADD, world: worldOf(gateway) })
    expect(asked).toEqual([['addPortMapping', expect.anything(), { address: PEER, version }]])
  })

  it.each(VERSIONS)('answers in the namespace of :%d', async (version) => {
    const { body } = await call('GetExternalIPAddress', { version })
    expect(body).toContain(`xmlns:u="${urn('WANIPConnection', version)}"`)
  })

  it('believes the body more than SOAPACTION', async () => {
    const { asked, gateway } = fakeGateway()
    const soapAction = `"${urn('WANIPConnection', 2)}#AddPortMapping"`
    await call('AddPortMapping', { version: 1, soapAction, args: ADD, world: worldOf(gateway) })
    expect(asked[0]?.[2]).toEqual({ address: PEER, version: 1 })
  })
})

describe('RFC 6970 §4.3: what the core refuses, in the words of the called version', () => {
  it.each([
    [606, 'AddPortMapping', 718, 606],
    [606, 'DeletePortMapping', 714, 606],
    [606, 'GetSpecificPortMappingEntry', 714, 606],
    [718, 'AddPortMapping', 718, 718],
    [718, 'AddAnyPortMapping', 401, 728],
    [728, 'AddPortMapping', 501, 728],
    [729, 'AddPortMapping', 718, 729],
    [714, 'DeletePortMapping', 714, 714],
    [501, 'AddPortMapping', 501, 501],
  ] as const)('%d from %s is %d on :1 and %d on :2', async (code, action, first, second) => {
    const world = refusing(code)
    expect(codeOf(await call(action, { version: 1, args: ADD, world }))).toBe(first)
    expect(codeOf(await call(action, { version: 2, args: ADD, world }))).toBe(second)
  })

  it.each([
    ['InternalPort 0', 402, 732, { NewInternalPort: '0' }],
    ['InternalClient empty', 402, 715, { NewInternalClient: '' }],
    ['a protocol that is none', 402, 601, { NewProtocol: 'SCTP' }],
    ['a RemoteHost that is a name', 402, 600, { NewRemoteHost: 'example.com' }],
    ['ExternalPort 0', 716, 716, { NewExternalPort: '0' }],
    ['NewEnabled 0', 501, 501, { NewEnabled: '0' }],
  ] as const)(
    '%s is %d on :1 and %d on :2, and the core is not asked',
    async (_name, first, second, wrong) => {
      const { asked, gateway } = fakeGateway()
      const args = { ...ADD, ...wrong }
      const answers = await Promise.all(
        VERSIONS.map((version) => call('AddPortMapping', { version, args, world: worldOf(gateway) })),
      )
      expect(answers.map(codeOf)).toEqual([first, second])
      expect(asked).toEqual([])
    },
  )

  it('sends the text of the code, and never the reason', async () => {
    const { body, status } = await call('AddPortMapping', { args: ADD, world: refusing(718) })
    expect(status).toBe(500)
    expect(fieldsOf(body)['errorDescription']).toBe(FAULT_TEXT[718])
    expect(body).not.toContain('secret')
  })
})

describe('§4.2: how a call names what it wants', () => {
  const body = envelope(TYPE, 'GetExternalIPAddress')
  const bare = '<Envelope><Body><GetExternalIPAddress/></Body></Envelope>'
  const right = `"${TYPE}#GetExternalIPAddress"`

  it.each([
    ['header and body', body, right, 200],
    ['body alone', body, undefined, 200],
    ['header alone', bare, right, 200],
    ['neither', bare, undefined, 200],
    ['header in single quotes', bare, `'${TYPE}#GetExternalIPAddress'`, 200],
    ['a lone quote', body, '"', 200],
    ['an opening quote', body, `"${TYPE}#GetExternalIPAddress`, 200],
    ['a header of another service', body, `"${urn('Layer3Forwarding', 1)}#GetExternalIPAddress"`, 401],
    ['a header of another action', body, `"${TYPE}#GetStatusInfo"`, 401],
    [
      'a body of another service',
      envelope(urn('Layer3Forwarding', 1), 'GetExternalIPAddress'),
      undefined,
      401,
    ],
    ['a body of no service', envelope('urn:x', 'GetExternalIPAddress'), undefined, 401],
    ['an unknown action', envelope(TYPE, 'Reboot'), undefined, 401],
    ['an action every object has', envelope(TYPE, 'toString'), undefined, 401],
    ['wrong case', envelope(TYPE, 'getexternalipaddress'), undefined, 401],
    ['no body', '', right, 402],
  ])('%s', async (_name, document, soapAction, code) => {
    expect(codeOf(await call('GetExternalIPAddress', { body: document, soapAction }))).toBe(code)
  })

  it('G24: nothing of what is wrong comes back', async () => {
    const soapAction = '"urn:x"><evil>#Evil<x>"'
    const hostile = envelope('urn:evil', 'Evil')
    const { body: answer } = await call('Evil', { body: hostile, soapAction })
    expect(answer.toLowerCase()).not.toContain('evil')
  })

  it('takes the arguments in any order, unknown ones too', async () => {
    const { asked, gateway } = fakeGateway()
    const args = Object.fromEntries([...Object.entries(ADD).reverse(), ['NewColour', 'red']])
    await call('AddPortMapping', { args, world: worldOf(gateway) })
    expect(asked[0]?.[1]).toMatchObject({ externalPort: 8080, internalPort: 8000 })
  })
})

describe('QueryStateVariable (UDA 1.0 §3.3)', () => {
  const query = (name: string, over: { facade?: IgdVersion } = {}) =>
    call('QueryStateVariable', {
      ...over,
      body: envelope('urn:schemas-upnp-org:control-1-0', 'QueryStateVariable', { varName: name }),
      soapAction: '"urn:schemas-upnp-org:control-1-0#QueryStateVariable"',
    })

  it('G25: ConnectionStatus', async () => {
    const { body } = await query('ConnectionStatus')
    expect(fieldsOf(body)['return']).toBe('Connected')
    expect(body).toContain('<u:QueryStateVariableResponse xmlns:u="urn:schemas-upnp-org:control-1-0">')
  })

  it.each(['', 'Nothing', 'constructor', 'RemoteHost'])('404 for %j', async (name) => {
    expect(codeOf(await query(name))).toBe(404)
  })

  it('knows SystemUpdateID on :2 alone', async () => {
    expect(codeOf(await query('SystemUpdateID', { facade: 1 }))).toBe(404)
    expect(fieldsOf((await query('SystemUpdateID', { facade: 2 })).body)['return']).toBe('17')
  })
})

describe('the log', () => {
  it('has one line for a call', async () => {
    const log = fakeLog()
    await call('GetStatusInfo', { log })
    expect(log.lines).toEqual([
      { level: 'debug', fields: { host: PEER, action: 'GetStatusInfo' }, message: 'control: done' },
    ])
  })

  it('says by itself who asks for a port in a way that makes no sense', async () => {
    const log = fakeLog()
    await call('AddPortMapping', { args: { ...ADD, NewProtocol: 'SCTP' }, log })
    const why = 'NewProtocol is neither TCP nor UDP'
    const fields = { host: PEER, action: 'AddPortMapping', error: 601, why }
    expect(log.lines).toEqual([{ level: 'info', fields, message: 'a request for a port makes no sense' }])
  })

  it('has the reason of a fault', async () => {
    const log = fakeLog()
    await call('AddPortMapping', { args: ADD, log, world: refusing(718) })
    const fields = { host: PEER, action: 'AddPortMapping', error: 718, why: 'secret reason' }
    expect(log.lines).toEqual([{ level: 'debug', fields, message: 'control: refused' }])
  })

  it('cuts the name of an action that is none', async () => {
    const log = fakeLog()
    await call('A'.repeat(10_000), { log })
    expect(JSON.stringify(log.lines).length).toBeLessThan(300)
  })

  it('has an error for what is no fault, which is answered 501', async () => {
    const log = fakeLog()
    const gateway = fakeGateway({
      externalIpAddress: () => {
        throw new TypeError('a bug')
      },
    }).gateway
    const answer = await call('GetExternalIPAddress', { log, world: worldOf(gateway) })
    expect(codeOf(answer)).toBe(501)
    expect(answer.body).not.toContain('a bug')
    expect(log.lines.map(({ level }) => level)).toEqual(['error', 'debug'])
    expect(JSON.stringify(log.lines[0])).toContain('a bug')
  })
})
