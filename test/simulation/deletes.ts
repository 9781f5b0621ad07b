import type { IgdVersion } from '../../src/core/types.ts'
import type { Happening } from './happening.ts'
import type { LanHost } from './hosts.ts'
import { mayDelete } from './policy.ts'
import type { Pending, Told } from './promises.ts'
import type { Simulation } from './simulation.ts'
import type { Telephone } from './telephone.ts'
import { claimsAt, isSure } from './told.ts'

type Of<K extends Happening['kind']> = Extract<Happening, { kind: K }>

/** DeletePortMapping and DeletePortMappingRange. */
export class Deletes {
  readonly #sim: Simulation
  readonly #telephone: Telephone

  constructor(sim: Simulation, telephone: Telephone) {
    this.#sim = sim
    this.#telephone = telephone
  }

  delete({ by, facade, own, which }: Of<'delete'>): void {
    const { promises, hosts } = this.#sim
    const known = [...promises.live].filter(({ fate, port: at }) => fate !== 'asked' && at !== 0)
    const told = known[which % known.length]
    if (!told) return
    const owner = hosts.all.findIndex(({ address }) => address === told.client)
    const { port: externalPort, protocol, remoteHost } = told
    this.deletePort({ kind: 'delete-port', by: own ? owner : by, facade, protocol, externalPort, remoteHost })
  }

  deletePort({ by: number, externalPort, facade, protocol, remoteHost }: Of<'delete-port'>): void {
    const { hosts, promises } = this.#sim
    const by = hosts.at(number)
    if (!this.#telephone.reaches(by)) return
    const concerned = claimsAt(this.#sim, protocol, externalPort, remoteHost)
    const settled = concerned.filter(({ fate }) => fate !== 'asked')
    const [sure] = concerned.filter((told) => isSure(this.#sim, told))
    const scope = { protocol, first: externalPort, last: externalPort, onlyOf: undefined }
    const pending = promises.begin(scope, this.#sim.now)
    for (const told of settled) if (this.#mayDelete(by, told)) promises.turn(told, 'unsure')
    const args = {
      NewRemoteHost: remoteHost,
      NewExternalPort: String(externalPort),
      NewProtocol: protocol,
    }
    this.#telephone.call(by, facade, 'DeletePortMapping', args, ({ code }) => {
      promises.end(pending)
      const expected = this.#expectedDelete(facade, by, sure, concerned, pending)
      const what = `DeletePortMapping ${protocol} ${externalPort} ${remoteHost} by ${by.address}`
      if (!expected.has(code))
        this.#sim.world.blame('delete-answer', `${what} is answered ${code}, not ${[...expected].join('/')}`)
      const isGone = code === 200 || (code === 714 && facade === 2)
      for (const told of settled)
        if (isGone && promises.live.has(told)) promises.deleted(told, this.#sim.diskTakes())
    })
  }

  #expectedDelete(
    facade: IgdVersion,
    by: LanHost,
    sure: Told | undefined,
    concerned: readonly Told[],
    { clean }: Pending,
  ): ReadonlySet<number> {
    const refusal = facade === 2 ? 606 : 714
    const may = (told: Told) => this.#mayDelete(by, told)
    if (!clean || (concerned.length > 0 && !sure)) return new Set([200, 714, refusal])
    if (!sure) return new Set([714])
    // Its lease may have ended, or its host gone, while the call was on its way.
    if (sure.endsFrom <= this.#sim.now) return new Set([200, 714, refusal])
    return new Set([may(sure) ? 200 : refusal])
  }

  #mayDelete(by: LanHost, told: Told): boolean {
    const client = this.#sim.hosts.all.findIndex(({ address }) => address === told.client)
    const { internalPort, port: externalPort } = told
    return (
      !told.static && mayDelete(this.#sim.rules, { caller: by.number, client, externalPort, internalPort })
    )
  }

  deleteRange({ by: number, first, last, manage, protocol }: Of<'delete-range'>): void {
    const { hosts, promises } = this.#sim
    const by = hosts.at(number)
    if (!this.#telephone.reaches(by)) return
    const isManaging = manage && this.#sim.rules === 'by' && number === 3
    const concerned = [...promises.live].filter(
      (told) =>
        told.fate !== 'asked' &&
        told.protocol === protocol &&
        told.port >= first &&
        told.port <= last &&
        (told.client === by.address || isManaging),
    )
    const pending = promises.begin({ protocol, first, last, onlyOf: undefined }, this.#sim.now)
    const args = {
      NewStartPort: String(first),
      NewEndPort: String(last),
      NewProtocol: protocol,
      NewManage: manage ? '1' : '0',
    }
    const mine = concerned.filter((told) => this.#mayDelete(by, told))
    const sure = mine.some((told) => isSure(this.#sim, told))
    for (const told of mine) promises.turn(told, 'unsure')
    this.#telephone.call(by, 2, 'DeletePortMappingRange', args, ({ code }) => {
      promises.end(pending)
      const allowed = first > last ? [733] : sure && pending.clean ? [200] : [200, 606, 730]
      if (!allowed.includes(code))
        this.#sim.world.blame(
          'range-answer',
          `DeletePortMappingRange ${first}-${last} is answered ${code}, not ${allowed.join('/')}`,
        )
      for (const told of mine) {
        if (code === 200 && promises.live.has(told)) promises.deleted(told, this.#sim.diskTakes())
      }
    })
  }
}
