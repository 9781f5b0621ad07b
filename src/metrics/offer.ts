import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { SerialQueues } from '../lib/serial.ts'
import { after, millis } from '../lib/units.ts'
import { openExporter } from './exporter.ts'
import type { Facts } from './facts.ts'
import type { Meters } from './meters.ts'
import { describePlaceError, isAbsent, nameOfPlace, type Place } from './place.ts'
import type { Prometheus } from './prometheus.ts'

/** How often an address is tried that no interface has yet. */
const RETRY = millis(10_000)

interface Nowhere {
  readonly kind: 'nowhere'
}

const NOWHERE: Nowhere = { kind: 'nowhere' }
const nothing = (): Promise<void> => Promise.resolve()

interface OfferParts {
  readonly clock: Clock
  readonly log: Log
  readonly meters: Meters
  readonly facts: () => Facts
}

/** Offers the metrics at one place, or nowhere: then nothing of what makes them is loaded. */
export class MetricsOffer {
  readonly #parts: OfferParts
  readonly #turns = new SerialQueues<'use'>()
  #prometheus: Prometheus | undefined
  #wanted: Place | Nowhere = NOWHERE
  #close: () => Promise<void> = nothing
  #retry: Disposable | undefined

  constructor(parts: OfferParts) {
    this.#parts = parts
  }

  /** From now on they are offered there alone. Rejects with one clear sentence where that cannot be; then nowhere. */
  async use(place: Place | Nowhere): Promise<void> {
    this.#wanted = place
    await this.#turns.run('use', async () => {
      await this.#end()
      await this.#begin(place)
    })
  }

  async stop(): Promise<void> {
    await this.use(NOWHERE)
  }

  async #end(): Promise<void> {
    this.#retry?.[Symbol.dispose]()
    const close = this.#close
    this.#close = nothing
    await close()
  }

  async #begin(place: Place | Nowhere, isRetry = false): Promise<void> {
    if (place.kind === 'nowhere' || this.#wanted !== place) return
    const { log } = this.#parts
    const prometheus = await this.#loaded()
    try {
      this.#close = await openExporter(place, { expose: () => prometheus.expose(), log })
    } catch (error) {
      if (!isAbsent(error)) throw new Error(describePlaceError(error, place), { cause: error })
      const fields = { address: nameOfPlace(place) }
      if (!isRetry) log.warn(fields, 'metrics.listen: no interface has this address yet; waiting for it')
      this.#tryLater(place)
    }
  }

  /** The address of a LAN may come later than we do. */
  #tryLater(place: Place): void {
    const { clock, log } = this.#parts
    this.#retry = clock.at(after(clock.now(), RETRY), () => {
      this.#turns
        .run('use', () => this.#begin(place, true))
        .catch((error: unknown) => log.error({ why: String(error) }, 'the metrics are offered nowhere'))
    })
  }

  async #loaded(): Promise<Prometheus> {
    if (this.#prometheus) return this.#prometheus
    const { facts, meters } = this.#parts
    const { Prometheus } = await import('./prometheus.ts')
    const made = new Prometheus(facts)
    meters.add(made)
    this.#prometheus = made
    return made
  }
}
