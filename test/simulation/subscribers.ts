import type { Notify } from '../../src/upnp/gena/notify.ts'
import type { Happening } from './happening.ts'
import type { LanHost } from './hosts.ts'
import type { Simulation } from './simulation.ts'
import type { Telephone } from './telephone.ts'

type Of<K extends Happening['kind']> = Extract<Happening, { kind: K }>

/** A subscriber, and what it knows. */
interface Subscriber {
  readonly host: LanHost
  readonly behaviour: 'takes' | 'refuses' | 'hangs'
  readonly until: number
  nextSeq: number
  readonly values: Map<string, string>
}

/** Who wants events (GENA). */
export class Subscribers {
  readonly #sim: Simulation
  readonly #telephone: Telephone
  readonly #subscribers = new Map<string, Subscriber>()

  constructor(sim: Simulation, telephone: Telephone) {
    this.#sim = sim
    this.#telephone = telephone
  }

  subscribe({ behaviour, by: number, facade, timeout }: Of<'subscribe'>): void {
    const by = this.#sim.hosts.at(number)
    const { life } = this.#sim.world
    if (!this.#telephone.reaches(by)) return
    const sid = `uuid:${this.#telephone.nextNumber()}`
    const until = this.#sim.now + timeout * 1000
    this.#subscribers.set(sid, { host: by, behaviour, until, nextSeq: 0, values: new Map() })
    life.front.notify = (notify, signal) => this.#notified(notify, signal)
    life.front.subscribe(by.address, facade, timeout, sid)
  }

  /** The router forgot them. */
  forget(): void {
    this.#subscribers.clear()
  }

  /** What subscribers that take everything know, against how it is. */
  check(): void {
    const { iwf } = this.#sim.world.life.core ?? {}
    if (!iwf) return
    const now: readonly (readonly [string, string])[] = [
      ['ExternalIPAddress', iwf.externalIpAddress()],
      ['ConnectionStatus', iwf.connectionStatus()],
      ['PortMappingNumberOfEntries', String(iwf.portMappingNumberOfEntries())],
    ]
    for (const [sid, { behaviour, until, values }] of this.#subscribers)
      for (const [name, value] of now)
        if (behaviour === 'takes' && until > this.#sim.now && values.get(name) !== value)
          this.#sim.world.blame(
            'event-told',
            `subscriber ${sid} believes ${name} is ${values.get(name) ?? 'unknown'}, not ${value}`,
          )
  }

  async #notified({ body, headers, to }: Notify, signal: AbortSignal): Promise<number> {
    const subscriber = this.#subscribers.get(headers['SID'] ?? '')
    if (!subscriber) return 412
    const { behaviour, values } = subscriber
    this.#checkNotify(subscriber, { headers, to })
    subscriber.nextSeq++
    if (behaviour === 'refuses') return 500
    if (behaviour === 'hangs')
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    if (signal.aborted) throw new Error('too late')
    for (const [, name = '', value = ''] of body.toString().matchAll(/<e:property><(\w+)>([^<]*)</g))
      values.set(name, value)
    return 200
  }

  #checkNotify({ host, nextSeq, until }: Subscriber, { headers, to }: Pick<Notify, 'headers' | 'to'>): void {
    const { now, world } = this.#sim
    if (to.address !== host.address)
      world.blame('event-to-subscriber', `an event of ${host.address} goes to ${to.address}`)
    if (now > until) world.blame('event-in-time', `an event goes to ${host.address} after its subscription`)
    if (Number(headers['SEQ']) !== nextSeq)
      world.blame('event-key', `SEQ is ${headers['SEQ'] ?? ''}, not ${nextSeq}`)
  }
}
