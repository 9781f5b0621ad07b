import type { Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../lib/clock.ts'
import type { Ipv4Address } from '../lib/ip.ts'
import type { Lan } from '../lib/lan.ts'
import type { Log } from '../lib/log.ts'
import { SerialQueues } from '../lib/serial.ts'
import { after, millis } from '../lib/units.ts'
import type { ServiceWorld } from './action.ts'
import { type DescriptionValues, type Descriptors, type Documents, documentsFor } from './description.ts'
import { edgeOf } from './edge.ts'
import { buildApp } from './http/app.ts'
import { Connections } from './http/connections.ts'
import { type ListenerPorts, closeListener, endsOf, openListener } from './http/listener.ts'

export interface HttpOptions {
  readonly clock: Clock
  readonly log: Log
  readonly descriptors: Descriptors
  readonly values: DescriptionValues
  readonly world: ServiceWorld
  /** SERVER header: OS/version UPnP/1.1 product/version. */
  readonly serverHeader: string
  /** Further routes, registered behind the same edge. */
  readonly routes: readonly ((app: FastifyInstance) => void)[]
}

/** After this an address that could not be listened on is tried again. */
const RETRY = millis(10_000)

/** The HTTP side of the device: one app, one listener per LAN address, and never one anywhere else. */
export class UpnpHttp {
  readonly #options: HttpOptions
  readonly #app: FastifyInstance
  readonly #ports: ListenerPorts
  readonly #listeners = new Map<Ipv4Address, Server>()
  readonly #documents = new Map<Ipv4Address, Documents>()
  readonly #turns = new SerialQueues<'lans'>()
  #lans: readonly Lan[] = []
  #retry: Disposable | undefined

  constructor(options: HttpOptions) {
    this.#options = options
    this.#app = buildApp({
      ...options,
      paths: [...options.descriptors.keys()].map((name) => `/${name}`),
      documents: (address) => this.#documents.get(address),
      lans: () => this.#lans,
      endsOf,
    })
    this.#ports = {
      log: options.log,
      handler: (request, response) => this.#app.routing(request, response),
      connections: new Connections(),
      isFromLan: (ends) => edgeOf(ends, this.#lans) !== undefined,
    }
  }

  /** Listens on these LANs. Rejects when an address or the port cannot be had. */
  async start(lans: readonly Lan[]): Promise<void> {
    await this.#app.ready()
    await this.#turns.run('lans', () => this.#listenOn(lans))
  }

  /** Listens on exactly these LANs from now on. One that cannot be had is reported and tried again. */
  async setLans(lans: readonly Lan[]): Promise<void> {
    await this.#turns.run('lans', async () => {
      this.#retry?.[Symbol.dispose]()
      try {
        await this.#listenOn(lans)
      } catch (error) {
        const { clock, log } = this.#options
        log.warn({ error }, 'HTTP: cannot listen on a LAN; will try again')
        this.#retry = clock.at(after(clock.now(), RETRY), () => void this.setLans(lans))
      }
    })
  }

  async stop(): Promise<void> {
    await this.#turns.run('lans', async () => {
      this.#retry?.[Symbol.dispose]()
      await this.#listenOn([])
    })
    await this.#app.close()
  }

  /** Rejects when an address or the port cannot be had; the others are listened on all the same. */
  async #listenOn(lans: readonly Lan[]): Promise<void> {
    this.#lans = lans
    const wanted = new Set(lans.map(({ address }) => address))
    for (const address of [...this.#listeners.keys()]) if (!wanted.has(address)) this.#close(address)
    const missing = [...wanted].filter((address) => !this.#listeners.has(address))
    const opening = missing.map((address) => this.#open(address))
    await Promise.allSettled(opening)
    await Promise.all(opening)
  }

  async #open(address: Ipv4Address): Promise<void> {
    const { descriptors, values } = this.#options
    const server = await openListener({ address, port: values.httpPort }, this.#ports)
    this.#listeners.set(address, server)
    this.#documents.set(address, documentsFor(descriptors, values, address))
  }

  #close(address: Ipv4Address): void {
    const server = this.#listeners.get(address)
    if (server) closeListener(server)
    this.#listeners.delete(address)
    this.#documents.delete(address)
  }
}
