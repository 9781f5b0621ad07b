import { Fault } from '../../src/core/fault.ts'
import type { EntryKey } from '../../src/core/types.ts'
import { port } from '../../src/lib/units.ts'
import type { Happening } from './happening.ts'
import type { Told } from './promises.ts'
import type { Simulation } from './simulation.ts'
import type { Telephone } from './telephone.ts'
import { claimsAt, OPERATOR, told as newTold } from './told.ts'

type Of<K extends Happening['kind']> = Extract<Happening, { kind: K }>

/** The operator of the router, at its control socket. */
export class Operator {
  readonly #sim: Simulation
  readonly #telephone: Telephone

  constructor(sim: Simulation, telephone: Telephone) {
    this.#sim = sim
    this.#telephone = telephone
  }

  /** The operator at the control socket. */
  add({ client: number, externalPort, protocol }: Of<'operator-add' | 'operator-delete'>): void {
    const { promises, world } = this.#sim
    const client = this.#sim.hosts.at(number)
    const { core, front } = world.life
    if (!core || !front.listens || world.router.asleep) return
    const call = { kind: 'add', by: OPERATOR, client: number, facade: 2, protocol, externalPort } as const
    const told = newTold(
      this.#sim,
      { ...call, internalPort: 9000, remoteHost: '', lease: 0 },
      client,
      this.#telephone.nextNumber(),
    )
    const scope = { protocol, first: externalPort, last: externalPort, onlyOf: undefined }
    const pending = promises.begin(scope, this.#sim.now)
    promises.ask(told)
    const request = {
      ...this.#operatorsKey(told, externalPort),
      internalPort: port(told.internalPort),
      internalClient: client.address,
      description: told.tag,
      lease: 'infinite',
      static: true,
    } as const
    const caller = { address: client.address, version: 2, operator: true } as const
    const started = this.#sim.now
    this.#operate(core.iwf.addPortMapping(request, caller), (code) => {
      promises.end(pending)
      if (code === 200) {
        promises.granted(told, externalPort, pending, {
          now: this.#sim.now,
          diskTakes: this.#sim.diskTakes(),
        })
      } else promises.refused(told, { early: this.#sim.now === started, diskTakes: this.#sim.diskTakes() })
    })
  }

  delete({ client: number, externalPort, protocol }: Of<'operator-add' | 'operator-delete'>): void {
    const { promises, world } = this.#sim
    const { address } = this.#sim.hosts.at(number)
    const { core, front } = world.life
    if (!core || !front.listens || world.router.asleep) return
    const concerned = claimsAt(this.#sim, protocol, externalPort, '').filter(({ fate }) => fate !== 'asked')
    const scope = { protocol, first: externalPort, last: externalPort, onlyOf: undefined }
    const pending = promises.begin(scope, this.#sim.now)
    for (const told of concerned) promises.turn(told, 'unsure')
    const key = this.#operatorsKey({ protocol }, externalPort)
    const caller = { address, version: 2, operator: true } as const
    this.#operate(core.iwf.deletePortMapping(key, caller), (code) => {
      promises.end(pending)
      for (const told of concerned)
        if ((code === 200 || code === 714) && promises.live.has(told))
          promises.deleted(told, this.#sim.diskTakes())
    })
  }

  #operatorsKey({ protocol }: Pick<Told, 'protocol'>, externalPort: number): EntryKey {
    return { protocol, remoteHost: '', externalPort: port(externalPort) }
  }

  #operate(call: Promise<void>, answered: (code: number) => void): void {
    const { life } = this.#sim.world
    const wait = this.#telephone.waits.begin('the operator', this.#sim.now)
    const over = async () => {
      const code = await call.then(
        () => 200,
        (error: unknown) => {
          if (error instanceof Fault) return error.code
          throw error
        },
      )
      await life.step('answer', () => {
        wait[Symbol.dispose]()
        this.#sim.world.tell(() => `the operator is answered ${code}`)
        answered(code)
      })
    }
    void over()
  }
}
