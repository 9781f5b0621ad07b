import type { OpenFront } from '../../../src/front.ts'
import type { IgdVersion } from '../../../src/core/types.ts'
import type { Ipv4Address } from '../../../src/lib/ip.ts'
import { after, millis, port, seconds, toMillis } from '../../../src/lib/units.ts'
import type { ServiceWorld } from '../../../src/upnp/action.ts'
import { control } from '../../../src/upnp/control.ts'
import { FACADE } from '../../../src/upnp/facade.ts'
import { Notifier } from '../../../src/upnp/gena/notifier.ts'
import type { Notify } from '../../../src/upnp/gena/notify.ts'
import type { Subscription } from '../../../src/upnp/gena/subscriptions.ts'
import { ip } from '../fake-carrier.ts'
import type { Life } from './life.ts'

/** A call on its way to the router. */
export interface SoapCall {
  readonly peer: Ipv4Address
  readonly facade: IgdVersion
  readonly soapAction: string
  readonly body: string
}

export interface SoapReply {
  readonly status: 200 | 500
  readonly body: string
}

/** What a LAN meets of the daemon: control and events without sockets. Descriptions and SSDP are nobody's concern here. */
export class SimulatedFront {
  readonly #life: Life
  #services: ServiceWorld | undefined
  #notifier: Notifier | undefined
  /** How a NOTIFY ends: with the status of the subscriber's answer, or not at all. */
  notify: (notify: Notify, signal: AbortSignal) => Promise<number> = () => Promise.resolve(200)

  constructor(life: Life) {
    this.#life = life
  }

  readonly open: OpenFront = (live, { clock, log }, real, closers) => {
    const { standIns } = this.#life.habitat
    const core = standIns.core(real)
    this.#life.core = core
    const started = clock.now()
    const services: ServiceWorld = {
      gateway: core.iwf,
      wan: {
        up: () => this.#life.habitat.router.addresses.length > 0,
        upstreamBps: live.current.igd.upstreamBps,
        downstreamBps: live.current.igd.downstreamBps,
        counters: () => ({ bytesSent: 0, bytesReceived: 0, packetsSent: 0, packetsReceived: 0 }),
      },
      uptime: () => Math.floor((clock.now() - started) / 1000),
      now: () => clock.now(),
      connectionUdn: 'uuid:0',
      options: live.current.igd,
      answered: () => undefined,
    }
    const send = standIns.send((notify, signal) =>
      this.#life.step('notify', () => this.notify(notify, signal)),
    )
    const notifier = new Notifier({ clock, log, send }, services)
    notifier.start(core.context.changes)
    closers.defer(() => notifier.stop())
    this.#services = services
    this.#notifier = notifier
    closers.defer(() => {
      this.#services = undefined
    })
    const followers = { http: FOLLOWS, ssdp: FOLLOWS, announce: () => Promise.resolve() }
    return Promise.resolve(followers)
  }

  /** Does it listen? */
  get listens(): boolean {
    return this.#services !== undefined && this.#life.alive
  }

  /** The answer, unless the daemon dies before that has left. */
  async call(call: SoapCall): Promise<SoapReply> {
    const { body, facade, peer, soapAction } = call
    const services = FACADE[facade]['wan-ip-connection']
    if (!this.#services || !services) throw new Error('nobody listens')
    const { log, standIns } = this.#life.habitat
    const answer = await control(this.#services, log, { services, soapAction, body: Buffer.from(body), peer })
    const reply = await standIns.reply(call, answer)
    return await this.#life.step('answer', () => reply)
  }

  /** Subscribes the host to WANIPConnection for `timeout` seconds. */
  subscribe(host: Ipv4Address, facade: IgdVersion, timeout: number, sid: string): void {
    const [service] = FACADE[facade]['wan-ip-connection'] ?? []
    if (!this.#notifier || !service) return
    const { clock } = this.#life.habitat.router
    const subscription: Subscription = {
      host,
      lanAddress: ip('192.168.1.1'),
      path: `/igd${facade}/event/wan-ip-connection`,
      callbacks: [{ address: host, port: PORT, path: '/' }],
      sid,
      expires: millis(after(clock.now(), toMillis(seconds(timeout))) - this.#life.habitat.router.bootedAt),
    }
    this.#notifier.begin(subscription, service)
  }
}

const FOLLOWS = { setLans: () => Promise.resolve() }
const PORT = port(49_152)
