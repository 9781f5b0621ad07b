import type { Clock } from '../../../src/lib/clock.ts'
import { type Ipv4Address, parseIpv4, parsePrefix, isIpv4 } from '../../../src/lib/ip.ts'
import type { Lan } from '../../../src/lib/lan.ts'
import { port } from '../../../src/lib/units.ts'
import type { GroupSocket, LanSocket, Receive, SsdpSockets } from '../../../src/upnp/ssdp/sockets.ts'

export interface Sent {
  readonly at: number
  /** The LAN whose socket it left through. */
  readonly lan: string
  readonly to: string
  readonly start: string
  readonly headers: Readonly<Record<string, string>>
}

export function ipv4(text: string): Ipv4Address {
  const address = parseIpv4(text)
  if (!address) throw new Error(`not an address: ${text}`)
  return address
}

/** `lan('br0', '192.168.1.1/24')` */
export function lan(name: string, cidr: string): Lan {
  const prefix = parsePrefix(cidr)
  if (!prefix || !isIpv4(prefix.address)) throw new Error(`not a prefix: ${cidr}`)
  return { name, address: prefix.address, prefix: { address: prefix.address, length: prefix.length } }
}

/** SSDP sockets that keep what is sent, and hear what a test says. */
export class FakeSockets implements SsdpSockets {
  readonly sent: Sent[] = []
  /** `name address` of the LAN sockets that are open. */
  readonly open = new Set<string>()
  readonly members = new Set<string>()
  /** Addresses that nothing can be bound to, and that nothing can be sent from. */
  readonly broken = new Set<string>()
  readonly taking: string[] = []
  /** Called after each message. */
  onSend: () => void = () => undefined
  /** How many sockets of the group are open. */
  groups = 0
  /** The group's socket cannot join any more; the next one can. */
  full = false
  readonly #clock: Clock
  readonly #heard = new Map<string, Receive>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  group(receive: Receive): Promise<GroupSocket> {
    this.groups += 1
    this.full = false
    this.#heard.set('group', receive)
    return Promise.resolve({
      join: (address: Ipv4Address) => {
        if (this.broken.has(address)) throw new Error('ENODEV')
        if (this.full) throw new Error('ENOBUFS')
        this.members.add(address)
      },
      leave: (address: Ipv4Address) => {
        if (!this.members.delete(address)) throw new Error('EADDRNOTAVAIL')
      },
      close: () => {
        this.groups -= 1
        return Promise.resolve()
      },
    })
  }

  lan({ name, address }: Lan, receive: Receive): Promise<LanSocket> {
    if (this.broken.has(address)) return Promise.reject(new Error(`cannot bind ${address}`))
    const key = `${name} ${address}`
    this.open.add(key)
    this.#heard.set(name, receive)
    return Promise.resolve({
      takeInterface: () => this.taking.push(name),
      send: (bytes: Uint8Array, toPort: number, to: string) => {
        if (!this.open.has(key)) return Promise.reject(new Error('socket is closed'))
        if (this.broken.has(address)) return Promise.reject(new Error('EINVAL'))
        this.sent.push({ at: this.#clock.now(), lan: name, to: `${to}:${toPort}`, ...parsed(bytes) })
        this.onSend()
        return Promise.resolve()
      },
      close: () => {
        this.open.delete(key)
        return Promise.resolve()
      },
    })
  }

  /** `text` arrives from `from` through the group, or through the socket of the LAN `via`. */
  hear(text: string | Uint8Array, from: string, via = 'group'): void {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text
    this.#heard.get(via)?.({ bytes, address: ipv4(from), port: port(50_000) })
  }

  /** What has been sent since the last call. */
  taken(): readonly Sent[] {
    return this.sent.splice(0)
  }
}

function parsed(bytes: Uint8Array): Pick<Sent, 'start' | 'headers'> {
  const text = Buffer.from(bytes).toString('latin1')
  if (!text.endsWith('\r\n\r\n')) throw new Error(`no end: ${text}`)
  const [start = '', ...lines] = text.slice(0, -4).split('\r\n')
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')),
    line.slice(line.indexOf(':') + 1).trim(),
  ])
  return { start, headers: Object.fromEntries(headers) as Record<string, string> }
}
