import { type Port, port } from '../lib/units.ts'
import type { PortSpan } from './policy.ts'
import type { Protocol } from './types.ts'

/** The free ports of one protocol: an array to draw from, and where each port stands in it. */
class FreePorts {
  readonly #ports: Port[]
  readonly #place = new Map<Port, number>()

  constructor({ first, last }: PortSpan) {
    this.#ports = Array.from({ length: last - first + 1 }, (_, i) => port(first + i))
    this.#ports.forEach((free, place) => this.#place.set(free, place))
  }

  take(wanted: Port): boolean {
    const place = this.#place.get(wanted)
    const last = this.#ports.at(-1)
    if (place === undefined || last === undefined) return false
    this.#ports[place] = last
    this.#place.set(last, place)
    this.#ports.pop()
    this.#place.delete(wanted)
    return true
  }

  draw(dice: number): Port | undefined {
    const drawn = this.#ports[Math.floor(dice * this.#ports.length)]
    if (drawn !== undefined) this.take(drawn)
    return drawn
  }

  giveBack(used: Port): void {
    if (this.#place.has(used)) return
    this.#place.set(used, this.#ports.length)
    this.#ports.push(used)
  }
}

/**
 * The block of WAN ports that is kept for mappings: the router's masquerade stays out of it, so a port of the
 * block never carries anybody else's flow. Every call takes the same time, however full the block is.
 */
export class WanPorts {
  readonly #free: Record<Protocol, FreePorts>

  constructor(block: PortSpan) {
    this.#free = { TCP: new FreePorts(block), UDP: new FreePorts(block) }
  }

  /** `wish` if it lies in the block and is free, else one by `dice` in [0, 1); undefined when none is left. */
  allocate(protocol: Protocol, wish: Port | 0, dice: number): Port | undefined {
    const free = this.#free[protocol]
    return wish !== 0 && free.take(wish) ? wish : free.draw(dice)
  }

  /** Takes exactly this port, for good or until it is released; false if it is taken or not of the block. */
  reserve(protocol: Protocol, wanted: Port): boolean {
    return this.#free[protocol].take(wanted)
  }

  /** A port that is free already stays so: it is in the draw once. */
  release(protocol: Protocol, used: Port): void {
    this.#free[protocol].giveBack(used)
  }
}
