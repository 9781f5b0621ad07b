import { isUnspecified, type IpAddress } from '../lib/ip.ts'
import type { Changes } from './changes.ts'
import type { PcpOutcome } from './ports.ts'
import type { ConnectionStatus } from './types.ts'

/**
 * What the carrier's answers tell about the connection: the external address (RFC 6970 §4.1: of the last
 * response, nothing before that) and whether anybody answers.
 */
export class ExternalAddress {
  readonly #changes: Changes
  #address: IpAddress | undefined
  #status: ConnectionStatus = 'Connecting'

  constructor(changes: Changes) {
    this.#changes = changes
  }

  get address(): IpAddress | undefined {
    return this.#address
  }

  get status(): ConnectionStatus {
    return this.#status
  }

  /** Takes in the end of an exchange that was retransmitted as long as it could be. */
  heard(outcome: PcpOutcome): void {
    if (outcome.kind === 'silent') {
      this.#set(this.#address, 'Disconnected')
      return
    }
    const assigned = outcome.kind === 'granted' ? outcome.external.address : undefined
    const known = assigned !== undefined && !isUnspecified(assigned) ? assigned : this.#address
    this.#set(known, known === undefined ? 'Connecting' : 'Connected')
  }

  /** It may be another one now; until it is known the last one is shown. */
  doubt(): void {
    if (this.#status === 'Connected') this.#set(this.#address, 'Connecting')
  }

  #set(address: IpAddress | undefined, status: ConnectionStatus): void {
    if (address === this.#address && status === this.#status) return
    this.#address = address
    this.#status = status
    this.#changes.notify()
  }
}
