import { Adds } from './adds.ts'
import { Deletes } from './deletes.ts'
import { Operator } from './operator.ts'
import { Readings } from './readings.ts'
import type { Simulation } from './simulation.ts'
import { Subscribers } from './subscribers.ts'
import { Telephone } from './telephone.ts'

/** No refusal holds for longer (RFC 6887 §11.3: a day). */
export const REFUSED = 97_200_000

/** The programs on the LAN that speak UPnP, and the operator. */
export class ControlPoints {
  readonly #sim: Simulation
  readonly telephone: Telephone
  readonly adds: Adds
  readonly deletes: Deletes
  readonly readings: Readings
  readonly operator: Operator
  readonly subscribers: Subscribers

  constructor(sim: Simulation) {
    this.#sim = sim
    this.telephone = new Telephone(sim)
    this.adds = new Adds(sim, this.telephone)
    this.deletes = new Deletes(sim, this.telephone)
    this.readings = new Readings(sim, this.telephone)
    this.operator = new Operator(sim, this.telephone)
    this.subscribers = new Subscribers(sim, this.telephone)
  }

  /** Nobody will answer any more. */
  abandon(): void {
    this.telephone.waits.abandon()
    this.subscribers.forget()
  }

  /** At rest: a mapping that nobody has yet is made, leads to its host, and is gone when it is deleted. */
  async proveItWorks(): Promise<void> {
    const { clock } = this.#sim.world
    this.#sim.reload('none', 64)
    const { carrier, profile, promises } = this.#sim
    const held = this.#sim.checks.all()
    const room = Math.min(
      profile.total,
      carrier.responder.settings.quota,
      profile.wanPorts.last - profile.wanPorts.first,
    )
    if (held >= room) return
    const host = [...this.#sim.hosts.all].find(({ address }) => this.#sim.checks.entriesOf(address) < 60)
    if (!host) return
    const call = {
      by: host.number,
      client: host.number,
      facade: 2,
      protocol: 'TCP',
      externalPort: 41_234,
    } as const
    this.#sim.world.tell(() => '- does it work?')
    const add = { ...call, kind: 'add', internalPort: 9100, remoteHost: '', lease: 3600 } as const
    this.adds.add(add)
    await clock.advance(5000)
    if (promises.at('TCP', 41_234).length === 0) {
      // What the carrier refused is not asked of it again before that is over.
      await clock.advance(REFUSED)
      this.adds.add(add)
      await clock.advance(5000)
    }
    const [told] = promises.at('TCP', 41_234)
    this.subscribers.check()
    if (told?.fate !== 'held') this.#sim.world.blame('works-add', 'at rest a mapping cannot be made')
    this.deletes.deletePort({ ...call, kind: 'delete-port', remoteHost: '' })
    await clock.advance(5000)
    this.#sim.checks.all()
    this.subscribers.check()
    if (told && promises.live.has(told))
      this.#sim.world.blame('works-delete', 'at rest a mapping cannot be deleted')
    if (carrier.responder.mappings().some(({ external }) => external.port === 41_234))
      this.#sim.world.blame('works-delete-upstream', 'the carrier keeps a mapping that was deleted at rest')
  }
}
