import type { ClaimRecord } from '../../../src/core/record.ts'
import type { Random } from '../../../src/lib/clock.ts'
import type { Log } from '../../../src/lib/log.ts'
import { millis } from '../../../src/lib/units.ts'
import type { Connect, Endpoint } from '../../../src/pcp/socket.ts'
import { seeded } from '../../support/dice.ts'
import { MemoryDisk, SYNCS } from '../../support/memory-disk.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { Kernel, type Life } from './life.ts'
import { Network } from './network.ts'

/** 2026-06-01 */
const TODAY = Date.UTC(2026, 5, 1)

/** How bad the line is, as shares of the datagrams of either direction. */
const LOST = 0.2
const TWICE = 0.1
const LATE = 0.1
/** How much later a late one comes at most: later than several that were sent after it. */
const LATEST = 200

/** Records whose way to the disk is waited for. */
const RECORDS = ['INTENT', 'ACTIVE', 'DELETING'] as const
/** What makes that nothing is lost and nothing left behind: the syncs, and the records that are waited for. */
export const STEPS = [...SYNCS, ...RECORDS]
export type Step = (typeof STEPS)[number]

/** The router as a machine, and the carrier: all that a daemon's death leaves as it is. */
export class Machine {
  readonly clock = new VirtualClock()
  readonly disk = new MemoryDisk()
  readonly dice: Random
  readonly secret = new Uint8Array(32).fill(7)
  readonly kernel: Kernel
  readonly network: Network
  readonly link: Link
  /** What happened, for whoever looks into a schedule that failed. */
  readonly story: string[] = []
  readonly log: Log
  /** The record that nobody waits for. */
  readonly hasty: ClaimRecord['state'] | undefined
  bootedAt = 0
  #boots = 1

  constructor(seed: number, leftOut?: Step) {
    this.dice = seeded(seed)
    this.disk.leavesOut = SYNCS.find((sync) => sync === leftOut)
    this.hasty = RECORDS.find((state) => state === leftOut)
    this.kernel = new Kernel(() => this.clock.now())
    const told = (level: string) => (fields: object, message: string) =>
      this.tell(`${level}: ${message} ${JSON.stringify(fields)}`)
    this.log = { debug: told('debug'), info: told('info'), warn: told('warn'), error: told('error') }
    this.network = new Network(this.clock, this.dice)
    this.link = new Link(this)
  }

  get bootId(): string {
    return `boot ${this.#boots}`
  }

  readonly date = (): number => TODAY + this.clock.now()

  /** The power fails: the disk loses what was not synced, the kernel everything, and the clock begins anew. */
  reboot(): void {
    this.#boots++
    this.disk.cut(() => this.dice.unit())
    this.kernel.reboot()
    this.bootedAt = this.clock.now()
  }

  tell(what: string): void {
    this.story.push(`${this.clock.now()} ${what}`)
  }
}

/** The line between the router and the carrier. */
export class Link {
  /** Does it lose, repeat and reorder? */
  faulty = true
  readonly #machine: Machine
  #nextPort = 40_000

  constructor(machine: Machine) {
    this.#machine = machine
  }

  connect(life: Life): Connect {
    const { network } = this.#machine
    return (server, client = network.address) => {
      if (!network.owned.has(client)) return Promise.reject(new Error('EADDRNOTAVAIL'))
      const local: Endpoint = { address: client, port: this.#nextPort++ }
      let hear: (packet: Uint8Array, from: Endpoint) => void = () => undefined
      const receive = (bytes: Uint8Array) => {
        if (life.alive && network.owned.has(client)) void life.step('receive', () => hear(bytes, server))
      }
      const arrive = (packet: Uint8Array) => {
        const answers = network.carrierAt(server.address)?.handle(packet, local) ?? []
        for (const { bytes } of answers) this.#carry(() => receive(bytes))
      }
      return Promise.resolve({
        local,
        server,
        send: (packet) => {
          // The kernel sends nothing from an address that the router has no more.
          if (network.owned.has(client)) void life.step('send', () => this.#carry(() => arrive(packet)))
        },
        onMessage: (listener) => {
          hear = listener
        },
        onError: () => undefined,
        close: () => undefined,
      })
    }
  }

  #carry(arrive: () => void): void {
    const { clock, dice } = this.#machine
    if (this.faulty && dice.unit() < LOST) return
    const copies = this.faulty && dice.unit() < TWICE ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const late = this.faulty && dice.unit() < LATE ? dice.unit() * LATEST : 0
      clock.at(millis(clock.now() + 1 + late), arrive)
    }
  }
}
