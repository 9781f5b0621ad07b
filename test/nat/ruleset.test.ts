import { describe, expect, it } from 'vitest'
import { ruleset } from '../../src/nat/ruleset.ts'
import { ipv4, OPTIONS } from './rules.ts'

/** The lines of a chain. */
function chain(script: string, name: string): string[] {
  const [, body = ''] = new RegExp(`\\tchain ${name} {\\n(.*?)\\t}\\n`, 's').exec(script) ?? []
  return body
    .split('\n')
    .map((line) => line.trim())
    .slice(0, -1)
}

describe('ruleset', () => {
  it('replaces our table and touches no other', () => {
    expect(ruleset(OPTIONS)).toMatchInlineSnapshot(`
      "table ip igd_pcp
      delete table ip igd_pcp
      table ip igd_pcp {
      	map inbound {
      		type inet_proto . inet_service : ipv4_addr . inet_service
      		flags timeout
      	}
      	map outbound {
      		type inet_proto . ipv4_addr . inet_service : inet_service
      		flags timeout
      	}
      	map hairpin {
      		type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service
      		flags timeout
      	}
      	set hairpinned {
      		type inet_proto . ipv4_addr . inet_service
      		flags timeout
      	}
      	set filtered {
      		type inet_proto . inet_service
      		flags timeout
      	}
      	set peers {
      		type inet_proto . inet_service . ipv4_addr
      		flags timeout
      	}
      	set searching {
      		type ether_addr
      		size 1024
      		flags dynamic,timeout
      		timeout 10s
      	}
      	set calling {
      		type ether_addr
      		size 1024
      		flags dynamic,timeout
      		timeout 10s
      	}
      	set answering {
      		type ether_addr
      		size 1024
      		flags dynamic,timeout
      		timeout 10s
      	}
      	chain remote_host {
      		type filter hook prerouting priority mangle; policy accept;
      		iifname "eth1" fib daddr . iif type local ct state new meta l4proto . th dport @filtered meta l4proto . th dport . ip saddr != @peers drop
      	}
      	chain prerouting {
      		type nat hook prerouting priority dstnat - 1; policy accept;
      		iifname "eth1" fib daddr . iif type local dnat ip to meta l4proto . th dport map @inbound
      		iifname { "br-lan" } dnat ip to meta l4proto . ip daddr . th dport map @hairpin
      	}
      	chain postrouting {
      		type nat hook postrouting priority srcnat - 1; policy accept;
      		oifname { "br-lan" } ip saddr { 192.168.1.0/24 } ct status dnat meta l4proto . ip daddr . th dport @hairpinned masquerade
      		oifname != "eth1" accept
      		fib saddr type local udp dport 5351 snat to ip saddr
      		meta l4proto { tcp, udp } masquerade to :meta l4proto . ip saddr . th sport map @outbound
      		ip saddr { 192.168.1.0/24 } meta l4proto { tcp, udp } th sport 1024-57343 masquerade to :1024-49151
      		ip saddr { 192.168.1.0/24 } meta l4proto { tcp, udp } th sport 57344-65535 masquerade to :57344-65535
      	}
      	chain lan_pcp {
      		type filter hook forward priority filter - 1; policy accept;
      		oifname "eth1" udp dport 5351 drop
      	}
      	chain server {
      		type filter hook input priority filter - 1; policy accept;
      		iifname != { "eth1", "lo" } udp dport 5350 drop
      		iifname != { "eth1", "lo" } udp sport 5351 fib daddr . iif type != local drop
      	}
      	chain flood {
      		type filter hook input priority filter - 1; policy accept;
      		iifname "lo" accept
      		udp dport 1900 update @searching { ether saddr limit rate over 50/second burst 100 packets } drop
      		tcp dport 5000 ct state new update @calling { ether saddr limit rate over 300/second burst 1000 packets } drop
      		udp sport 5351 update @answering { ether saddr limit rate over 500/second burst 1000 packets } drop
      		udp dport 5350 update @answering { ether saddr limit rate over 500/second burst 1000 packets } drop
      	}
      }
      "
    `)
  })

  it.each([
    [
      'in the middle',
      { first: 49152, last: 57343 },
      ['1024-57343 -> 1024-49151', '57344-65535 -> 57344-65535'],
    ],
    ['at the lower end', { first: 1024, last: 9999 }, ['1024-65535 -> 10000-65535']],
    ['at the upper end', { first: 60000, last: 65535 }, ['1024-65535 -> 1024-59999']],
  ])('masquerades around a block %s', (_name, block, expected) => {
    const rules = chain(ruleset({ ...OPTIONS, block }), 'postrouting').flatMap((line) => {
      const [, from, to] = /th sport (\S+) masquerade to :(\S+)$/.exec(line) ?? []
      return from === undefined || to === undefined ? [] : [`${from} -> ${to}`]
    })
    expect(rules).toEqual(expected)
  })

  it('leaves the masquerade to the router where it is off, but for what mapped hosts send', () => {
    const lines = chain(ruleset({ ...OPTIONS, masquerade: 'off' }), 'postrouting')
    expect(lines.at(-1)).toBe(
      'meta l4proto { tcp, udp } masquerade to :meta l4proto . ip saddr . th sport map @outbound',
    )
  })

  it('RFC 7648 §4: lets LAN hosts speak PCP to the carrier only where that is allowed', () => {
    expect(chain(ruleset(OPTIONS), 'lan_pcp')).toContain('oifname "eth1" udp dport 5351 drop')
    expect(ruleset({ ...OPTIONS, allowLanPcp: true })).not.toContain('5351 drop')
  })

  it('knows the server of the operator by its port, wherever a packet to or from PCP servers is meant', () => {
    const odd = { address: ipv4('100.64.0.1'), port: 15351 }
    const servers = [odd, { ...odd, port: 5351 }, odd]
    const script = ruleset({ ...OPTIONS, servers })
    const end = '{ 100.64.0.1 . 15351 }'
    expect(chain(script, 'postrouting')).toContain(
      `fib saddr type local ip daddr . udp dport ${end} snat to ip saddr`,
    )
    expect(chain(script, 'lan_pcp')).toContain(`oifname "eth1" ip daddr . udp dport ${end} drop`)
    expect(chain(script, 'server').at(-1)).toBe(
      `iifname != { "eth1", "lo" } ip saddr . udp sport ${end} fib daddr . iif type != local drop`,
    )
    const usual = { ...OPTIONS, servers: [{ ...odd, port: 5351 }] }
    expect(ruleset(usual)).toBe(ruleset(OPTIONS))
  })

  it('names each LAN once, by interface and by prefix', () => {
    const guest = {
      name: 'guest',
      address: ipv4('10.9.0.1'),
      prefix: { address: ipv4('10.9.0.0'), length: 16 },
    }
    const script = ruleset({ ...OPTIONS, lans: [...OPTIONS.lans, guest, ...OPTIONS.lans] })
    expect(chain(script, 'prerouting').at(-1)).toMatch(/^iifname \{ "br-lan", "guest" \} dnat/)
    expect(chain(script, 'postrouting')[1]).toContain('ip saddr { 192.168.1.0/24, 10.9.0.0/16 }')
  })

  it('says nothing of LANs while there is none: nft has no empty sets', () => {
    const script = ruleset({ ...OPTIONS, lans: [] })
    expect(script).not.toMatch(/\{\s*\}/)
    expect(chain(script, 'postrouting')).toHaveLength(chain(ruleset(OPTIONS), 'postrouting').length - 3)
    expect(chain(script, 'prerouting')).toHaveLength(chain(ruleset(OPTIONS), 'prerouting').length - 1)
  })

  it.each(['eth"0', 'eth0 drop', 'eth*', '', 'sixteen-letters-'])('refuses the interface name %j', (wan) => {
    expect(() => ruleset({ ...OPTIONS, wan })).toThrow('cannot be used as an interface name')
  })
})
