import { formatOf } from '../../../src/lan/leases/format.ts'
import { isIpv4 } from '../../../src/lib/ip.ts'
import { octets } from '../corpus.ts'
import type { Target } from '../harness.ts'

const DNSMASQ = `1795351575 ae:d6:31:43:8c:c3 192.168.1.55 mypc 01:ae:d6:31:43:8c:c3
duid 00:01:00:01:30:b6
1795351575 3544321 2001:db8::15 mypc 00:01
`
const ODHCPD = `# br-lan ae:d6:31:43:8c:c3 ipv4 host 1795351575 6440093c 32 192.168.1.60/32
192.168.1.60\thost.lan\thost
# br-lan 00010001ab 3544321 host 1795351575 15 128 2001:db8::15/128
`
const KEA = `address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context
192.168.1.70,ae:d6:31:43:8c:c3,,3600,1795351575,1,0,0,a&#x2cb,0,
`
const ISC = `authoring-byte-order little-endian;
lease 192.168.1.80 {
  binding state active;
  hardware ethernet ae:d6:31:43:8c:c3;
  client-hostname "a } binding state free;";
}
`

/** Lease files hold names that LAN hosts give themselves. */
export const leases: Target = {
  name: 'leases',
  corpus: octets(DNSMASQ, ODHCPD, KEA, ISC),
  words: [
    'lease 192.168.1.80 {\n',
    '}\n',
    'duid ',
    '# br-lan ',
    ' ipv4 ',
    ',0,',
    '\n',
    '\t',
    '/32',
    '"',
    '*',
  ],
  open: () => ({
    take: (input) => {
      const text = Buffer.from(input).toString('latin1')
      for (const [address] of formatOf(text)?.read(text).leases ?? [])
        if (!isIpv4(address)) throw new Error('a lease of an address that is not IPv4')
    },
  }),
}
