import type { Clock, Random } from '../../lib/clock.ts'
import type { Lan } from '../../lib/lan.ts'
import type { Log } from '../../lib/log.ts'
import { type Millis, after } from '../../lib/units.ts'
import { Advertiser } from './advertiser.ts'
import { type MessageSet, SSDP_GROUP, SSDP_PORT, type SsdpMessage } from './message.ts'
import type { GroupSocket, LanSocket } from './sockets.ts'

export interface PresencePorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly encode: (message: SsdpMessage) => Uint8Array
}

interface Recipient {
  readonly address: string
  readonly port: number
}

const GROUP: Recipient = { address: SSDP_GROUP, port: SSDP_PORT }

/** The device on one LAN: whatever it says there leaves through the socket of that LAN. */
export class Presence {
  readonly lan: Lan
  readonly #ports: PresencePorts
  readonly #socket: LanSocket
  /** There may be another one than before. */
  readonly #group: () => GroupSocket
  readonly #advertiser: Advertiser
  readonly #closing = new AbortController()

  constructor(ports: PresencePorts, lan: Lan, socket: LanSocket, group: () => GroupSocket) {
    this.lan = lan
    this.#ports = ports
    this.#socket = socket
    this.#group = group
    this.#advertiser = new Advertiser(ports.clock, ports.random, (set, signal) => this.#notify(set, signal))
  }

  /** False when the interface cannot be used: it is gone, or the socket of the group has enough of new ones. */
  takeInterface(): boolean {
    try {
      this.#group().join(this.lan.address)
      this.#socket.takeInterface()
      return true
    } catch (error) {
      this.#ports.log.warn({ error, lan: this.lan.name }, 'SSDP: cannot use the interface of this LAN')
      return false
    }
  }

  /** Sends `opening`, then `alive` until told something else. */
  announce(opening: MessageSet, alive: MessageSet): void {
    this.#advertiser.announce(opening, alive)
  }

  /** Sends `answers` to `to` after `wait`, unless the LAN is left before. */
  answer(answers: MessageSet, to: Recipient, wait: Millis): void {
    const { clock } = this.#ports
    clock.at(after(clock.now(), wait), () => void this.#send(answers, to, this.#closing.signal))
  }

  /** Says `byebye` and leaves the LAN; resolves when that has been sent and the socket is closed. */
  async withdraw(byebye: MessageSet): Promise<void> {
    this.#closing.abort()
    await this.#advertiser.withdraw(byebye)
    await this.leave()
  }

  /** Leaves the LAN without a word. */
  async leave(): Promise<void> {
    this.#closing.abort()
    this.#advertiser.cease()
    try {
      this.#group().leave(this.lan.address)
    } catch (error) {
      this.#ports.log.debug({ error, lan: this.lan.name }, 'SSDP: was not in the group')
    }
    await this.#socket.close()
  }

  async #notify(set: MessageSet, signal: AbortSignal): Promise<void> {
    // An interface that was made anew under its old name has another number, and no membership in the group.
    if (!this.#closing.signal.aborted) this.takeInterface()
    await this.#send(set, GROUP, signal)
  }

  async #send(set: MessageSet, { port, address }: Recipient, signal: AbortSignal): Promise<void> {
    const { encode, log } = this.#ports
    try {
      for (const message of set) {
        if (signal.aborted) return
        await this.#socket.send(encode(message), port, address)
      }
    } catch (error) {
      log.debug({ error, lan: this.lan.name, address }, 'SSDP: cannot send')
    }
  }
}
