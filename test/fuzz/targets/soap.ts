import { control } from '../../../src/upnp/control.ts'
import { FACADE } from '../../../src/upnp/facade.ts'
import { parseXml } from '../../../src/upnp/xml.ts'
import { ADD, KEY, PEER, RANGE, envelope, fakeGateway, urn, worldOf } from '../../upnp/bench.ts'
import { octets } from '../corpus.ts'
import type { Target } from '../harness.ts'

const SERVICES = [1, 2].flatMap((facade) => Object.values(FACADE[facade === 1 ? 1 : 2]))
const IP1 = urn('WANIPConnection', 1)
const IP2 = urn('WANIPConnection', 2)

const BODIES = [
  envelope(IP1, 'AddPortMapping', ADD),
  envelope(IP2, 'AddAnyPortMapping', ADD),
  envelope(IP1, 'DeletePortMapping', KEY),
  envelope(IP2, 'DeletePortMappingRange', RANGE),
  envelope(IP2, 'GetListOfPortMappings', { ...RANGE, NewNumberOfPorts: '0' }),
  envelope(IP1, 'GetGenericPortMappingEntry', { NewPortMappingIndex: '0' }),
  envelope(IP2, 'GetSpecificPortMappingEntry', KEY),
  envelope('urn:schemas-upnp-org:control-1-0', 'QueryStateVariable', { varName: 'ConnectionStatus' }),
  envelope(urn('Layer3Forwarding', 1), 'GetDefaultConnectionService'),
  envelope(urn('WANCommonInterfaceConfig', 1), 'X_GetICSStatistics'),
]

export const soap: Target = {
  name: 'soap',
  corpus: octets(...BODIES),
  words: [
    '<?xml version="1.0"?>',
    '<!DOCTYPE a [<!ENTITY b "c">]>',
    '&b;',
    '&#x10FFFF;',
    '&#0;',
    ']]>',
    '<![CDATA[',
    '<!--',
    '-->',
    '<?pi?>',
    ' xmlns:u="urn:x"',
    '<u:AddPortMapping>',
    '</s:Body>',
    'xsi:nil="true"',
    '__proto__',
    'constructor',
    '\ufeff',
    'TCP',
    'UDP',
    '192.168.1.10',
  ],
  open: () => {
    const failures: string[] = []
    const ignore = () => undefined
    const log = {
      debug: ignore,
      info: ignore,
      warn: ignore,
      error: (fields: object) => void failures.push(JSON.stringify(fields)),
    }
    const { asked, gateway } = fakeGateway()
    const world = worldOf(gateway)
    let taken = 0
    return {
      take: async (input) => {
        const services = SERVICES[(taken += 1) % SERVICES.length]
        if (!services) return
        const soapAction =
          taken % 3 === 0 ? Buffer.from(input.subarray(0, 300)).toString('latin1') : undefined
        const { body, status } = await control(world, log, { services, soapAction, body: input, peer: PEER })
        asked.length = 0
        if (failures.length > 0) throw new Error(`a bug: ${failures[0] ?? ''}`)
        const parsed = parseXml(Buffer.from(body))
        if (!parsed.ok) throw new Error(`the answer is not well-formed: ${parsed.why}`)
        if (status === 500 && !/<errorCode>[4-7]\d\d</.test(body)) throw new Error(`no error code: ${body}`)
      },
    }
  },
}

export const xml: Target = {
  ...soap,
  name: 'xml',
  open: () => ({
    take: (input) => {
      parseXml(input)
    },
  }),
}
