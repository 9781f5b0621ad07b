import { expect, it } from 'vitest'
import { port, seconds } from '../../../src/lib/units.ts'
import { answersTo } from '../../../src/upnp/ssdp/answer.ts'
import { igdTree } from '../../../src/upnp/ssdp/tree.ts'
import { ipv4 } from './fake-sockets.ts'

const UDNS = { igd: 'uuid:a', wan: 'uuid:b', wanConnection: 'uuid:c' }
const IGD1 = igdTree(1, UDNS, '/igd1.xml')
const IGD2 = igdTree(2, UDNS, '/igd2.xml')
const FACTS = {
  address: ipv4('192.168.1.1'),
  httpPort: port(5000),
  serverHeader: 'Linux/6 UPnP/1.1 igd-pcp/1',
  bootId: 7,
  configId: 3,
}
const DATE = new Date('2026-05-04T03:02:01Z')

const answers = (target: string, announced: 1 | 2 = 1) =>
  answersTo({ target, mx: seconds(1) }, announced === 1 ? [IGD1, IGD2] : [IGD2, IGD1], FACTS, DATE)
const described = (target: string, announced: 1 | 2 = 1) =>
  answers(target, announced).map(({ headers }) => `${headers['ST'] ?? ''} ${headers['LOCATION'] ?? ''}`)

const urn = (type: string) => `urn:schemas-upnp-org:${type}`
const AT1 = 'http://192.168.1.1:5000/igd1.xml'
const AT2 = 'http://192.168.1.1:5000/igd2.xml'

it.each([
  [urn('device:InternetGatewayDevice:1'), AT1],
  [urn('device:InternetGatewayDevice:2'), AT2],
  [urn('device:WANDevice:1'), AT1],
  [urn('device:WANDevice:2'), AT2],
  [urn('device:WANConnectionDevice:1'), AT1],
  [urn('device:WANConnectionDevice:2'), AT2],
  [urn('service:WANIPConnection:1'), AT1],
  [urn('service:WANIPConnection:2'), AT2],
  [urn('service:WANPPPConnection:1'), AT1],
])('G18: %s is answered as asked, with %s, whatever is announced', (target, location) => {
  expect(described(target, 1)).toEqual([`${target} ${location}`])
  expect(described(target, 2)).toEqual([`${target} ${location}`])
})

it.each([
  urn('service:Layer3Forwarding:1'),
  urn('service:WANCommonInterfaceConfig:1'),
  'upnp:rootdevice',
  'uuid:a',
  'uuid:b',
  'uuid:c',
])('G18: %s, which both facades have, is answered with the announced one', (target) => {
  expect(described(target, 1)).toEqual([`${target} ${AT1}`])
  expect(described(target, 2)).toEqual([`${target} ${AT2}`])
})

it.each([
  urn('device:InternetGatewayDevice:3'),
  urn('device:InternetGatewayDevice:0'),
  urn('device:InternetGatewayDevice:'),
  urn('device:InternetGatewayDevice'),
  urn('device:MediaServer:1'),
  urn('service:WANPPPConnection:2'),
  urn('service:Layer3Forwarding:2'),
  'uuid:d',
  'ssdp:al',
  '*',
  '(',
  '__proto__',
])('G18 G19: %s is met with silence', (target) => {
  expect(answers(target)).toEqual([])
})

it.each([
  [1, IGD1, AT1],
  [2, IGD2, AT2],
] as const)('G18: ssdp:all has each thing of IGD:%d once, IGD first', (announced, tree, location) => {
  expect(described('ssdp:all', announced)).toEqual(tree.advertised.map(({ nt }) => `${nt} ${location}`))
  expect(described('ssdp:all', announced)[0]).toContain('InternetGatewayDevice')
})

it.each(['UPnP:rootdevice', 'UUID:A', urn('DEVICE:InternetGatewayDevice:1')])(
  'the case of %s is let pass, and ST repeats it letter by letter',
  (target) => {
    expect(answers(target).map(({ headers }) => headers['ST'])).toEqual([target])
  },
)

it('UDA 1.1 §1.3.3: the headers of an answer', () => {
  expect(answers(urn('device:InternetGatewayDevice:2'))).toEqual([
    {
      method: '200 OK',
      headers: {
        'CACHE-CONTROL': 'max-age=1800',
        DATE: 'Mon, 04 May 2026 03:02:01 GMT',
        EXT: '',
        LOCATION: AT2,
        OPT: '"http://schemas.upnp.org/upnp/1/0/"; ns=01',
        '01-NLS': '7',
        SERVER: 'Linux/6 UPnP/1.1 igd-pcp/1',
        ST: urn('device:InternetGatewayDevice:2'),
        USN: `uuid:a::${urn('device:InternetGatewayDevice:2')}`,
        'BOOTID.UPNP.ORG': '7',
        'CONFIGID.UPNP.ORG': '3',
      },
    },
  ])
})
