import type { Ipv4Address } from '../../src/lib/ip.ts'
import { parseMac } from '../../src/lib/mac.ts'
import { ip } from '../support/fake-carrier.ts'
import { LEASES, type Router } from '../support/world/router.ts'

/** Who comes asks for an address first: by then the router, which looks ten times a second, has seen it. */
const ARRIVING = 100

/** One address of the LAN, and the machine that has it. */
export interface LanHost {
  readonly number: number
  readonly address: Ipv4Address
  /** Counts the machines that had the address. */
  machine: number
  present: boolean
  /** When that was last another one. */
  since: number
}

/** The hosts of the LAN, as the router's tables show them. */
export class LanHosts {
  readonly all: readonly LanHost[]
  readonly #router: Router
  readonly #hasLeases: boolean

  constructor(router: Router, hasLeases: boolean) {
    this.#router = router
    this.#hasLeases = hasLeases
    this.all = [10, 11, 12, 13].map((octet, number) => {
      return { number, address: ip(`192.168.1.${octet}`), machine: number, present: true, since: -Infinity }
    })
    this.#show()
  }

  /** Has it been as it is for long enough to be known? */
  isKnown({ since }: LanHost): boolean {
    return this.#router.clock.now() - since > ARRIVING
  }

  /** The host comes, goes, or is another machine. */
  become(host: LanHost, state: Partial<Pick<LanHost, 'machine' | 'present'>>): void {
    Object.assign(host, state, { since: this.#router.clock.now() })
    this.#show()
  }

  at(number: number): LanHost {
    const host = this.all[number % this.all.length]
    if (!host) throw new RangeError(`no host ${number}`)
    return host
  }

  /** Writes down who is there, for the router to see. */
  #show(): void {
    const { neighbours } = this.#router
    neighbours.clear()
    const present = this.all.filter((host) => host.present)
    for (const host of present) {
      const mac = parseMac(macOf(host))
      if (mac) neighbours.set(host.address, mac)
    }
    const lines = present.map((host) => `4102444800 ${macOf(host)} ${host.address} * *`)
    // A lease of a host that never maps anything: an empty file is no lease file.
    const other = '4102444800 02:00:00:00:ff:ff 192.168.1.200 * *'
    if (this.#hasLeases) this.#router.write(LEASES, [...lines, other, ''].join('\n'))
    this.#router.clock.touched()
  }
}

const macOf = ({ machine }: LanHost): string => `02:00:00:00:00:${machine.toString(16).padStart(2, '0')}`
