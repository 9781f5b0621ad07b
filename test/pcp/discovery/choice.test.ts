import { describe, expect, it } from 'vitest'
import { parsePrefix } from '../../../src/lib/ip.ts'
import { choose, type Choice, type Sources, withoutLocal } from '../../../src/pcp/discovery/choice.ts'
import { ip } from '../literals.ts'

const ALL: Sources = {
  configured: [{ address: ip('192.0.2.1'), port: 5352 }],
  dhcp: [[ip('198.51.100.1')], [ip('198.51.100.2')]],
  routers: [ip('100.64.0.1'), ip('fe80::1')],
  anycast: true,
  wan: 'eth0',
}

const text = ({ source, servers, guesses }: Choice) => ({
  source,
  servers: servers.map((server) =>
    server.map(({ address, port, zone }) => `${address} ${port} ${zone ?? ''}`.trim()),
  ),
  guesses: guesses.map((server) => server.map(({ address }) => address)),
})

describe('RFC 6887 §8.1: which servers are asked', () => {
  it.each<[string, Partial<Sources>, object]>([
    ['what is configured', {}, { source: 'static', servers: [['192.0.2.1 5352']], guesses: [] }],
    [
      'else what DHCP names, each list a server',
      { configured: [] },
      { source: 'dhcp', servers: [['198.51.100.1 5351'], ['198.51.100.2 5351']], guesses: [] },
    ],
    [
      'else the default routers of both families, anycast after them',
      { configured: [], dhcp: [] },
      {
        source: 'default-router',
        servers: [['100.64.0.1 5351'], ['fe80::1 5351 eth0']],
        guesses: [['192.0.0.9'], ['2001:1::1']],
      },
    ],
    [
      'else anycast alone',
      { configured: [], dhcp: [], routers: [] },
      { source: 'anycast', servers: [], guesses: [['192.0.0.9'], ['2001:1::1']] },
    ],
    [
      'else nobody',
      { configured: [], dhcp: [], routers: [], anycast: false },
      { source: 'nowhere', servers: [], guesses: [] },
    ],
  ])('R6970-5.1-1 C-8.1-1 S7723-2-1: %s', (_what, sources, choice) => {
    expect(text(choose({ ...ALL, ...sources }))).toEqual(choice)
  })

  it('S7488-3-1: the IPv4 addresses of a server first, in their order', () => {
    const dhcp = [[ip('2001:db8::1'), ip('192.0.2.2'), ip('2001:db8::2'), ip('192.0.2.1')]]
    expect(text(choose({ ...ALL, configured: [], dhcp })).servers).toEqual([
      ['192.0.2.2 5351', '192.0.2.1 5351', '2001:db8::1 5351', '2001:db8::2 5351'],
    ])
  })

  it('a link-local address of the operator is on the WAN too', () => {
    const configured = [{ address: ip('fe80::9'), port: 5351 }]
    expect(text(choose({ ...ALL, configured })).servers).toEqual([['fe80::9 5351 eth0']])
  })

  it('S7723-2-1: packets to the anycast addresses do not travel far', () => {
    const { guesses } = choose({ ...ALL, configured: [], dhcp: [] })
    expect(guesses.flat().map(({ hops }) => hops)).toEqual([16, 16])
  })
})

it('D7291-3: servers on a LAN are refused, the rest of their list is not', () => {
  const lan = parsePrefix('192.168.1.0/24')
  const servers = [[ip('192.168.1.66'), ip('192.0.2.1')], [ip('192.168.1.67')]]
  expect(withoutLocal(servers, lan ? [lan] : [])).toEqual({
    taken: [[ip('192.0.2.1')]],
    refused: [ip('192.168.1.66'), ip('192.168.1.67')],
  })
})
