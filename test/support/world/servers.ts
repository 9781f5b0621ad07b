import type { Random } from '../../../src/lib/clock.ts'
import type { IpAddress } from '../../../src/lib/ip.ts'
import type { Log } from '../../../src/lib/log.ts'
import { millis } from '../../../src/lib/units.ts'
import type { Endpoint } from '../../../src/pcp/socket.ts'
import { PROTOCOL_NUMBER } from '../../../src/pcp/wire/constants.ts'
import { encodeRequest } from '../../../src/pcp/wire/packet.ts'
import { noFaults } from '../../../src/pcp-server/faults.ts'
import { type Datagram, Responder } from '../../../src/pcp-server/responder.ts'
import type { Settings } from '../../../src/pcp-server/settings.ts'
import type { Protocol } from '../../../src/core/types.ts'
import { ip } from '../fake-carrier.ts'
import type { Host } from './network.ts'
import type { WorldClock } from './world-clock.ts'

const ignore = () => undefined
const QUIET: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
/** Another customer of the carrier. */
const NEIGHBOUR = ip('100.64.9.9')

/** A carrier's NAT with its PCP server: the embedded one, at one address or several. */
export class CarrierNat implements Host {
  readonly responder: Responder
  readonly addresses: readonly IpAddress[]
  /** The router's packets come through a NAT that it does not know of. */
  hidden = false
  /** Addresses that are silent, those that say so, and those that answer. */
  readonly #state = new Map<IpAddress, 'silent' | 'refusing'>()
  /** Until when each internal port of the router was granted at most, whatever became of it. */
  readonly grantedUntil = new Map<string, number>()
  #nonce = 0

  constructor(addresses: readonly IpAddress[], settings: Settings, clock: WorldClock, random: Random) {
    this.addresses = addresses
    this.responder = new Responder(settings, { clock, random, log: QUIET })
  }

  /** The address by itself, as the network has it. */
  at(address: IpAddress): Host {
    const isRefusing = () => this.#state.get(address) === 'refusing'
    return {
      get refuses() {
        return isRefusing()
      },
      receive: (bytes, from) => (this.#state.get(address) === 'silent' ? [] : this.receive(bytes, from)),
    }
  }

  readonly refuses = false

  setState(address: IpAddress, state: 'silent' | 'refusing' | 'up'): void {
    if (state === 'up') this.#state.delete(address)
    else this.#state.set(address, state)
  }

  receive(bytes: Uint8Array, from: Endpoint): readonly Datagram[] {
    const seen = this.hidden ? { ...from, address: ip('100.64.7.7') } : from
    const datagrams = this.responder.handle(bytes, seen)
    for (const { client, expiresAt, internalPort, protocol } of this.responder.mappings()) {
      if (client.address === NEIGHBOUR) continue
      const key = `${protocol} ${internalPort}`
      this.grantedUntil.set(key, Math.max(expiresAt, this.grantedUntil.get(key) ?? 0))
    }
    return datagrams
  }

  /** Another customer takes the port for `lifetime` seconds, if it is free. 0 gives it back. */
  occupy(protocol: Protocol, externalPort: number, lifetime: number): void {
    const nonce = new Uint8Array(12).fill(++this.#nonce % 256)
    const held = this.responder
      .mappings()
      .find((one) => one.client.address === NEIGHBOUR && one.external.port === externalPort)
    const map = {
      nonce: held?.nonce ?? nonce,
      protocol: PROTOCOL_NUMBER[protocol],
      internalPort: externalPort,
      externalPort: lifetime === 0 ? 0 : externalPort,
      externalAddress: ip('0.0.0.0'),
    }
    const options = lifetime === 0 ? [] : [{ option: 'PREFER_FAILURE' } as const]
    const request = { clientAddress: NEIGHBOUR, lifetime, body: { opcode: 'MAP', map }, options } as const
    const faults = { ...this.responder.faults }
    Object.assign(this.responder.faults, noFaults())
    this.responder.handle(encodeRequest(request), { address: NEIGHBOUR, port: 5350 })
    Object.assign(this.responder.faults, faults)
  }

  /** All that other customers hold is given back. */
  vacate(): void {
    for (const { client, external, protocol } of this.responder.mappings())
      if (client.address === NEIGHBOUR)
        this.occupy(protocol === PROTOCOL_NUMBER.TCP ? 'TCP' : 'UDP', external.port, 0)
  }

  /** The mappings of customers at `addresses`. */
  of(addresses: readonly IpAddress[]) {
    return this.responder.mappings().filter(({ client }) => addresses.includes(client.address))
  }

  /** All as it should be. */
  heal(): void {
    Object.assign(this.responder.faults, noFaults())
    this.#state.clear()
    this.hidden = false
    this.vacate()
  }

  /** Responses take at least this long. */
  slow(delay: number): void {
    this.responder.faults.delay = millis(delay)
  }
}
