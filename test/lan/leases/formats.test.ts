import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatOf } from '../../../src/lan/leases/format.ts'

/** What these servers wrote: dnsmasq 2.89, Kea 2.2 and dhcpd 4.4 of Debian 12, and odhcpd as its source has it. */
const DNSMASQ = `1795351575 ae:d6:31:43:8c:c3 100.64.9.55 mypc 01:ae:d6:31:43:8c:c3
0 02:00:00:00:00:0B 100.64.9.56 * *
1795351575 20-00:01:02:03:04:05:06:07 100.64.9.57 printer *
duid 00:01:00:01:30:b6:2e:93:02:fc:00:00:00:05
1795351575 3544321 2001:db8::15 mypc 00:01:00:01:30:b6:2e:93
1795351575 T3544321 2001:db8::16 * 00:01:00:01:30:b6:2e:93
`
const ODHCPD = `# br-lan ae:d6:31:43:8c:c3 ipv4 host 1795351575 6440093c 32 100.64.9.60/32
100.64.9.60\thost.lan\thost
# br-lan 2:0:0:0:0:b ipv4 - -1 6440093d 32 100.64.9.61/32
# br-lan 02000000000c ipv4 broken\\x20a\\x20b 1795351575 6440093e 32 100.64.9.62/32
# br-lan 2:0:0:0:0:d ipv4 offered 1795351575 6440093f 32
# br-lan 00010001ab 3544321 host 1795351575 15 128 2001:db8::15/128
2001:db8::15\thost
`
const KEA_HEADER =
  'address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n'
const KEA = `${KEA_HEADER}100.64.9.70,ae:d6:31:43:8c:c3,01:ae:d6:31:43:8c:c3,3600,1795351575,1,0,0,mypc,0,
100.64.9.71,02:00:00:00:00:0b,,3600,1795351575,1,0,0,a&#x2cb,0,
100.64.9.72,,01:02:03,4294967295,1795351575,1,0,0,,0,
100.64.9.73,02:00:00:00:00:0d,,3600,1795351575,1,0,0,,1,
100.64.9.74,02:00:00:00:00:0e,,3600,1795351575,1,0,0,,0,
100.64.9.75,02:00:00:00:00:0f,,3600,1795351575,1,0,0,,0,
100.64.9.71,02:00:00:00:00:0b,,0,1795351575,1,0,0,,0,
100.64.9.74,02:00:00:00:00:0e,,3600,1795351575,1,0,0,,2,
100.64.9.75,02:00:00:00:00:10,,3600,1795351575,1,0,0,,0,
`
const ISC = `# The format of this file is documented in the dhcpd.leases(5) manual page.
# This lease file was written by isc-dhcp-4.4.3-P1

# authoring-byte-order entry is generated, DO NOT DELETE
authoring-byte-order little-endian;

lease 100.64.9.80 {
  starts 3 2026/11/25 10:00:00;
  ends 3 2026/11/25 11:00:00;
  cltt 3 2026/11/25 10:00:00;
  binding state active;
  next binding state free;
  rewind binding state free;
  hardware ethernet ae:d6:31:43:8c:c3;
  uid "\\001\\256\\3261C\\214\\303";
  client-hostname "a } binding state free;";
}
server-duid "\\000\\001\\000\\001";

lease 100.64.9.81 {
  binding state active;
  hardware ethernet 02:00:00:00:00:0b;
}
lease 100.64.9.82 {
  binding state abandoned;
}
lease 100.64.9.81 {
  binding state free;
  hardware ethernet 02:00:00:00:00:0b;
}
`

const read = (text: string) => {
  const format = formatOf(text)
  if (!format) throw new Error('no lease file')
  const { leases, unreadable } = format.read(text)
  return { server: format.server, leases: [...leases], unreadable }
}

it.each([
  [
    'dnsmasq',
    DNSMASQ,
    [
      ['100.64.9.55', 'ae:d6:31:43:8c:c3'],
      ['100.64.9.56', '02:00:00:00:00:0b'],
      ['100.64.9.57', undefined],
    ],
  ],
  [
    'odhcpd',
    ODHCPD,
    [
      ['100.64.9.60', 'ae:d6:31:43:8c:c3'],
      ['100.64.9.61', '02:00:00:00:00:0b'],
      ['100.64.9.62', '02:00:00:00:00:0c'],
    ],
  ],
  [
    'Kea',
    KEA,
    [
      ['100.64.9.70', 'ae:d6:31:43:8c:c3'],
      ['100.64.9.72', undefined],
      ['100.64.9.75', '02:00:00:00:00:10'],
    ],
  ],
  ['ISC dhcpd', ISC, [['100.64.9.80', 'ae:d6:31:43:8c:c3']]],
])('%s: what is leased, and to whom', (server, text, leases) => {
  expect(read(text)).toEqual({ server, leases, unreadable: 0 })
})

it.each([
  ['dnsmasq', DNSMASQ],
  ['odhcpd', ODHCPD],
  ['Kea', KEA],
  ['ISC dhcpd', ISC],
])('%s: a file that is cut off anywhere never makes up a lease', (_server, text) => {
  const whole = new Map(read(text).leases)
  const released = new Set(['100.64.9.71', '100.64.9.74', '100.64.9.75', '100.64.9.81'])
  for (let end = 0; end < text.length; end++) {
    const part = text.slice(0, end)
    for (const [address, mac] of formatOf(part)?.read(part).leases ?? [])
      if (!released.has(address)) expect([address, mac]).toEqual([address, whole.get(address)])
  }
})

describe('lines that cannot be read are counted and left out', () => {
  it.each([
    ['dnsmasq', `${DNSMASQ}1795351575 ae:d6:31:43:8c:c3 nowhere mypc *\n1795351575 ae\n`, 2],
    ['odhcpd', `${ODHCPD}# br-lan\n`, 1],
    ['Kea', `${KEA}100.64.9.300,,,3600,1,1,0,0,,0,\n100.64.9.76,02:00:00:00:00:0b\n`, 2],
    ['ISC dhcpd', `${ISC}lease 100.64.9.300 {\n  binding state active;\n}\n`, 1],
  ])('%s', (_server, text, expected) => {
    expect(read(text).unreadable).toBe(expected)
  })
})

it.each(['', '\n\n', 'no line end'])('%j holds nothing, and is no mistake', (text) => {
  expect(read(text)).toMatchObject({ leases: [], unreadable: 0 })
})

it.each(['hello world\n', '{"leases": []}\n', '127.0.0.1 localhost\n', `#!/bin/sh\necho\n`, 'address\n'])(
  '%j is no lease file',
  (text) => {
    expect(formatOf(text)).toBeUndefined()
  },
)

it('whatever the bytes, nothing is thrown', () => {
  const line = fc.oneof(fc.string(), fc.constantFrom(...`${DNSMASQ}${ODHCPD}${KEA}${ISC}`.split('\n')))
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const text = lines.join('\n')
      formatOf(text)?.read(text)
    }),
  )
})
