import type { NatRule } from '../core/ports.ts'
import type { Protocol } from '../core/types.ts'
import type { Port } from '../lib/units.ts'

// Which of the running flows belong to a mapping. A flow belongs to it by the LAN endpoint and by the port it was
// translated at: a flow of another host that happens to use the same number does not.

interface Tuple {
  readonly src: string
  readonly dst: string
  readonly sport: number
  readonly dport: number
}

/** A flow as conntrack has it: how its packets arrive, and how the answers do. */
interface Flow {
  readonly protocol: Protocol
  readonly original: Tuple
  readonly reply: Tuple
}

const PROTOCOLS = new Map<string, Protocol>([
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
])

/** The flow in a line of `conntrack -L`; undefined if it is none of TCP or UDP. */
function parseFlow(line: string): Flow | undefined {
  const protocol = PROTOCOLS.get(line.slice(0, 3))
  const [original, reply] = [...line.matchAll(/src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g)].map(tuple)
  return protocol && original && reply && { protocol, original, reply }
}

const tuple = ([, src = '', dst = '', sport, dport]: RegExpExecArray): Tuple => ({
  src,
  dst,
  sport: Number(sport),
  dport: Number(dport),
})

/** Arguments by which conntrack picks flows. */
type Selection = readonly string[]

/** A flow towards the LAN endpoint of the rule: by the WAN port, or by the external address from a LAN. */
function inward(
  { client, clientPort, wanPort, external }: NatRule,
  { original }: Flow,
): Selection | undefined {
  if (original.dst === client) return undefined
  const to = ['--reply-src', client, '--reply-port-src', String(clientPort), '--dst-nat']
  if (original.dport === wanPort) return [...to, '--orig-port-dst', String(wanPort)]
  return original.dst === external?.address && original.dport === external.port
    ? [...to, '--orig-dst', external.address, '--orig-port-dst', String(external.port)]
    : undefined
}

/** A flow that the LAN endpoint of the rule began. */
function outward({ client, clientPort, wanPort }: NatRule, { reply }: Flow): Selection | undefined {
  if (reply.dst === client || reply.dport !== wanPort) return undefined
  const from = ['--orig-src', client, '--orig-port-src', String(clientPort), '--src-nat']
  return [...from, '--reply-port-dst', String(wanPort)]
}

const endpoint = (protocol: Protocol, address: string, port: number): string =>
  `${protocol} ${address} ${port}`

/** Reads a listing of all flows and collects what to delete so that none of the rules has a flow left. */
export class FlowsOf {
  readonly #rules = new Map<string, NatRule[]>()
  readonly #found = new Map<string, Selection>()
  readonly #wanPorts = new Set<Port>()

  constructor(rules: readonly NatRule[]) {
    for (const rule of rules) {
      const key = endpoint(rule.protocol, rule.client, rule.clientPort)
      this.#rules.set(key, [...(this.#rules.get(key) ?? []), rule])
    }
  }

  read(line: string): void {
    const flow = parseFlow(line)
    if (!flow) return
    for (const rule of this.#at(flow, flow.reply)) this.#add(rule, flow, inward(rule, flow))
    for (const rule of this.#at(flow, flow.original)) this.#add(rule, flow, outward(rule, flow))
  }

  /** Arguments of `conntrack -D`, once each. */
  get found(): readonly Selection[] {
    return [...this.#found.values()]
  }

  /** WAN ports of the rules that have flows. */
  get wanPorts(): ReadonlySet<Port> {
    return this.#wanPorts
  }

  #at({ protocol }: Flow, { src, sport }: Tuple): readonly NatRule[] {
    return this.#rules.get(endpoint(protocol, src, sport)) ?? []
  }

  #add({ wanPort }: NatRule, { protocol }: Flow, selection: Selection | undefined): void {
    if (!selection) return
    this.#wanPorts.add(wanPort)
    this.#found.set(`${protocol} ${selection.join(' ')}`, ['-p', protocol.toLowerCase(), ...selection])
  }
}
