import type { Random } from '../lib/clock.ts'
import type { Settings } from './settings.ts'

const TAKEN = -1

/** The free external ports of one protocol. Every call takes the same time, however many are taken. */
export class PortPool {
  /** Free ports in no order, so that any one can be drawn and any one leave by moving the last into its place. */
  readonly #free: number[] = []
  /** Where a port stands in #free. */
  readonly #place = new Int32Array(65536).fill(TAKEN)

  constructor({ ports, reservedPorts }: Pick<Settings, 'ports' | 'reservedPorts'>) {
    const reserved = new Set(reservedPorts)
    for (let port = ports.first; port <= ports.last; port += 1) {
      if (!reserved.has(port)) this.give(port)
    }
  }

  isFree(port: number): boolean {
    return (this.#place[port] ?? TAKEN) !== TAKEN
  }

  /** A free port by chance, which stays free; undefined when none is left. */
  draw(random: Random): number | undefined {
    return this.#free[Math.floor(random.unit() * this.#free.length)]
  }

  /** Takes a free port. */
  take(port: number): void {
    const place = this.#place[port] ?? TAKEN
    if (place === TAKEN) throw new RangeError(`port ${port} is not free`)
    this.#place[port] = TAKEN
    const last = this.#free.pop()
    if (last === undefined || last === port) return
    this.#free[place] = last
    this.#place[last] = place
  }

  /** Gives a taken port back. */
  give(port: number): void {
    this.#place[port] = this.#free.push(port) - 1
  }
}
