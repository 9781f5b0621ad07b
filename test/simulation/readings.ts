import type { Happening } from './happening.ts'
import type { Simulation } from './simulation.ts'
import type { Telephone } from './telephone.ts'
import { claimsAt, isSure } from './told.ts'
import { WRONG } from './wrong-calls.ts'

type Of<K extends Happening['kind']> = Extract<Happening, { kind: K }>

/** Whatever asks and changes nothing, and calls that are wrong. */
export class Readings {
  readonly #sim: Simulation
  readonly #telephone: Telephone

  constructor(sim: Simulation, telephone: Telephone) {
    this.#sim = sim
    this.#telephone = telephone
  }

  get({ by: number, externalPort, facade, protocol, remoteHost }: Of<'get'>): void {
    const by = this.#sim.hosts.at(number)
    if (!this.#telephone.reaches(by)) return
    this.#sim.points.adds.recent.push({ by: number, at: this.#sim.now })
    const concerned = claimsAt(this.#sim, protocol, externalPort, remoteHost)
    const sure = concerned.find((told) => isSure(this.#sim, told))
    const args = { NewRemoteHost: remoteHost, NewExternalPort: String(externalPort), NewProtocol: protocol }
    this.#telephone.atOnce(by, facade, 'GetSpecificPortMappingEntry', args, ({ code, out }) => {
      const allowed = sure ? [200] : concerned.length > 0 || facade === 1 ? [200, 714] : [714]
      const what = `GetSpecificPortMappingEntry ${protocol} ${externalPort} ${remoteHost}`
      if (!allowed.includes(code))
        this.#sim.world.blame('get-answer', `${what} is answered ${code}, not ${allowed.join('/')}`)
      if (sure && code === 200 && out['NewInternalClient'] !== sure.client)
        this.#sim.world.blame(
          'get-client',
          `${what} leads to ${out['NewInternalClient'] ?? ''}, not ${sure.client}`,
        )
    })
  }

  getHeld({ by, facade, which }: Of<'get-held'>): void {
    const held = [...this.#sim.promises.live].filter(({ fate }) => fate === 'held')
    const told = held[which % held.length]
    if (!told) return
    const { port: externalPort, protocol, remoteHost } = told
    this.get({ kind: 'get', by, facade, externalPort, protocol, remoteHost })
  }

  /** As tools list a table: by index, until there is no more. */
  walk({ by: number, facade }: Of<'walk' | 'list' | 'ask-state'>): void {
    const by = this.#sim.hosts.at(number)
    if (!this.#telephone.reaches(by)) return
    const count = this.#sim.world.life.core?.iwf.portMappingNumberOfEntries() ?? 0
    for (let index = 0; index <= count; index++)
      this.#telephone.atOnce(
        by,
        facade,
        'GetGenericPortMappingEntry',
        { NewPortMappingIndex: String(index) },
        ({ code }) => {
          if (code !== (index < count ? 200 : 713))
            this.#sim.world.blame('walk-answer', `entry ${index} of ${count} is answered ${code}`)
        },
      )
  }

  list({ by: number }: Of<'walk' | 'list' | 'ask-state'>): void {
    const by = this.#sim.hosts.at(number)
    if (!this.#telephone.reaches(by)) return
    const sure = [...this.#sim.promises.live].filter(
      (told) => told.client === by.address && isSure(this.#sim, told) && this.#sim.checks.shows(told),
    )
    for (const protocol of ['TCP', 'UDP'] as const) {
      const args = {
        NewStartPort: '1024',
        NewEndPort: '65535',
        NewProtocol: protocol,
        NewManage: '0',
        NewNumberOfPorts: '0',
      }
      const mine = sure.filter((told) => told.protocol === protocol && told.port >= 1024)
      this.#telephone.atOnce(by, 2, 'GetListOfPortMappings', args, ({ code, out }) => {
        if (code !== 200 && (code !== 730 || mine.length > 0))
          this.#sim.world.blame('list-answer', `a list is answered ${code}`)
        for (const { tag } of mine)
          if (out['NewPortListing']?.includes(`>${tag}<`) !== true)
            this.#sim.world.blame('list-complete', `the list lacks ${tag}`)
      })
    }
  }

  askState({ by: number, facade }: Of<'walk' | 'list' | 'ask-state'>): void {
    const by = this.#sim.hosts.at(number)
    if (!this.#telephone.reaches(by)) return
    for (const action of [
      'GetExternalIPAddress',
      'GetStatusInfo',
      'GetNATRSIPStatus',
      'GetConnectionTypeInfo',
    ])
      this.#telephone.atOnce(by, facade, action, {}, ({ code }) => {
        if (code !== 200) this.#sim.world.blame('state-answer', `${action} is answered ${code}`)
      })
  }

  hostile({ by: number, facade, which }: Of<'hostile'>): void {
    const by = this.#sim.hosts.at(number)
    const wrong = WRONG[which % WRONG.length]
    if (!wrong || !this.#telephone.reaches(by)) return
    const { action, args, codes } = wrong
    this.#telephone.atOnce(by, facade, action, args, ({ code }) => {
      if (code !== codes[facade])
        this.#sim.world.blame(
          'fault-code',
          `${action} ${JSON.stringify(args)} is answered ${code}, not ${codes[facade]} (:${facade})`,
        )
    })
  }
}
