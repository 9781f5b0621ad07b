import { expectedAdd, isQuiet, othersAt } from './expected.ts'
import type { AddCall, Happening } from './happening.ts'
import type { Pending, Scope, Told } from './promises.ts'
import type { Simulation } from './simulation.ts'
import { addArguments } from './soap-call.ts'
import type { Telephone } from './telephone.ts'
import { claimsAt, told as newTold } from './told.ts'

type Of<K extends Happening['kind']> = Extract<Happening, { kind: K }>

/** What an answer 200 gave, and how many entries the host may have. */
interface Granted {
  readonly port: number
  readonly most: number
}

/** For so long a call may leave something to wait for. */
const LATELY = 120_000

/** AddPortMapping and AddAnyPortMapping, new and again. */
export class Adds {
  readonly #sim: Simulation
  readonly #telephone: Telephone
  /** When each host asked for something at the carrier, lately. */
  readonly recent: { readonly by: number; readonly at: number }[] = []

  constructor(sim: Simulation, telephone: Telephone) {
    this.#sim = sim
    this.#telephone = telephone
  }

  add(call: AddCall): void {
    const { hosts } = this.#sim
    const [by, client] = [hosts.at(call.by), hosts.at(call.client)]
    if (!this.#telephone.reaches(by) || !hosts.isKnown(client)) return
    const told = newTold(this.#sim, call, client, this.#telephone.nextNumber())
    const expected = expectedAdd(this.#sim, call, told)
    const isSure = expected.size === 1 && expected.has(200)
    this.recent.push({ by: call.by, at: this.#sim.now })
    const isAdd = call.kind === 'add'
    const scope: Scope = isAdd
      ? { protocol: call.protocol, first: call.externalPort, last: call.externalPort, onlyOf: undefined }
      : { protocol: call.protocol, first: 0, last: 65_535, onlyOf: client.address }
    const pending = this.#sim.promises.begin(scope, this.#sim.now)
    // Where the router does no NAT, another LAN port is another mapping in place of the first.
    if (this.#sim.profile.nat === 'none')
      for (const other of claimsAt(this.#sim, told.protocol, call.externalPort, told.remoteHost))
        if (other.client === told.client && other.internalPort !== told.internalPort && other.fate === 'held')
          this.#sim.promises.turn(other, 'unsure')
    this.#sim.promises.ask(told)
    const action = isAdd ? 'AddPortMapping' : 'AddAnyPortMapping'
    const started = this.#sim.now
    const most = this.#sim.perHost
    this.#telephone.call(
      by,
      call.facade,
      action,
      addArguments(call, client.address, told.tag),
      ({ code, out }) => {
        this.#sim.promises.end(pending)
        const isEarly = this.#sim.now === started
        const isTroubled = isSure && !(isQuiet(this.#sim) && pending.clean)
        if (!expected.has(code) && !isTroubled)
          this.#sim.world.blame(
            'add-answer',
            `${told.tag}: ${action} is answered ${code}, not ${[...expected].join('/')}`,
          )
        const port = Number(out['NewReservedPort'] ?? call.externalPort)
        if (code === 200) this.#granted(told, { port, most: Math.max(most, this.#sim.perHost) }, pending)
        else this.#sim.promises.refused(told, { early: isEarly, diskTakes: this.#sim.diskTakes() })
      },
    )
  }

  #granted(told: Told, granted: Granted, pending: Pending): void {
    const { promises, now } = this.#sim
    this.#possible(told, granted)
    this.#sim.world.clock.touched()
    promises.granted(told, granted.port, pending, { now, diskTakes: this.#sim.diskTakes() })
  }

  /** Nobody else was promised the port, and the host has not too many. */
  #possible(told: Told, { most, port }: Granted): void {
    const { checks, promises, world } = this.#sim
    const [other] = othersAt(this.#sim, told, port)
    if (other)
      world.blame(
        'add-port-free',
        `${told.tag} has port ${port}, which ${other.client} was promised (${other.tag})`,
      )
    const mine = checks.entriesOf(told.client)
    const isNew = !promises.at(told.protocol, port).some((one) => one.remoteHost === told.remoteHost)
    if (isNew && mine > most)
      world.blame('add-quota', `${told.tag} is entry ${mine} of a host that may have ${most}`)
  }

  again({ any, facade, lease, moves, which }: Of<'again'>): void {
    const { promises, hosts } = this.#sim
    const held = [...promises.live].filter((told) => told.fate === 'held' && !told.static)
    const told = held[which % held.length]
    const host = hosts.all.find(({ address }) => address === told?.client)
    if (!told || !host) return
    this.add({
      kind: any ? 'add-any' : 'add',
      by: host.number,
      client: host.number,
      facade: any ? 2 : facade,
      protocol: told.protocol,
      externalPort: told.port,
      internalPort: moves ? (told.internalPort === 9000 ? 9001 : 9000) : told.internalPort,
      remoteHost: told.remoteHost,
      lease,
    })
  }

  /** Calls of the last minutes. */
  get lately(): number {
    return this.recent.filter(({ at }) => at > this.#sim.now - LATELY).length
  }
}
