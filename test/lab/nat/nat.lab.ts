import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { NatRule } from '../../../src/core/ports.ts'
import { Deadlines } from '../../../src/lib/deadlines.ts'
import { parseIpv4 } from '../../../src/lib/ip.ts'
import { millis, port, seconds } from '../../../src/lib/units.ts'
import { NftablesNat } from '../../../src/nat/nftables.ts'
import type { RulesetOptions } from '../../../src/nat/ruleset.ts'
import {
  at,
  ask,
  countArrivals,
  createNetwork,
  destroyNetwork,
  HOST_A,
  HOST_B,
  OTHER_PEER,
  PEER,
  ROUTER_LAN,
  ROUTER_WAN,
  routerReservedPorts,
  routerRules,
  serve,
  spawnInRouter,
  stopCounting,
  stopServing,
  Talker,
} from './network.ts'

// What the kernel does with our table. Root only: it builds the namespaces natlab-*.

const ipv4 = (text: string) => {
  const address = parseIpv4(text)
  if (!address) throw new RangeError(text)
  return address
}

const OPTIONS: RulesetOptions = {
  wan: 'wan0',
  lans: [{ name: 'br0', address: ipv4(ROUTER_LAN), prefix: { address: ipv4('192.168.77.0'), length: 24 } }],
  block: { first: 49152, last: 57343 },
  masquerade: 'confined',
  allowLanPcp: false,
  httpPort: 5000,
  servers: [],
}
const FOR_LONG = seconds(600)
const INTEGRATORS = readFileSync(new URL('../../../docs/integrators.md', import.meta.url), 'utf8')

const EXTERNAL = '203.0.113.7'

/** WAN port 50000 is host A's port 4000, and 203.0.113.7:6000 to the world. */
const rule = (change: Partial<NatRule> = {}): NatRule => ({
  protocol: 'UDP',
  wanPort: port(50000),
  client: ipv4(HOST_A),
  clientPort: port(4000),
  remoteHosts: [],
  external: { address: ipv4(EXTERNAL), port: port(6000) },
  ...change,
})

const warnings: string[] = []
const note = (_fields: object, message: string) => void warnings.push(message)
const log = { debug: () => undefined, info: note, warn: note, error: note }

const router = (options: Partial<RulesetOptions> = {}) =>
  new NftablesNat(
    { ...OPTIONS, ...options },
    {
      clock: new Deadlines(() => millis(performance.now())),
      spawn: spawnInRouter,
      log,
      reservedPorts: routerReservedPorts,
    },
  )

const tables = () => at('cpe', 'nft', ['list', 'tables']).trim().split('\n')
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const portOf = (seen: string) => Number(seen.split(':')[1])
const inBlock = (seen: string) => portOf(seen) >= OPTIONS.block.first && portOf(seen) <= OPTIONS.block.last

let nat: NftablesNat
beforeAll(createNetwork)
afterAll(destroyNetwork)
beforeEach(async () => {
  routerRules()
  warnings.length = 0
  nat = router()
  await nat.start()
})
afterEach(async () => {
  stopServing()
  await nat.stop({ removeTable: true })
  at('cpe', 'conntrack', ['-F'])
})

describe.each(['UDP', 'TCP'] as const)('a %s mapping', (protocol) => {
  it('leads from the WAN port to the host and port, whose answers leave by the WAN port', async () => {
    await serve('a', protocol, 4000)
    expect(await ask('net', protocol, `${ROUTER_WAN}:50000`)).toBe('-')
    await nat.set(rule({ protocol }), FOR_LONG)
    expect(await ask('net', protocol, `${ROUTER_WAN}:50000`, `${PEER}:7000`)).toBe(`${PEER}:7000`)
  })

  it('is what the host itself sends by, from the mapped port (RFC 6887 §11)', async () => {
    await serve('net', protocol, 7000)
    await nat.set(rule({ protocol }), FOR_LONG)
    expect(await ask('a', protocol, `${PEER}:7000`, `${HOST_A}:4000`)).toBe(`${ROUTER_WAN}:50000`)
    expect(inBlock(await ask('a', protocol, `${PEER}:7000`, `${HOST_A}:4001`))).toBe(false)
  })

  it('is not what another host sends by, though its source port is the WAN port', async () => {
    await serve('net', protocol, 7000)
    await nat.set(rule({ protocol }), FOR_LONG)
    expect(inBlock(await ask('b', protocol, `${PEER}:7000`, `${HOST_B}:50000`))).toBe(false)
  })

  it('lets in only its remote hosts', async () => {
    await serve('a', protocol, 4000)
    await nat.set(rule({ protocol, remoteHosts: [ipv4(OTHER_PEER)] }), FOR_LONG)
    expect(await ask('net', protocol, `${ROUTER_WAN}:50000`, `${PEER}:7000`)).toBe('-')
    expect(await ask('net', protocol, `${ROUTER_WAN}:50000`, `${OTHER_PEER}:7000`)).toBe(`${OTHER_PEER}:7000`)
  })

  it('ends when it is removed, for running flows from outside too', async () => {
    await serve('a', protocol, 4000)
    await nat.set(rule({ protocol }), FOR_LONG)
    using peer = await Talker.client('net', protocol, `${ROUTER_WAN}:50000`, `${PEER}:7000`)
    expect(await peer.say()).toBe(`${PEER}:7000`)
    await nat.set(rule({ protocol }), FOR_LONG)
    expect(await peer.say()).toBe(`${PEER}:7000`)
    await nat.remove(protocol, port(50000))
    expect(await peer.say()).toBe('-')
  })

  it('ends with its timeout', async () => {
    await serve('a', protocol, 4000)
    await nat.set(rule({ protocol }), seconds(1))
    expect(await ask('net', protocol, `${ROUTER_WAN}:50000`)).toContain(PEER)
    await pause(1500)
    expect(await ask('net', protocol, `${ROUTER_WAN}:50000`)).toBe('-')
    await nat.set(rule({ protocol }), FOR_LONG)
    expect(await ask('net', protocol, `${ROUTER_WAN}:50000`)).toContain(PEER)
  })

  it('is reached from its own LAN by the external address and port', async () => {
    await serve('a', protocol, 4000)
    await nat.set(rule({ protocol }), FOR_LONG)
    using neighbour = await Talker.client('b', protocol, `${EXTERNAL}:6000`, `${HOST_B}:7000`)
    expect(await neighbour.say()).toBe(`${ROUTER_LAN}:7000`)
    await nat.remove(protocol, port(50000))
    expect(await neighbour.say()).toBe('-')
  })
})

describe('a removal', () => {
  it('cuts what the host sends by the WAN port, and no other flow of that number', async () => {
    await serve('net', 'UDP', 50000)
    await nat.set(rule(), FOR_LONG)
    using own = await Talker.client('a', 'UDP', `${PEER}:50000`, `${HOST_A}:4000`)
    using other = await Talker.client('b', 'UDP', `${PEER}:50000`, `${HOST_B}:4000`)
    expect(await own.say()).toBe(`${ROUTER_WAN}:50000`)
    const seen = await other.say()
    await nat.remove('UDP', port(50000))
    expect(inBlock(await own.say())).toBe(false)
    expect(await other.say()).toBe(seen)
  })

  it('leaves the other WAN port of the same host and port alone, which takes over what the host sends', async () => {
    await serve('a', 'UDP', 4000)
    await serve('net', 'UDP', 7000)
    await nat.set(rule({ protocol: 'UDP' }), FOR_LONG)
    await nat.set(rule({ wanPort: port(50001), external: undefined }), FOR_LONG)
    using first = await Talker.client('net', 'UDP', `${ROUTER_WAN}:50000`, `${PEER}:7001`)
    using second = await Talker.client('net', 'UDP', `${ROUTER_WAN}:50001`, `${PEER}:7002`)
    expect([await first.say(), await second.say()]).toEqual([`${PEER}:7001`, `${PEER}:7002`])
    await nat.remove('UDP', port(50000))
    expect([await first.say(), await second.say()]).toEqual(['-', `${PEER}:7002`])
    const map = at('cpe', 'nft', ['list', 'map', 'ip', 'igd_pcp', 'outbound'])
    expect(map).toMatch(/udp \. 192\.168\.77\.10 \. 4000 timeout .* : 50001/)
  })

  it('moves running flows when the rule gets another host', async () => {
    await serve('a', 'UDP', 4000)
    await serve('b', 'UDP', 4000)
    await nat.set(rule(), FOR_LONG)
    using peer = await Talker.client('net', 'UDP', `${ROUTER_WAN}:50000`, `${PEER}:7000`)
    expect(await peer.say()).toBe(`${PEER}:7000`)
    await nat.set(rule({ client: ipv4(HOST_B) }), FOR_LONG)
    expect(await peer.say()).toBe(`${PEER}:7000`)
    expect(at('cpe', 'conntrack', ['-L', '-p', 'udp'])).toContain(`src=${HOST_B} dst=${PEER} sport=4000`)
  })
})

describe('the rest of the router', () => {
  it('keeps its ports where they are, outside the block', async () => {
    await serve('net', 'UDP', 7000)
    const seen = (place: 'b' | 'cpe', from: string) => ask(place, 'UDP', `${PEER}:7000`, from)
    expect(await seen('b', `${HOST_B}:1024`)).toBe(`${ROUTER_WAN}:1024`)
    expect(await seen('b', `${HOST_B}:57344`)).toBe(`${ROUTER_WAN}:57344`)
    expect(await seen('b', `${HOST_B}:500`)).toBe(`${ROUTER_WAN}:500`)
    expect(await seen('cpe', `${ROUTER_WAN}:45000`)).toBe(`${ROUTER_WAN}:45000`)
    expect(at('a', 'ping', ['-c1', '-W1', PEER])).toContain('1 received')
  })

  it('is left to its own masquerade when ours is off', async () => {
    await nat.stop({ removeTable: true })
    nat = router({ masquerade: 'off' })
    await nat.start()
    await serve('net', 'UDP', 7000)
    expect(await ask('b', 'UDP', `${PEER}:7000`, `${HOST_B}:50000`)).toBe(`${ROUTER_WAN}:50000`)
  })

  it('does not draw ports of the block for itself, until we go', async () => {
    expect((await routerReservedPorts.read()).trim()).toBe('49152-57343')
    await nat.stop({ removeTable: true })
    expect((await routerReservedPorts.read()).trim()).toBe('')
  })

  it('that drops forwarded packets has to accept translated ones itself', async () => {
    const drop = (accept: string) =>
      routerRules(`chain forward {
        type filter hook forward priority filter; policy drop;
        iifname "br0" accept
        ${accept}
      }`)
    await serve('a', 'UDP', 4000)
    await nat.set(rule(), FOR_LONG)
    drop('')
    expect(await ask('net', 'UDP', `${ROUTER_WAN}:50000`)).toBe('-')
    drop('ct status dnat accept')
    expect(await ask('net', 'UDP', `${ROUTER_WAN}:50000`)).toContain(PEER)
  })
})

describe('PCP', () => {
  /** Starts anew with other options. */
  async function restart(options: Partial<RulesetOptions>): Promise<void> {
    await nat.stop({ removeTable: true })
    nat = router(options)
    await nat.start()
  }

  it.each([
    ['is kept from the carrier when a LAN host speaks it', false, '-'],
    ['passes when that is allowed', true, `${ROUTER_WAN}:4000`],
  ])('%s', async (_name, allowLanPcp, answer) => {
    await restart({ allowLanPcp })
    await serve('net', 'UDP', 5351)
    expect(await ask('a', 'UDP', `${PEER}:5351`, `${HOST_A}:4000`)).toBe(answer)
    expect(await ask('cpe', 'UDP', `${PEER}:5351`, `${ROUTER_WAN}:4001`)).toBe(`${ROUTER_WAN}:4001`)
  })

  it('is kept from the carrier in fragments too', async () => {
    await serve('net', 'UDP', 5351)
    await serve('net', 'UDP', 5352)
    using other = await Talker.client('a', 'UDP', `${PEER}:5352`)
    using pcp = await Talker.client('a', 'UDP', `${PEER}:5351`)
    const long = 'x'.repeat(3000)
    expect(await other.say(long)).toMatch(ROUTER_WAN)
    expect(await pcp.say(long)).toBe('-')
  })

  it('is kept from the carrier, whatever the router’s own rules accept', async () => {
    routerRules(`chain forward {
      type filter hook forward priority filter - 10; policy accept;
      udp dport 5351 accept
    }`)
    await serve('net', 'UDP', 5351)
    expect(await ask('a', 'UDP', `${PEER}:5351`)).toBe('-')
  })

  it('is kept from the carrier by the rule in docs/integrators.md where we do no NAT', async () => {
    const [, rules = ''] = /```nft\n(table inet no_lan_pcp.*?)```/s.exec(INTEGRATORS) ?? []
    await restart({ allowLanPcp: true })
    await serve('net', 'UDP', 5351)
    at('cpe', 'nft', ['-f', '-'], rules.replace('"wan"', '"wan0"'))
    expect(await ask('a', 'UDP', `${PEER}:5351`)).toBe('-')
    at('cpe', 'nft', ['delete', 'table', 'inet', 'no_lan_pcp'])
    expect(await ask('a', 'UDP', `${PEER}:5351`)).toMatch(ROUTER_WAN)
  })

  it('is kept from a server at another port, and no other UDP is', async () => {
    await restart({ servers: [{ address: ipv4(PEER), port: 15351 }] })
    await serve('net', 'UDP', 15351)
    expect(await ask('a', 'UDP', `${PEER}:15351`)).toBe('-')
    await serve('net', 'UDP', 15352)
    expect(await ask('a', 'UDP', `${PEER}:15352`)).toMatch(ROUTER_WAN)
    expect(await ask('cpe', 'UDP', `${PEER}:15351`, `${ROUTER_WAN}:4001`)).toBe(`${ROUTER_WAN}:4001`)
  })

  it('T17: an ANNOUNCE from a LAN does not reach the router, one from the carrier does', async () => {
    await serve('cpe', 'UDP', 5350)
    expect(await ask('a', 'UDP', `${ROUTER_WAN}:5350`)).toBe('-')
    expect(await ask('a', 'UDP', `${ROUTER_LAN}:5350`)).toBe('-')
    expect(await ask('net', 'UDP', `${ROUTER_WAN}:5350`, `${PEER}:5351`)).toBe(`${PEER}:5351`)
  })

  it('an answer that a LAN host forges does not reach the router, one of the carrier does', async () => {
    const forge = async (to: string) => {
      const arrived = countArrivals(45000)
      await ask('a', 'UDP', `${to}:45000`, `${PEER}:5351`)
      return arrived()
    }
    at('a', 'ip', ['addr', 'add', `${PEER}/32`, 'dev', 'lo'])
    try {
      expect(await forge(ROUTER_WAN)).toBe(0)
      // Somebody's own affair: the socket that asks the carrier has the address of the WAN.
      expect(await forge(ROUTER_LAN)).toBe(1)
      const arrived = countArrivals(45000)
      await ask('net', 'UDP', `${ROUTER_WAN}:45000`, `${PEER}:5351`)
      expect(arrived()).toBe(1)
    } finally {
      at('a', 'ip', ['addr', 'del', `${PEER}/32`, 'dev', 'lo'])
      stopCounting()
    }
  })

  it('in the name of the router is no packet of the router', async () => {
    await restart({ allowLanPcp: true })
    await serve('net', 'UDP', 5351)
    const [before] = at('net', 'nstat', ['-az', 'UdpInDatagrams']).match(/UdpInDatagrams +\d+/) ?? []
    at('a', 'ip', ['addr', 'add', `${ROUTER_WAN}/32`, 'dev', 'lo'])
    try {
      expect(await ask('a', 'UDP', `${PEER}:5351`, `${ROUTER_WAN}:4002`)).toBe('-')
    } finally {
      at('a', 'ip', ['addr', 'del', `${ROUTER_WAN}/32`, 'dev', 'lo'])
    }
    expect(at('net', 'nstat', ['-az', 'UdpInDatagrams'])).toContain(before)
  })
})

describe('the table', () => {
  it('is reconciled in one step: what stays is not interrupted, what is unknown ends', async () => {
    await serve('a', 'UDP', 4000)
    await serve('a', 'UDP', 4001)
    const stays = rule()
    const goes = rule({ wanPort: port(50001), clientPort: port(4001), external: undefined })
    await nat.set(stays, FOR_LONG)
    await nat.set(goes, FOR_LONG)
    using staying = await Talker.client('net', 'UDP', `${ROUTER_WAN}:50000`, `${PEER}:7000`)
    using going = await Talker.client('net', 'UDP', `${ROUTER_WAN}:50001`, `${PEER}:7000`)
    expect([await staying.say(), await going.say()]).toEqual([`${PEER}:7000`, `${PEER}:7000`])
    await nat.reconcile([{ rule: stays, timeout: FOR_LONG }])
    expect([await staying.say(), await going.say()]).toEqual([`${PEER}:7000`, '-'])
  })

  it('of an earlier run is replaced at start, and a running flow of a rule that stays goes on', async () => {
    await serve('a', 'UDP', 4000)
    await nat.set(rule(), FOR_LONG)
    using peer = await Talker.client('net', 'UDP', `${ROUTER_WAN}:50000`, `${PEER}:7000`)
    expect(await peer.say()).toBe(`${PEER}:7000`)
    await nat.stop({ removeTable: false })
    expect(await ask('net', 'UDP', `${ROUTER_WAN}:50000`)).toContain(PEER)
    nat = router()
    await nat.start([{ rule: rule(), timeout: FOR_LONG }])
    expect(await peer.say()).toBe(`${PEER}:7000`)
  })

  it('is made anew with all its rules when somebody flushed it away', async () => {
    await serve('a', 'UDP', 4000)
    await nat.set(rule(), FOR_LONG)
    at('cpe', 'nft', ['flush', 'ruleset'])
    await nat.set(rule({ wanPort: port(50001), client: ipv4(HOST_B) }), FOR_LONG)
    expect(await ask('net', 'UDP', `${ROUTER_WAN}:50000`)).toContain(PEER)
    expect(warnings).toEqual(['table ip igd_pcp is made anew, as a change of it failed'])
  })

  it('is made anew when somebody put an element of his own in it', async () => {
    await serve('a', 'UDP', 4000)
    const foreign = 'add element ip igd_pcp inbound { udp . 50000 : 192.168.77.99 . 1 }'
    at('cpe', 'nft', ['-f', '-'], foreign)
    await nat.set(rule(), FOR_LONG)
    expect(await ask('net', 'UDP', `${ROUTER_WAN}:50000`)).toContain(PEER)
  })

  it('is all that goes when we go', async () => {
    expect(tables()).toEqual(['table ip router', 'table ip igd_pcp'])
    await nat.stop({ removeTable: true })
    expect(tables()).toEqual(['table ip router'])
  })

  it('is tried without being made', async () => {
    await nat.stop({ removeTable: true })
    expect(await nat.preflight()).toBeUndefined()
    expect(tables()).toEqual(['table ip router'])
  })

  it('needs the right to change the firewall', async () => {
    const nobody = new NftablesNat(OPTIONS, {
      clock: new Deadlines(() => millis(performance.now())),
      spawn: (program, args) =>
        spawnInRouter('setpriv', ['--reuid', '65534', '--clear-groups', program, ...args]),
      log,
      reservedPorts: routerReservedPorts,
    })
    expect(await nobody.preflight()).toMatch(/^nft: .*not permitted \(root or CAP_NET_ADMIN is needed\)$/)
  })
})
