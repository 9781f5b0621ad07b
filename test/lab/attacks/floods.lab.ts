import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { IGD1 } from '../support/daemon.ts'
import { locate, useLab } from '../support/lab.ts'
import { ADDRESS } from '../support/topology.ts'
import { attack, type Attacked, type Counts, OWN_REQUESTS, serve, underAttack } from './service.ts'

// lan1 attacks, lan2 wants to work: docs/attacks.md.

const ATTACK = fileURLToPath(new URL('attack.py', import.meta.url))
/** MiB and lines that all of it together may cost. */
const MORE_MEMORY = 60
const MORE_LINES = 300
/** Seconds; ended before that. */
const FOR_LONG = '60'

const lab = useLab({ nat: 'nftables', flags: ['--log-level', 'info'] })
let location: string
beforeAll(async () => {
  location = await locate(lab(), IGD1)
  await serve(lab(), location) // the first of each may have code to compile
})

async function attackedBy<Kind extends string>(
  kinds: readonly Kind[],
  meanwhile?: () => Promise<void>,
): Promise<Attacked & { readonly of: Readonly<Record<Kind, Counts>> }> {
  const begin = kinds.map((kind) => () => attack(lab().hosts.lan1, ATTACK, kind, ADDRESS.cpeLan, FOR_LONG))
  const attacked = await underAttack(lab(), location, begin, meanwhile)
  const of = Object.fromEntries(kinds.map((kind, i) => [kind, attacked.counts[i] ?? {}])) as Record<
    Kind,
    Counts
  >
  return { ...attacked, of }
}

/** Packets that the router sends, counted by what `rules` of nft say of them. */
async function counted<T>(
  rules: Readonly<Record<string, string>>,
  task: () => Promise<T>,
): Promise<T & { readonly packets: Counts }> {
  const { cpe } = lab().hosts
  const counters = Object.keys(rules).map((name) => `counter ${name} {\n}`)
  const lines = Object.entries(rules).map(([name, rule]) => `${rule} counter name ${name}`)
  const chain = `chain output {\ntype filter hook output priority 0;\n${lines.join('\n')}\n}`
  await cpe.nft(`table ip said {\n${[...counters, chain].join('\n')}\n}`)
  const result = await task()
  const listed = await cpe.must(['nft', 'list', 'counters', 'table', 'ip', 'said'])
  await cpe.must(['nft', 'delete', 'table', 'ip', 'said'])
  const packets = [...listed.matchAll(/counter (\w+) \{\s+packets (\d+)/g)].map(
    ([, name = '', count]) => [name, Number(count)] as const,
  )
  return { ...result, packets: Object.fromEntries(packets) }
}

/** What was answered; a connection too many is closed without an answer. */
const codesOf = (counts: Counts): readonly string[] =>
  Object.keys(counts).filter((happened) => /^\d+$/.test(happened))

describe('a LAN host that floods', () => {
  let before: { readonly memory: number; readonly lines: number }
  beforeAll(async () => {
    before = { memory: await lab().daemon.memory(), lines: lab().daemon.lines() }
  })

  it('searches, as itself and as others: few answers, and none to who is on no LAN', async () => {
    const { of, packets, seconds } = await counted(
      { lan: 'udp sport 1900 oifname "lan"', elsewhere: 'udp sport 1900 oifname != { "lan", "guest" }' },
      () => attackedBy(['search', 'forged-search']),
    )
    expect(of['search']['sent']).toBeGreaterThan(1000)
    expect(of['forged-search']['sent']).toBeGreaterThan(1000)
    // Ten messages a search of itself and of lan2, whose address it forges too; of addresses that nobody has; of lan2.
    const most = 10 * (2 * (30 + 5 * seconds) + 5 + seconds) + 100
    expect(packets['lan']).toBeLessThan(most)
    expect(packets['elsewhere']).toBe(0)
  })

  it('begins connections: the others get theirs', async () => {
    const { of } = await attackedBy(['syn', 'connect'])
    expect(of['syn']['sent']).toBeGreaterThan(1000)
  })

  it('makes and holds connections: sixteen at a time, and a place for everybody else', async () => {
    const { cpe } = lab().hosts
    const { of } = await attackedBy(['connect', 'hold'], async () => {
      const filter = ['state', 'established', `( sport = :5000 and dst ${ADDRESS.lan1} )`]
      const held = (await cpe.must(['ss', '-Htn', ...filter])).split('\n').filter(Boolean)
      // Those above sixteen are accepted to be closed at once.
      expect(held.length).toBeLessThan(40)
    })
    expect(of['hold']['connected']).toBeGreaterThan(16)
  })

  it('calls, posts garbage, subscribes for itself and for others: nobody else hears of it', async () => {
    const { of, packets } = await counted(
      { others: `tcp flags & (syn | ack) == syn ip daddr != ${ADDRESS.lan1}` },
      () => attackedBy(['garbage', 'request', 'subscribe', 'callback']),
    )
    expect(packets['others']).toBe(0)
    expect(codesOf(of['callback'])).toEqual(['412'])
    expect(codesOf(of['garbage'])).toEqual(['402', '413'])
    // Eight, and those that take the place of one that takes no events.
    expect(of['subscribe']['200']).toBeLessThan(40)
  })

  it('R6970-6-3: maps and asks for port after port: the carrier hears little of it', async () => {
    const asked = await lab().carrier.pcpRequests()
    const { of, seconds } = await attackedBy(['add', 'specific'])
    const adds = 10 + 2 * seconds
    const probes = 1 + seconds
    expect(of['add']['200']).toBeLessThanOrEqual(adds + 1)
    expect(of['specific']['714']).toBeGreaterThan(10 * probes)
    // Each of them once and once to delete it, and what lan2 maps and deletes.
    const most = 2 * (adds + probes) + OWN_REQUESTS
    expect((await lab().carrier.pcpRequests()) - asked).toBeLessThan(most)
    const leases = await lab().carrier.leases()
    expect(leases.length).toBeLessThan(64 + 3 * probes)
  })

  it('costs the router little memory, and its log few lines', async () => {
    expect((await lab().daemon.memory()) - before.memory).toBeLessThan(MORE_MEMORY)
    expect(lab().daemon.lines() - before.lines).toBeLessThan(MORE_LINES)
  })
})
