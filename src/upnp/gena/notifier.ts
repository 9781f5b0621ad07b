import type { Changes } from '../../core/changes.ts'
import type { Service, ServiceWorld } from '../action.ts'
import { Delivery, type DeliveryPorts } from './delivery.ts'
import { eventedValues } from './events.ts'
import type { Subscription } from './subscriptions.ts'

/** Tells all subscribers of each change, each at its own pace: none waits for another. */
export class Notifier {
  readonly #ports: DeliveryPorts
  readonly #world: ServiceWorld
  readonly #deliveries = new Map<Subscription, Delivery>()
  #listening: Disposable | undefined
  #noticed = false

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
  }

  end(subscription: Subscription): void {
    this.#deliveries.get(subscription)?.end()
    this.#deliveries.delete(subscription)
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
      this.#forgetExpired()
      for (const delivery of this.#deliveries.values()) this.#update(delivery)
    })
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
