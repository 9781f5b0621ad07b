import type { Changes } from '../../core/changes.ts'
import type { Service, ServiceWorld } from '../action.ts'
import { Delivery, type DeliveryPorts } from './delivery.ts'
import { millis } from '../../lib/units.ts'
import { eventedValues } from './events.ts'
import type { Subscription } from './subscriptions.ts'

/** How often is looked at what nobody tells of, such as the link of the WAN, while somebody is subscribed. */
const LOOK = millis(2000)

/** Tells all subscribers of each change, each at its own pace: none waits for another. */
export class Notifier {
  readonly #ports: DeliveryPorts
  readonly #world: ServiceWorld
  readonly #deliveries = new Map<Subscription, Delivery>()
  #listening: Disposable | undefined
  #noticed = false
  #looking: Disposable | undefined

  constructor(ports: DeliveryPorts, world: ServiceWorld) {
    this.#ports = ports
    this.#world = world
  }

  start(changes: Pick<Changes, 'listen'>): void {
    this.#listening = changes.listen(() => this.#notice())
  }

  stop(): void {
    this.#listening?.[Symbol.dispose]()
    for (const subscription of [...this.#deliveries.keys()]) this.end(subscription)
  }

  /** Sends the initial event, and from then on what changes. Only after the 200 of SUBSCRIBE is out (UDA 1.1 §4.1). */
  begin(subscription: Subscription, service: Service): void {
    this.#forgetExpired()
    const read = () => eventedValues(service, this.#world)
    const delivery = new Delivery(this.#ports, subscription, read)
    this.#deliveries.set(subscription, delivery)
    this.#update(delivery)
    this.#looking ??= this.#ports.clock.every(LOOK, () => this.#updateAll())
  }

  end(subscription: Subscription): void {
    this.#deliveries.get(subscription)?.end()
    this.#deliveries.delete(subscription)
    if (this.#deliveries.size > 0) return
    this.#looking?.[Symbol.dispose]()
    this.#looking = undefined
  }

  /** The last event did not arrive. */
  isFailing(subscription: Subscription): boolean {
    return this.#deliveries.get(subscription)?.failing === true
  }

  /**
   * Looks when whatever changes has changed: what belongs together, such as SystemUpdateID and
   * PortMappingNumberOfEntries, goes out in one event (WANIPConnection:2 §2.3.23).
   */
  #notice(): void {
    if (this.#noticed) return
    this.#noticed = true
    queueMicrotask(() => {
      this.#noticed = false
      this.#updateAll()
    })
  }

  #updateAll(): void {
    this.#forgetExpired()
    for (const delivery of this.#deliveries.values()) this.#update(delivery)
  }

  #update(delivery: Delivery): void {
    delivery
      .update()
      .catch((error: unknown) =>
        this.#ports.log.error({ error: String(error) }, 'events: a delivery failed, which is a bug'),
      )
  }

  #forgetExpired(): void {
    const now = this.#ports.clock.now()
    for (const subscription of [...this.#deliveries.keys()])
      if (subscription.expires <= now) this.end(subscription)
  }
}
