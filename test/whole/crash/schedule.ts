import { Fault } from '../../../src/core/fault.ts'
import type { Gateway } from '../../../src/core/gateway.ts'
import type { EntryKey, Protocol } from '../../../src/core/types.ts'
import type { Ipv4Address } from '../../../src/lib/ip.ts'
import { type Port, port, seconds } from '../../../src/lib/units.ts'
import { mappingNonce } from '../../../src/pcp/nonce.ts'
import { PROTOCOL_NUMBER } from '../../../src/pcp/wire/constants.ts'
import { add, caller, key } from '../../support/core-bench.ts'
import { ip } from '../../support/fake-carrier.ts'
import { SERVER } from '../../support/memory-carrier.ts'
import { Life } from './life.ts'
import { Machine, ROUTER } from './machine.ts'

// One schedule: control points that come and go, a daemon that dies at some point and begins anew, and at the end, when
// nothing moves any more, the question whether all three tables are one.

const HOSTS = [ip('192.168.1.10'), ip('192.168.1.11'), ip('192.168.1.12')] as const
const PORTS = [8000, 8001, 8002, 8003, 8004, 8005] as const
const LEASES = [seconds(3600), seconds(86_400), 'infinite'] as const
/** Up to how many of its steps a daemon lives. */
const LONGEST_LIFE = 120
/** Deaths before the last life. */
const DEATHS = 3

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
  #life: Life
  #calls = 0

  constructor(seed: number) {
    this.machine = new Machine(seed)
    this.#life = new Life(this.machine, Infinity)
  }

  /** What is wrong at the end; empty when nothing is. */
  async run(): Promise<string[]> {
    for (let death = 0; death < DEATHS; death++) {
      await this.#lived(1 + Math.floor(this.machine.dice.unit() * LONGEST_LIFE))
      if (this.machine.dice.unit() < 0.5) this.#powerCut()
      await this.machine.clock.advance(100 + this.machine.dice.unit() * 3000)
    }
    await this.#lived(Infinity)
    this.machine.link.faulty = false
    await this.#rest()
    return [...this.#lost(), ...this.#undead(), ...this.#differences()]
  }

  #powerCut(): void {
    this.machine.tell('power cut')
    this.machine.reboot()
  }

  /** A daemon that lives for so many steps, or until its control points have had enough. */
  async #lived(steps: number): Promise<void> {
    const { clock, dice } = this.machine
    const life = new Life(this.machine, steps)
    this.#life = life
    this.machine.tell('start')
    void life.start()
    await clock.advance(50)
    for (let calls = 4 + dice.unit() * 10; calls > 0 && life.alive; calls--) {
      this.#call()
      await clock.advance(250 + (dice.unit() < 0.2 ? dice.unit() * 30_000 : dice.unit() * 500))
    }
    if (steps !== Infinity) life.kill()
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
    for (let passed = 0; passed < 40 && (passed < 4 || this.#busy()); passed++) await clock.advance(60_000)
  }

  #busy(): boolean {
    const { context } = this.#life.core ?? {}
    if (!context) return true
    const states = [...context.table.mappings()].map(({ claim }) => claim.state)
    return context.tombstones.size > 0 || states.some((state) => state !== 'ACTIVE')
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

  /** Table, server and kernel, each told the same way. */
  #differences(): string[] {
    const { carrier, kernel, secret } = this.machine
    const mappings = [...(this.#life.core?.context.table.mappings() ?? [])]
    const nonceOf = (protocol: Protocol, internalPort: Port, generation: number) =>
      mappingNonce(secret, {
        server: SERVER.address,
        protocol: PROTOCOL_NUMBER[protocol],
        internalAddress: ROUTER,
        internalPort,
        generation,
      })
    const table = mappings.map(({ claim, externalPort }) => {
      const wanPort = claim.wanPort ?? port(1)
      const nonce = nonceOf(claim.protocol, wanPort, claim.generation)
      return `${PROTOCOL_NUMBER[claim.protocol]} ${wanPort} ${externalPort} ${nonce.join()}`
    })
    const server = carrier
      .mappings()
      .map(
        ({ external, internalPort, nonce, protocol }) =>
          `${protocol} ${internalPort} ${external.port} ${nonce.join()}`,
      )
    const wanted = mappings.map(({ claim }) => `${claim.protocol} ${claim.wanPort ?? 0} ${claim.client}`)
    const rules = kernel.rules.map(({ client, protocol, wanPort }) => `${protocol} ${wanPort} ${client}`)
    return [...difference('server', table, server), ...difference('kernel', wanted, rules)]
  }
}

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

export async function runSchedule(seed: number): Promise<Outcome> {
  const schedule = new Schedule(seed)
  const wrong = await schedule.run()
  return { seed, wrong, story: schedule.machine.story }
}
