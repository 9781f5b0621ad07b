import { Fault } from '../../../src/core/fault.ts'
import type { ClaimName } from '../../../src/core/mapping.ts'
import type { Gateway } from '../../../src/core/gateway.ts'
import type { EntryKey, Protocol } from '../../../src/core/types.ts'
import type { IpAddress, Ipv4Address } from '../../../src/lib/ip.ts'
import { type Port, port, seconds } from '../../../src/lib/units.ts'
import { mappingNonce } from '../../../src/pcp/nonce.ts'
import { PROTOCOL_NUMBER } from '../../../src/pcp/wire/constants.ts'
import { add, caller, key } from '../../support/core-bench.ts'
import { ip } from '../../support/fake-carrier.ts'
import { Life } from './life.ts'
import { Machine, type Step } from './machine.ts'

// One schedule: control points that come and go, a daemon that dies at some point and begins anew, and at the end, when
// nothing moves any more, the question whether all three tables are one.

const HOSTS = [ip('192.168.1.10'), ip('192.168.1.11'), ip('192.168.1.12')] as const
const PORTS = [8000, 8001, 8002, 8003, 8004, 8005] as const
const LEASES = [seconds(3600), seconds(86_400), 'infinite'] as const
/** Up to how many of its steps a daemon lives. Short lives are more frequent: starting is what it does most then. */
const LONGEST_LIFE = 120
/** How many of the deaths are at an answer, before or after it left: what was told there must be true for ever. */
const AT_ANSWER = 0.3
/** Deaths before the last life. */
const DEATHS = 3
/** Minutes of rest at the end, at least and at most: a server may ask to be left alone for half an hour, more than once. */
const REST = [4, 120] as const
/** After how many calls the router's address or its server is another one, where they change. */
const MOVES = 0.15

/** What the control points know of an external port. */
interface Known {
  readonly host: Ipv4Address
  /** Calls there were: the answer to an earlier one says nothing when a later one is on its way. */
  calls: number
  /** yes: answered 200 to an add. no: to a delete. unsure: no answer came, or one that leaves it open. */
  mapped: 'yes' | 'no' | 'unsure'
}

class Schedule {
  readonly machine: Machine
  readonly #known = new Map<string, Known>()
  readonly #moves: boolean
  #life: Life
  #calls = 0

  constructor(seed: number, { leftOut, moves }: Options) {
    this.#moves = moves
    this.machine = new Machine(seed, leftOut)
    this.#life = new Life(this.machine, Infinity)
  }

  /** What is wrong at the end; empty when nothing is. */
  async run(): Promise<string[]> {
    for (let death = 0; death < DEATHS; death++) {
      await this.#lived(1 + Math.floor(this.machine.dice.unit() ** 2 * LONGEST_LIFE))
      if (this.machine.dice.unit() < 0.5) this.#powerCut()
      await this.machine.clock.advance(100 + this.machine.dice.unit() * 3000)
    }
    await this.#lived(Infinity)
    this.machine.link.faulty = false
    const shared = this.#moves ? await this.#mended() : []
    await this.#rest()
    return [...shared, ...this.#lost(), ...this.#undead(), ...this.#differences()]
  }

  /** Every address and every server works again, so that what was left behind can be deleted. Gives what was wrong before. */
  async #mended(): Promise<string[]> {
    await this.machine.clock.advance(240_000)
    const shared = this.#shared()
    this.machine.network.mend()
    return shared
  }

  #powerCut(): void {
    this.machine.tell('power cut')
    this.machine.reboot()
  }

  /** A daemon that lives for so many steps, or until its control points have had enough. */
  async #lived(steps: number): Promise<void> {
    const { clock, dice } = this.machine
    const life = new Life(this.machine, steps, dice.unit() < AT_ANSWER ? 'answer' : undefined)
    this.#life = life
    this.machine.tell('start')
    void life.start()
    await clock.advance(50)
    for (let calls = 4 + dice.unit() * 10; calls > 0 && life.alive; calls--) {
      this.#call()
      if (this.#moves && dice.unit() < MOVES) this.#move()
      await clock.advance(250 + (dice.unit() < 0.2 ? dice.unit() * 30_000 : dice.unit() * 500))
    }
    if (steps !== Infinity) life.kill()
  }

  #move(): void {
    const { dice, network } = this.machine
    const before = network.address
    network.move(dice)
    const { address, owned, server } = network
    this.machine.tell(`moved: ${[...owned].join(', ')} of which ${address}, server ${server.address}`)
    void this.#life.follow(before)
  }

  #call(): void {
    const { iwf } = this.#life.core ?? {}
    if (!iwf) return
    const protocol: Protocol = this.machine.dice.unit() < 0.5 ? 'TCP' : 'UDP'
    const externalPort = port(this.#oneOf(PORTS))
    const known = this.#known.get(`${protocol} ${externalPort}`)
    if (known && known.mapped !== 'no' && this.machine.dice.unit() < 0.4)
      this.#delete(iwf, key({ externalPort, protocol }), known)
    else this.#add(iwf, key({ externalPort, protocol }), known)
  }

  #delete(iwf: Gateway, entry: EntryKey, known: Known): void {
    known.mapped = 'unsure'
    const number = ++known.calls
    const call = () => iwf.deletePortMapping(entry, caller(known.host))
    void this.#asked(`delete ${entry.protocol} ${entry.externalPort}`, call, (code) => {
      if ((code === 200 || code === 714) && number === known.calls) known.mapped = 'no'
    })
  }

  #add(iwf: Gateway, entry: EntryKey, before: Known | undefined): void {
    const host = before && before.mapped !== 'no' ? before.host : this.#oneOf(HOSTS)
    const known: Known = before?.host === host ? before : { host, calls: 0, mapped: 'unsure' }
    if (known.mapped !== 'yes') known.mapped = 'unsure'
    const number = ++known.calls
    this.#known.set(`${entry.protocol} ${entry.externalPort}`, known)
    const request = add({
      ...entry,
      internalClient: host,
      lease: this.#oneOf(LEASES),
      internalPort: port(9000),
    })
    const call = () => iwf.addPortMapping(request, caller(host))
    void this.#asked(`add ${entry.protocol} ${entry.externalPort} for ${host}`, call, (code) => {
      if (code === 200 && number === known.calls) known.mapped = 'yes'
    })
  }

  #oneOf<T>(choices: readonly [T, ...T[]]): T {
    return choices[Math.floor(this.machine.dice.unit() * choices.length)] ?? choices[0]
  }

  /** The answer reaches its control point unless the daemon dies before it has left. */
  async #asked(what: string, call: () => Promise<void>, answered: (code: number) => void): Promise<void> {
    const life = this.#life
    const number = ++this.#calls
    this.machine.tell(`#${number} ${what}`)
    const code: number = await call().then(
      () => 200,
      (error: unknown): number => {
        if (error instanceof Fault) return error.code
        throw error
      },
    )
    await life.step('answer', () => {
      this.machine.tell(`#${number} ${code}`)
      answered(code)
    })
  }

  /** Until nothing is left to delete, and the carrier has confirmed everything. */
  async #rest(): Promise<void> {
    const { clock } = this.machine
    const [least, most] = REST
    for (let passed = 0; passed < most && (passed < least || this.#busy()); passed++)
      await clock.advance(60_000)
  }

  #busy(): boolean {
    const { context } = this.#life.core ?? {}
    if (!context) return true
    const claims = [...context.table.mappings()].map(({ claim }) => claim)
    const isSettled = claims.every(({ former, state }) => state === 'ACTIVE' && former.length === 0)
    return context.tombstones.size > 0 || !isSettled
  }

  #lost(): string[] {
    const listed = new Set(this.#listed())
    return [...this.#known].flatMap(([name, { mapped }]) =>
      mapped === 'yes' && !listed.has(name) ? [`${name} was answered 200 and is gone`] : [],
    )
  }

  #undead(): string[] {
    const listed = new Set(this.#listed())
    return [...this.#known].flatMap(([name, { mapped }]) =>
      mapped === 'no' && listed.has(name) ? [`${name} was deleted and is back`] : [],
    )
  }

  /** As a control point reads the table. */
  #listed(): string[] {
    const { iwf } = this.#life.core ?? {}
    if (!iwf) return []
    return Array.from({ length: iwf.portMappingNumberOfEntries() }, (_, index) => {
      const { externalPort, protocol } = iwf.getGenericPortMappingEntry(index)
      return `${protocol} ${externalPort}`
    })
  }

  /** Table, servers and kernel, each told the same way. */
  #differences(): string[] {
    const { kernel, network } = this.machine
    const mappings = [...(this.#life.core?.context.table.mappings() ?? [])]
    const here = { server: network.server.address, internalAddress: network.address }
    const table = mappings.map(({ claim, externalPort }) => this.#atServer(claim, externalPort, here))
    const servers = network.mappings().map(told)
    const wanted = mappings.map(({ claim }) => `${claim.protocol} ${claim.wanPort ?? 0} ${claim.client}`)
    const rules = kernel.rules.map(({ client, protocol, wanPort }) => `${protocol} ${wanPort} ${client}`)
    return [...difference('server', table, servers), ...difference('kernel', wanted, rules)]
  }

  /** Where a mapping stands that is not what the table has at its WAN port, its packets would come to somebody else. */
  #shared(): string[] {
    const mappings = [...(this.#life.core?.context.table.mappings() ?? [])]
    return this.machine.network.mappings().flatMap((held) => {
      const owner = mappings.find(
        ({ claim }) =>
          claim.wanPort === held.internalPort && PROTOCOL_NUMBER[claim.protocol] === held.protocol,
      )
      if (!owner || told(held) === this.#atServer(owner.claim, port(held.external.port), held)) return []
      return [`${told(held)} has a WAN port that is ${owner.claim.client}’s now`]
    })
  }

  /** How the claim is told of by a server that has it. */
  #atServer(
    { generation, protocol, wanPort = port(1) }: ClaimName,
    externalPort: Port,
    { internalAddress, server }: { readonly internalAddress: IpAddress; readonly server: IpAddress },
  ): string {
    const { secret } = this.machine
    const number = PROTOCOL_NUMBER[protocol]
    const subject = { server, protocol: number, internalAddress, internalPort: wanPort, generation }
    const nonce = mappingNonce(secret, subject)
    return told({
      server,
      internalAddress,
      protocol: number,
      internalPort: wanPort,
      external: { port: externalPort },
      nonce,
    })
  }
}

interface AtServer {
  readonly server: IpAddress
  readonly internalAddress: IpAddress
  readonly protocol: number
  readonly internalPort: number
  readonly external: { readonly port: number }
  readonly nonce: Uint8Array
}

const told = ({ external, internalAddress, internalPort, nonce, protocol, server }: AtServer): string =>
  `${server} ${internalAddress} ${protocol} ${internalPort} ${external.port} ${nonce.join()}`

function difference(what: string, table: readonly string[], other: readonly string[]): string[] {
  const missing = table.filter((one) => !other.includes(one)).map((one) => `the ${what} lacks ${one}`)
  const strange = other.filter((one) => !table.includes(one)).map((one) => `only the ${what} has ${one}`)
  return [...missing, ...strange]
}

export interface Outcome {
  readonly seed: number
  readonly wrong: readonly string[]
  readonly story: readonly string[]
}

export interface Options {
  /** Do the router's address and its server change? */
  readonly moves: boolean
  /** What the daemon does not do, though it must. */
  readonly leftOut?: Step
}

export async function runSchedule(seed: number, options: Options): Promise<Outcome> {
  const schedule = new Schedule(seed, options)
  const wrong = await schedule.run()
  return { seed, wrong, story: schedule.machine.story }
}
