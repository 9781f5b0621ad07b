import type { Clock, Random } from '../lib/clock.ts'
import { remember } from '../lib/remember.ts'
import type { Millis, Port } from '../lib/units.ts'
import { Fault } from './fault.ts'
import { type Claim, type InternalKey, internalKey, type LanPort } from './mapping.ts'
import { pcpMapping } from './translate.ts'
import type { Ports } from './ports.ts'
import type { WanPorts } from './wan-ports.ts'

/** How many internal ports keep their count of lives; the ones unused for longest forget it first. */
const REMEMBERED = 32_768

/**
 * Hands out internal ports: no two mappings ever share one (RFC 6887 §11: one MAP per internal address, protocol
 * and port), and each life of a port gets a generation of its own, hence a nonce of its own (§11.2).
 */
export class Claims {
  readonly #clock: Clock
  readonly #random: Random
  /** Undefined where the router does no NAT: then the LAN host's own port is the internal port. */
  readonly #wanPorts: WanPorts | undefined
  readonly #open = new Set<InternalKey>()
  readonly #generations = new Map<InternalKey, number>()

  constructor(ports: Pick<Ports, 'clock' | 'random'>, wanPorts: WanPorts | undefined) {
    this.#clock = ports.clock
    this.#random = ports.random
    this.#wanPorts = wanPorts
  }

  /** `wish` is the WAN port to take if it is free. Faults: 718 when PCP cannot express it, 728 when none is left. */
  open(of: LanPort, wish: Port | 0): Claim {
    const claim = this.tryOpen(of, wish)
    if (claim) return claim
    throw this.#wanPorts
      ? new Fault(728, 'no WAN port is left in nat.ports')
      : new Fault(718, 'this LAN port has an external port already, and PCP allows one')
  }

  /** The same, for those who can do without. */
  tryOpen(of: LanPort, wish: Port | 0): Claim | undefined {
    const wanPort = this.#wanPorts?.allocate(of.protocol, wish, this.#random.unit())
    const key = internalKey(pcpMapping({ ...of, wanPort, generation: 0 }))
    if ((this.#wanPorts && wanPort === undefined) || this.#open.has(key)) return undefined
    this.#open.add(key)
    return { ...of, wanPort, generation: this.#nextGeneration(key) }
  }

  /** The server holds nothing of this claim any more from `free` on. */
  close(claim: Claim, free: Millis): void {
    if (free <= this.#clock.now()) this.#release(claim)
    else this.#clock.at(free, () => this.#release(claim))
  }

  #release(claim: Claim): void {
    this.#open.delete(internalKey(pcpMapping(claim)))
    if (claim.wanPort !== undefined) this.#wanPorts?.release(claim.protocol, claim.wanPort)
  }

  #nextGeneration(key: InternalKey): number {
    const generation = (this.#generations.get(key) ?? -1) + 1
    remember(this.#generations, key, generation, REMEMBERED)
    return generation
  }
}
