import type { IgdVersion } from '../../src/core/types.ts'
import type { LanHost } from './hosts.ts'
import type { Simulation } from './simulation.ts'
import { type Answer, type Arguments, ask, soap } from './soap-call.ts'
import { Waits } from './waits.ts'

/** How hosts of the LAN call the router. */
export class Telephone {
  readonly #sim: Simulation
  readonly waits = new Waits()
  #calls = 0

  constructor(sim: Simulation) {
    this.#sim = sim
  }

  /** Another number for each call, subscription and mapping. */
  nextNumber(): number {
    return ++this.#calls
  }

  /** Can the host talk to a daemon at this moment? */
  reaches(by: LanHost): boolean {
    const { life, router } = this.#sim.world
    return by.present && this.#sim.hosts.isKnown(by) && router.lanUp && !router.asleep && life.front.listens
  }

  call(
    by: LanHost,
    facade: IgdVersion,
    action: string,
    args: Arguments,
    answered: (answer: Answer) => void,
  ): void {
    const { world } = this.#sim
    const { front } = world.life
    const name = `call ${this.nextNumber()}`
    const wait = this.waits.begin(`${name}, ${action}`, this.#sim.now)
    this.#sim.count('calls')
    world.tell(() => `${name}: ${by.address} :${facade} ${action} ${Object.values(args).join(' ')}`)
    const over = async () => {
      const answer = await ask(front, soap(by.address, facade, action, args))
      wait[Symbol.dispose]()
      world.tell(() => `${name}: ${answer.code}`)
      answered(answer)
      this.#sim.checks.touched()
    }
    over().catch((error: unknown) =>
      world.blame('no-bug', `${name}: ${error instanceof Error ? (error.stack ?? '') : ''}`),
    )
  }

  /** What asks neither the carrier nor the disk is answered in no time. */
  atOnce(
    by: LanHost,
    facade: IgdVersion,
    action: string,
    args: Arguments,
    answered: (answer: Answer) => void,
  ): void {
    const started = this.#sim.now
    this.call(by, facade, action, args, (answer) => {
      const took = this.#sim.now - started
      if (took > 0) this.#sim.world.blame('at-once', `${action} took ${took} ms, though it asks nobody`)
      answered(answer)
    })
  }
}
