import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { Closers } from '../../../src/lib/closers.ts'
import { Namespace } from '../support/namespace.ts'
import { type Program, until } from '../support/program.ts'

//   client1 ─ lan1 ┐
//   client2 ─ lan2 ├ router ─ wan ─ neighbour
//   client3 ─ lan3 ┘                              lan3 has no address at first

const IGD1 = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1'
const IGD2 = 'urn:schemas-upnp-org:device:InternetGatewayDevice:2'
const THINGS = 10
const WAN = '100.64.7.2'
const NEIGHBOUR = '100.64.7.9'

interface Answer {
  readonly after: number
  readonly from: string
  readonly text: string
}

const host = (name: string) => new Namespace(`ssdp-${process.pid}-${name}`)
const script = (name: string) => fileURLToPath(new URL(name, import.meta.url))

const router = host('router')
const clients = [host('client1'), host('client2'), host('client3')] as const
const neighbour = host('neighbour')
const lab = new Closers(console.error)
let device: string
let closers: Closers

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'ssdp-'))
  lab.defer(() => rm(directory, { recursive: true }))
  device = join(directory, 'device.mjs')
  const bundle = await rolldown({ input: script('device.ts'), platform: 'node' })
  await bundle.write({ file: device, format: 'esm' })
})

afterAll(() => lab[Symbol.asyncDispose]())

beforeEach(async () => {
  closers = new Closers(console.error)
  for (const each of [router, ...clients, neighbour]) {
    await each.create()
    closers.defer(() => each.remove())
  }
  for (const number of [1, 2, 3] as const) await wire(number)
  for (const number of [1, 2] as const) await address(number)
  await router.connect('wan', neighbour, 'wan')
  await neighbour.ip(`addr add ${NEIGHBOUR}/24 dev wan`, `route add default via ${WAN}`)
  await router.ip(`addr add ${WAN}/24 dev wan`, `route add default via ${NEIGHBOUR}`)
  await router.sysctl('net.ipv4.ip_forward=1')
})

afterEach(() => closers[Symbol.asyncDispose]())

async function wire(number: 1 | 2 | 3): Promise<void> {
  const client = clients[number - 1]
  await client?.connect('lan', router, `lan${number}`)
  await client?.ip(`addr add 192.168.${number}.50/24 dev lan`, `route add default via 192.168.${number}.1`)
}

const address = (number: 1 | 2 | 3) => router.ip(`addr add 192.168.${number}.1/24 dev lan${number}`)

async function start(speed = 1): Promise<Program> {
  const program = router.start(['node', device, String(speed)])
  await program.line(/^started$/)
  return program
}

/** Listens to what `where` hears; stopped when the test is over. */
async function listen(where: Namespace, device: string, filter: string): Promise<Program> {
  const capture = ['tcpdump', '-lnA', '-s0', '--immediate-mode', '-i', device, filter]
  const program = where.start(capture)
  closers.defer(() => program[Symbol.asyncDispose]())
  await program.line(/^listening on/)
  return program
}

/** All that the router sends out of its WAN port, whatever address it gives as its own. */
const listenOnWan = (what = 'udp or igmp') =>
  listen(neighbour, 'wan', `(${what}) and not src host ${NEIGHBOUR}`)

const packets = (program: Program) => program.lines.filter((line) => / IP .* > /.test(line))

/** The NTS values heard so far, each run of equal ones as one: `ssdp:alive x20`. */
function heard(program: Program): string[] {
  const values = program.lines.flatMap((line) => /^NTS: (ssdp:\w+)/.exec(line)?.[1] ?? [])
  const runs: [value: string, count: number][] = []
  for (const value of values) {
    const last = runs.at(-1)
    if (last?.[0] === value) last[1]++
    else runs.push([value, 1])
  }
  return runs.map(([value, count]) => `${value} x${count}`)
}

async function hears(program: Program, expected: readonly string[]): Promise<void> {
  const met = () => (heard(program).join() === expected.join() ? true : undefined)
  await until(() => `${expected.join()}; but ${heard(program).join()}`, 5000, met)
}

async function search(from: Namespace, target: string, address?: string): Promise<readonly Answer[]> {
  const to = address === undefined ? [] : [address]
  const lines = await from.must(['/usr/bin/python3', script('search.py'), target, ...to])
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Answer)
}

const LIVE_AND_WELL = [`ssdp:byebye x${2 * THINGS}`, `ssdp:alive x${2 * THINGS}`]

it('G20: byebye, then alive at the start, byebye at SIGTERM on each LAN, TTL 2; nothing on the WAN', async () => {
  const wan = await listenOnWan()
  const [lan1, lan2] = [
    await listen(clients[0], 'lan', 'udp port 1900 and ip[8] = 2'),
    await listen(clients[1], 'lan', 'udp port 1900 and ip[8] = 2'),
  ]
  const program = await start()
  for (const lan of [lan1, lan2]) await hears(lan, LIVE_AND_WELL)
  expect(lan1.lines.filter((line) => line.includes('LOCATION: http://192.168.1.1:5000'))).toHaveLength(20)
  expect(lan2.lines.filter((line) => line.includes('LOCATION: http://192.168.2.1:5000'))).toHaveLength(20)
  const before = performance.now()
  expect(await program.stop()).toBe(0)
  expect(performance.now() - before).toBeLessThan(1000)
  for (const lan of [lan1, lan2]) await hears(lan, [...LIVE_AND_WELL, `ssdp:byebye x${2 * THINGS}`])
  expect(packets(wan)).toEqual([])
})

it('G20: no packet leaves through the WAN while alive is repeated', async () => {
  const wan = await listenOnWan()
  const lan = await listen(clients[0], 'lan', 'udp port 1900')
  const program = await start(300)
  await until('three repetitions', 20_000, () => (Number(heard(lan)[1]?.slice(12)) >= 80 ? true : undefined))
  await program.stop()
  expect(packets(wan)).toEqual([])
})

it('G18 G20: ssdp:all gives each client one set, with the LOCATION of its LAN, within 100 ms', async () => {
  const program = await start()
  for (const [i, client] of clients.slice(0, 2).entries()) {
    const answers = await search(client, 'ssdp:all')
    const router = `192.168.${i + 1}.1`
    expect(answers).toHaveLength(THINGS)
    expect(answers[0]?.text).toContain(`ST: ${IGD1}\r\n`)
    for (const { after, from, text } of answers) {
      expect(from).toBe(`${router}:1900`)
      expect(text).toContain(`LOCATION: http://${router}:5000/igd1.xml\r\n`)
      expect(after).toBeLessThan(100)
    }
  }
  await program.stop()
})

it('G18 G19: a unicast search without MX for IGD:2 is answered with the :2 tree', async () => {
  const program = await start()
  const answers = await search(clients[0], IGD2, '192.168.1.1')
  expect(answers).toHaveLength(1)
  expect(answers[0]?.text).toContain('LOCATION: http://192.168.1.1:5000/igd2.xml\r\n')
  await program.stop()
})

it('GSSDP finds it', async () => {
  const program = await start()
  const found = await clients[0].must(['gssdp-discover', '-i', 'lan', '--timeout=2', '-t', IGD1])
  expect(found).toContain('http://192.168.1.1:5000/igd1.xml')
  await program.stop()
})

it('G20: searches from the WAN are met with silence, even when the router hears the group there', async () => {
  const program = await start()
  const other = router.start(['/usr/bin/python3', script('join.py'), WAN])
  closers.defer(() => other[Symbol.asyncDispose]())
  await other.line(/joined/)
  const wan = await listenOnWan('udp')
  for (const to of [undefined, WAN, '192.168.1.1', '192.168.2.1']) {
    expect(await search(neighbour, 'ssdp:all', to)).toEqual([])
  }
  await program.stop()
  expect(packets(wan)).toEqual([])
})

it('a LAN that gets an address later is announced, one that loses it is left', async () => {
  const lan3 = await listen(clients[2], 'lan', 'udp port 1900')
  const program = await start()
  await address(3)
  await hears(lan3, LIVE_AND_WELL)
  expect(await search(clients[2], IGD1)).toHaveLength(1)
  await router.ip('link del lan3')
  await program.line(/SSDP: cannot send/)
  expect(await search(clients[0], IGD1)).toHaveLength(1)
  expect(await program.stop()).toBe(0)
})

it('an interface that is made anew is heard again, though the kernel counts the old one', async () => {
  await router.sysctl('net.ipv4.igmp_max_memberships=2')
  const program = await start()
  await router.ip('link del lan2')
  await wire(2)
  await address(2)
  await until('an answer', 20_000, async () => (await search(clients[1], IGD1))[0])
  expect(await search(clients[0], IGD1)).toHaveLength(1)
  await program.stop()
})

it('UDA 1.1 §1.2.4: a new address of the router is told by update, then alive', async () => {
  const lan = await listen(clients[1], 'lan', 'udp port 1900 and src host 192.168.2.2')
  const wan = await listenOnWan()
  const program = await start()
  await router.ip('addr del 192.168.2.1/24 dev lan2', 'addr add 192.168.2.2/24 dev lan2')
  await hears(lan, [`ssdp:update x${2 * THINGS}`, `ssdp:alive x${2 * THINGS}`])
  const answers = await search(clients[1], IGD1)
  expect(answers.map(({ from }) => from)).toEqual(['192.168.2.2:1900'])
  await program.stop()
  expect(packets(wan)).toEqual([])
})
