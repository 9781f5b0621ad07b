import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Spawn } from '../../../src/nat/process.ts'
import type { ReservedPorts } from '../../../src/nat/reserved-ports.ts'

// Two hosts behind a router, and a network in front of it that knows no way to 192.168.77.0/24:
//
//   natlab-a 192.168.77.10 ─┐
//                           ├─ br0 192.168.77.1  natlab-cpe  wan0 100.64.0.2 ── natlab-net 100.64.0.9, .10
//   natlab-b 192.168.77.20 ─┘
//
// The router masquerades by a plain rule of its own, as routers do.

export type Place = 'a' | 'b' | 'cpe' | 'net'
const PLACES: readonly Place[] = ['a', 'b', 'cpe', 'net']

export const HOST_A = '192.168.77.10'
export const HOST_B = '192.168.77.20'
export const ROUTER_LAN = '192.168.77.1'
export const ROUTER_WAN = '100.64.0.2'
export const PEER = '100.64.0.9'
export const OTHER_PEER = '100.64.0.10'

const namespace = (place: Place): string => `natlab-${place}`

/** Runs a program in a namespace to its end. */
export const at = (place: Place, program: string, args: readonly string[], input = ''): string =>
  execFileSync('ip', ['netns', 'exec', namespace(place), program, ...args], {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
  })

export const spawnInRouter: Spawn = (program, args) =>
  spawn('ip', ['netns', 'exec', namespace('cpe'), program, ...args], {
    env: { PATH: process.env['PATH'], HOME: '/dev/null' },
  })

const RESERVED = '/proc/sys/net/ipv4/ip_local_reserved_ports'

export const routerReservedPorts: ReservedPorts = {
  read: () => Promise.resolve(at('cpe', 'cat', [RESERVED])),
  write: (list) => Promise.resolve(void at('cpe', 'tee', [RESERVED], `${list}\n`)),
}

export function destroyNetwork(): void {
  for (const place of PLACES) {
    try {
      execFileSync('ip', ['netns', 'delete', namespace(place)], { stdio: 'ignore' })
    } catch {
      // was not there
    }
  }
}

export function createNetwork(): void {
  destroyNetwork()
  for (const place of PLACES) {
    execFileSync('ip', ['netns', 'add', namespace(place)])
    ip(place, 'link set lo up')
  }
  ip('cpe', 'link add br0 type bridge')
  for (const host of ['a', 'b'] as const) {
    ip('cpe', `link add lan-${host} type veth peer name lan0 netns ${namespace(host)}`)
    ip('cpe', `link set lan-${host} master br0 up`)
    ip(host, `addr add ${host === 'a' ? HOST_A : HOST_B}/24 dev lan0`)
    ip(host, 'link set lan0 up')
    ip(host, `route add default via ${ROUTER_LAN}`)
  }
  ip('cpe', `addr add ${ROUTER_LAN}/24 dev br0`)
  ip('cpe', 'link set br0 up')
  ip('cpe', `link add wan0 type veth peer name wan0 netns ${namespace('net')}`)
  ip('cpe', `addr add ${ROUTER_WAN}/24 dev wan0`)
  ip('cpe', 'link set wan0 up')
  for (const peer of [PEER, OTHER_PEER]) ip('net', `addr add ${peer}/24 dev wan0`)
  ip('net', 'link set wan0 up')
  ip('cpe', `route add default via ${PEER}`)
  at('cpe', 'sysctl', ['-qw', 'net.ipv4.ip_forward=1'])
}

const ip = (place: Place, command: string): string => at(place, 'ip', command.split(' '))

/** Replaces the router's own rules. */
export function routerRules(more = ''): void {
  const own = `table ip router {
    chain postrouting {
      type nat hook postrouting priority srcnat; policy accept;
      oifname "wan0" masquerade
    }
    ${more}
  }`
  at('cpe', 'nft', ['-f', '-'], `table ip router\ndelete table ip router\n${own}\n`)
}

const TALK = fileURLToPath(new URL('talk.py', import.meta.url))

/** One side of a talk. */
export class Talker implements Disposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>

  private constructor(place: Place, args: readonly string[]) {
    const command = ['netns', 'exec', namespace(place), '/usr/bin/python3', TALK, ...args]
    this.#child = spawn('ip', command)
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** Answers whoever speaks to it with the address and port it was spoken to from. */
  static async server(place: Place, protocol: string, port: number): Promise<Talker> {
    return await new Talker(place, ['serve', protocol, String(port)]).#ready()
  }

  /** `to` and `from` are `address:port`; port 0 lets the kernel choose. */
  static async client(place: Place, protocol: string, to: string, from = '0.0.0.0:0'): Promise<Talker> {
    return await new Talker(place, ['ask', protocol, ...to.split(':'), from]).#ready()
  }

  /** What the other side saw as our address and port, or '-' when it is silent. */
  async say(text = 'hello'): Promise<string> {
    this.#child.stdin.write(`${text}\n`)
    return await this.#line()
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }

  async #ready(): Promise<this> {
    const line = await this.#line()
    if (line !== 'ready') throw new Error(`talk.py said ${line}`)
    return this
  }

  async #line(): Promise<string> {
    const next = await this.#lines.next()
    return next.done ? 'nothing more' : next.value
  }
}

const servers: Talker[] = []

/** Answers there until `stopServing`. */
export async function serve(place: Place, protocol: string, port: number): Promise<void> {
  servers.push(await Talker.server(place, protocol, port))
}

export function stopServing(): void {
  for (const server of servers.splice(0)) server[Symbol.dispose]()
}

/** Counts the UDP datagrams to `port` that reach a socket of the router, past all of its rules for what comes in. */
export function countArrivals(port: number): () => number {
  const table = 'table ip arrivals'
  const chain = `chain input {
      type filter hook input priority filter + 10;
      udp dport ${port} counter
    }`
  at('cpe', 'nft', ['-f', '-'], `${table}\ndelete ${table}\n${table} {\n${chain}\n}\n`)
  return () => {
    const [, packets] = /packets (\d+)/.exec(at('cpe', 'nft', ['list', ...table.split(' ')])) ?? []
    return Number(packets)
  }
}

export function stopCounting(): void {
  at('cpe', 'nft', ['-f', '-'], 'table ip arrivals\ndelete table ip arrivals\n')
}

/** Says one thing and is gone. */
export async function ask(place: Place, protocol: string, to: string, from?: string): Promise<string> {
  using talker = await Talker.client(place, protocol, to, from)
  return await talker.say()
}
