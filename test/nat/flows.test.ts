import { describe, expect, it } from 'vitest'
import { port } from '../../src/lib/units.ts'
import { FlowsOf } from '../../src/nat/flows.ts'
import { ipv4, rule } from './rules.ts'

const WAN = '100.64.0.2'
const PEER = '198.51.100.9'
const HOST = '192.168.1.10'

/** A line of `conntrack -L`: the first packet as `src:sport>dst:dport`, then the answer. */
function line(protocol: string, original: string, reply: string): string {
  const tuple = (text: string) => {
    const [src = '', sport = '', dst = '', dport = ''] = text.split(/[:>]/)
    return `src=${src} dst=${dst} sport=${sport} dport=${dport}`
  }
  return `${protocol} 17 29 ${tuple(original)} [UNREPLIED] ${tuple(reply)} mark=0 use=1`
}

const found = (lines: readonly string[], rules = [rule()]) => {
  const flows = new FlowsOf(rules)
  for (const text of lines) flows.read(text)
  return flows.found.map((args) => args.join(' '))
}

const INBOUND = line('udp', `${PEER}:7000>${WAN}:50000`, `${HOST}:4000>${PEER}:7000`)
const HAIRPIN = line('udp', `192.168.1.11:7000>203.0.113.7:6000`, `${HOST}:4000>192.168.1.1:7000`)
const OUTBOUND = line('udp', `${HOST}:4000>${PEER}:53`, `${PEER}:53>${WAN}:50000`)

describe('FlowsOf', () => {
  it.each([
    [
      'from the Internet to the WAN port',
      INBOUND,
      '-p udp --reply-src 192.168.1.10 --reply-port-src 4000 --dst-nat --orig-port-dst 50000',
    ],
    [
      'from the LAN to the external address and port',
      HAIRPIN,
      '-p udp --reply-src 192.168.1.10 --reply-port-src 4000 --dst-nat --orig-dst 203.0.113.7 --orig-port-dst 6000',
    ],
    [
      'from the host by the WAN port',
      OUTBOUND,
      '-p udp --orig-src 192.168.1.10 --orig-port-src 4000 --src-nat --reply-port-dst 50000',
    ],
  ])('finds flows %s, once', (_name, flow, expected) => {
    expect(found([flow, flow])).toEqual([expected])
  })

  it.each([
    ['of the other protocol', INBOUND.replace('udp', 'tcp')],
    ['to another WAN port of the same host and port', INBOUND.replace('dport=50000', 'dport=50001')],
    ['to the WAN port when it was another host’s', INBOUND.replace(`src=${HOST}`, 'src=192.168.1.11')],
    [
      'of another host to that port elsewhere',
      line('udp', `192.168.1.11:4000>${PEER}:50000`, `${PEER}:50000>${WAN}:4000`),
    ],
    ['from the host’s port by another WAN port', OUTBOUND.replace('dport=50000', 'dport=1024')],
    ['from another port of the host', OUTBOUND.replace('sport=4000', 'sport=4001')],
    ['to another external address', HAIRPIN.replace('203.0.113.7', '203.0.113.8')],
    ['to another external port', HAIRPIN.replace('dport=6000', 'dport=6001')],
    [
      'of neither TCP nor UDP',
      `icmp 1 29 src=${HOST} dst=${PEER} type=8 code=0 id=1 src=${PEER} dst=${WAN} type=0 code=0 id=1`,
    ],
    ['that are no flows', 'conntrack v1.4.7 (conntrack-tools): 3 flow entries have been shown.'],
  ])('leaves flows %s', (_name, flow) => {
    expect(found([flow])).toEqual([])
  })

  it('leaves untranslated flows, though the host’s port is the WAN port', () => {
    const same = rule({ clientPort: port(50000) })
    const direct = line('udp', `10.9.0.5:7000>${HOST}:50000`, `${HOST}:50000>10.9.0.5:7000`)
    const own = line('udp', `${HOST}:50000>10.9.0.5:7000`, `10.9.0.5:7000>${HOST}:50000`)
    expect(found([direct, own], [same])).toEqual([])
  })

  it('tells the rules of one host and port apart', () => {
    const rules = [
      rule(),
      rule({ wanPort: port(50001), external: undefined }),
      rule({ client: ipv4('192.168.1.11') }),
    ]
    expect(found([INBOUND.replace('dport=50000', 'dport=50001')], rules)).toEqual([
      '-p udp --reply-src 192.168.1.10 --reply-port-src 4000 --dst-nat --orig-port-dst 50001',
    ])
  })
})
