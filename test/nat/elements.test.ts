import { describe, expect, it } from 'vitest'
import type { NatRule } from '../../src/core/ports.ts'
import { type Millis, millis, port } from '../../src/lib/units.ts'
import { commands } from '../../src/nat/elements.ts'
import { Slots } from '../../src/nat/slots.ts'
import { ip, ipv4, rule } from './rules.ts'

const NOW = millis(5_000)
const until = (seconds: number): Millis => millis(NOW + seconds * 1000)

/** The transaction that `change` leads to after `before` has been done. */
function transaction(before: (slots: Slots) => void, change: (slots: Slots) => void): string[] {
  const slots = new Slots()
  before(slots)
  slots.commit()
  change(slots)
  return commands(slots.steps(), NOW)
}

const put =
  (change: Partial<NatRule> = {}, seconds = 600) =>
  (slots: Slots) => {
    slots.put({ rule: rule(change), until: until(seconds) }, NOW)
  }
const nothing = () => undefined
const drop = (slots: Slots) => {
  slots.drop('UDP', port(50000))
}

describe('commands', () => {
  it('R6970-5.5-3: a new rule is one add for each map', () => {
    expect(transaction(nothing, put())).toMatchInlineSnapshot(`
      [
        "add element ip igd_pcp inbound { udp . 50000 timeout 600s : 192.168.1.10 . 4000 }",
        "add element ip igd_pcp outbound { udp . 192.168.1.10 . 4000 timeout 600s : 50000 }",
        "add element ip igd_pcp hairpin { udp . 203.0.113.7 . 6000 timeout 600s : 192.168.1.10 . 4000 }",
        "add element ip igd_pcp hairpinned { udp . 192.168.1.10 . 4000 timeout 600s }",
      ]
    `)
  })

  it('R6970-5.5-6: a renewal deletes and adds, as old kernels keep the timeout of what they have', () => {
    expect(transaction(put(), put({}, 1200))).toMatchInlineSnapshot(`
      [
        "add element ip igd_pcp inbound { udp . 50000 : 192.168.1.10 . 4000 }",
        "delete element ip igd_pcp inbound { udp . 50000 }",
        "add element ip igd_pcp inbound { udp . 50000 timeout 1200s : 192.168.1.10 . 4000 }",
        "add element ip igd_pcp outbound { udp . 192.168.1.10 . 4000 : 50000 }",
        "delete element ip igd_pcp outbound { udp . 192.168.1.10 . 4000 }",
        "add element ip igd_pcp outbound { udp . 192.168.1.10 . 4000 timeout 1200s : 50000 }",
        "add element ip igd_pcp hairpin { udp . 203.0.113.7 . 6000 : 192.168.1.10 . 4000 }",
        "delete element ip igd_pcp hairpin { udp . 203.0.113.7 . 6000 }",
        "add element ip igd_pcp hairpin { udp . 203.0.113.7 . 6000 timeout 1200s : 192.168.1.10 . 4000 }",
        "add element ip igd_pcp hairpinned { udp . 192.168.1.10 . 4000 }",
        "delete element ip igd_pcp hairpinned { udp . 192.168.1.10 . 4000 }",
        "add element ip igd_pcp hairpinned { udp . 192.168.1.10 . 4000 timeout 1200s }",
      ]
    `)
  })

  it('another host at the WAN port: what it replaces is deleted', () => {
    expect(transaction(put(), put({ client: ipv4('192.168.1.11') }))).toMatchInlineSnapshot(`
      [
        "add element ip igd_pcp inbound { udp . 50000 : 192.168.1.10 . 4000 }",
        "delete element ip igd_pcp inbound { udp . 50000 }",
        "add element ip igd_pcp inbound { udp . 50000 timeout 600s : 192.168.1.11 . 4000 }",
        "add element ip igd_pcp outbound { udp . 192.168.1.10 . 4000 : 50000 }",
        "delete element ip igd_pcp outbound { udp . 192.168.1.10 . 4000 }",
        "add element ip igd_pcp outbound { udp . 192.168.1.11 . 4000 timeout 600s : 50000 }",
        "add element ip igd_pcp hairpin { udp . 203.0.113.7 . 6000 : 192.168.1.10 . 4000 }",
        "delete element ip igd_pcp hairpin { udp . 203.0.113.7 . 6000 }",
        "add element ip igd_pcp hairpin { udp . 203.0.113.7 . 6000 timeout 600s : 192.168.1.11 . 4000 }",
        "add element ip igd_pcp hairpinned { udp . 192.168.1.10 . 4000 }",
        "delete element ip igd_pcp hairpinned { udp . 192.168.1.10 . 4000 }",
        "add element ip igd_pcp hairpinned { udp . 192.168.1.11 . 4000 timeout 600s }",
      ]
    `)
  })

  it('a removal leaves nothing of the rule, filters included', () => {
    const filtered = put({ remoteHosts: [ipv4('198.51.100.1'), ipv4('198.51.100.2')] })
    expect(transaction(filtered, drop)).toMatchInlineSnapshot(`
      [
        "add element ip igd_pcp inbound { udp . 50000 : 192.168.1.10 . 4000 }",
        "delete element ip igd_pcp inbound { udp . 50000 }",
        "add element ip igd_pcp outbound { udp . 192.168.1.10 . 4000 : 50000 }",
        "delete element ip igd_pcp outbound { udp . 192.168.1.10 . 4000 }",
        "add element ip igd_pcp hairpinned { udp . 192.168.1.10 . 4000 }",
        "delete element ip igd_pcp hairpinned { udp . 192.168.1.10 . 4000 }",
        "add element ip igd_pcp peers { udp . 50000 . 198.51.100.1, udp . 50000 . 198.51.100.2 }",
        "delete element ip igd_pcp peers { udp . 50000 . 198.51.100.1, udp . 50000 . 198.51.100.2 }",
        "add element ip igd_pcp filtered { udp . 50000 }",
        "delete element ip igd_pcp filtered { udp . 50000 }",
      ]
    `)
  })

  it('remote hosts: let in first, filtered last, so that they expire in this order; each once; no hairpin', () => {
    const remoteHosts = [ipv4('198.51.100.1'), ipv4('198.51.100.1')]
    expect(transaction(nothing, put({ remoteHosts }))).toMatchInlineSnapshot(`
      [
        "add element ip igd_pcp inbound { udp . 50000 timeout 600s : 192.168.1.10 . 4000 }",
        "add element ip igd_pcp outbound { udp . 192.168.1.10 . 4000 timeout 600s : 50000 }",
        "add element ip igd_pcp hairpinned { udp . 192.168.1.10 . 4000 timeout 600s }",
        "add element ip igd_pcp peers { udp . 50000 . 198.51.100.1 timeout 600s }",
        "add element ip igd_pcp filtered { udp . 50000 timeout 600s }",
      ]
    `)
  })

  it('several rules are one add for each map', () => {
    const lines = transaction(nothing, (slots) => {
      put()(slots)
      put({ protocol: 'TCP' })(slots)
    })
    expect(lines).toHaveLength(4)
    expect(lines[0]).toBe(
      'add element ip igd_pcp inbound { udp . 50000 timeout 600s : 192.168.1.10 . 4000, tcp . 50000 timeout 600s : 192.168.1.10 . 4000 }',
    )
  })

  it.each([
    ['for ever is a day and a minute', 2 ** 32 - 1, '86460s'],
    ['0 would be for ever', 0, '1s'],
    ['a part of a second counts whole', 0.4, '1s'],
  ])('timeout: %s', (_name, seconds, expected) => {
    expect(transaction(nothing, put({}, seconds))[0]).toContain(`timeout ${expected} `)
  })

  it.each([
    ['unknown', undefined],
    ['IPv6', { address: ip('2001:db8::1'), port: port(6000) }],
  ])('an external address that is %s has no hairpin', (_name, external) => {
    expect(transaction(nothing, put({ external })).join()).not.toContain('hairpin {')
  })

  it('a rule that was put and dropped in between changes nothing', () => {
    const both = (slots: Slots) => {
      put()(slots)
      drop(slots)
    }
    expect(transaction(nothing, both)).toEqual([])
  })
})
