import type { Random } from '../../../src/lib/clock.ts'
import type { IpAddress } from '../../../src/lib/ip.ts'
import type { Endpoint } from '../../../src/pcp/socket.ts'
import { Responder } from '../../../src/pcp-server/responder.ts'
import { DEFAULT_SETTINGS } from '../../../src/pcp-server/settings.ts'
import { ip } from '../../support/fake-carrier.ts'
import { SERVER } from '../../support/memory-carrier.ts'
import type { VirtualClock } from '../../support/virtual-clock.ts'

const ADDRESSES = [ip('100.64.0.2'), ip('100.64.0.3')] as const
const SERVERS = [SERVER, { ...SERVER, address: ip('100.64.0.9') }] as const

/** Where the router stands in the network: which address it has, and which PCP server it is told. */
export class Network {
  /** The router's WAN address. */
  address = ADDRESSES[0]
  server: Endpoint = SERVERS[0]
  /** All addresses that the router has: the one before may work for a while yet. */
  readonly owned = new Set<IpAddress>([this.address])
  readonly #carriers: ReadonlyMap<IpAddress, Responder>
  readonly #down = new Set<IpAddress>()

  constructor(clock: VirtualClock, random: Random) {
    const quiet = () => undefined
    const world = { clock, random, log: { debug: quiet, info: quiet, warn: quiet, error: quiet } }
    this.#carriers = new Map(
      SERVERS.map(({ address }) => [address, new Responder(DEFAULT_SETTINGS, world)] as const),
    )
  }

  /** The server there; undefined while nobody answers. */
  carrierAt(address: IpAddress): Responder | undefined {
    return this.#down.has(address) ? undefined : this.#carriers.get(address)
  }

  /** What each server has mapped, and at which of them. */
  mappings() {
    return [...this.#carriers].flatMap(([server, carrier]) =>
      carrier.mappings().map((mapping) => ({ ...mapping, server })),
    )
  }

  /** Another WAN address or another server; what was before works on for a while, or does not. */
  move(dice: Random): void {
    const stays = dice.unit() < 0.5
    if (dice.unit() < 0.6) {
      const before = this.address
      this.address = ADDRESSES[before === ADDRESSES[0] ? 1 : 0]
      this.owned.add(this.address)
      if (!stays) this.owned.delete(before)
      return
    }
    const before = this.server
    this.server = SERVERS[before === SERVERS[0] ? 1 : 0]
    this.#down.delete(this.server.address)
    if (!stays) this.#down.add(before.address)
  }

  /** All that ever was works again. */
  mend(): void {
    for (const address of ADDRESSES) this.owned.add(address)
    this.#down.clear()
  }
}
