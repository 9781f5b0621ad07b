import { expect, it } from 'vitest'
import { port } from '../../../src/lib/units.ts'
import { aliveSet, byebyeSet, updateSet } from '../../../src/upnp/ssdp/notify.ts'
import { igdTree } from '../../../src/upnp/ssdp/tree.ts'
import { ipv4 } from './fake-sockets.ts'

const TREE = igdTree(1, { igd: 'uuid:a', wan: 'uuid:b', wanConnection: 'uuid:c' }, '/igd1.xml')
const FACTS = {
  address: ipv4('192.168.1.1'),
  httpPort: port(5000),
  serverHeader: 'Linux/6 UPnP/1.1 igd-pcp/1',
  bootId: 7,
  configId: 3,
}

const IGD = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1'
const COMMON = {
  HOST: '239.255.255.250:1900',
  NT: IGD,
  USN: `uuid:a::${IGD}`,
  'BOOTID.UPNP.ORG': '7',
  'CONFIGID.UPNP.ORG': '3',
}
const LOCATION = 'http://192.168.1.1:5000/igd1.xml'

it.each([
  [
    '§1.2.2 alive',
    aliveSet(TREE, FACTS),
    {
      ...COMMON,
      NTS: 'ssdp:alive',
      LOCATION,
      'CACHE-CONTROL': 'max-age=1800',
      SERVER: 'Linux/6 UPnP/1.1 igd-pcp/1',
      OPT: '"http://schemas.upnp.org/upnp/1/0/"; ns=01',
      '01-NLS': '7',
    },
  ],
  ['§1.2.3 byebye', byebyeSet(TREE, FACTS), { ...COMMON, NTS: 'ssdp:byebye' }],
  [
    '§1.2.4 update',
    updateSet(TREE, FACTS, 8),
    { ...COMMON, NTS: 'ssdp:update', LOCATION, 'NEXTBOOTID.UPNP.ORG': '8' },
  ],
])('UDA 1.1 %s: the headers, SEARCHPORT not among them', (_name, set, headers) => {
  expect(set[0]).toEqual({ method: 'NOTIFY', headers })
})

it.each([
  ['alive', aliveSet(TREE, FACTS)],
  ['byebye', byebyeSet(TREE, FACTS)],
  ['update', updateSet(TREE, FACTS, 8)],
])('UDA 1.1 §1.2.2: %s is said of each thing once, in the order of the tree', (_name, set) => {
  expect(set.map(({ headers }) => [headers['NT'], headers['USN']])).toEqual(
    TREE.advertised.map(({ nt, usn }) => [nt, usn]),
  )
})
