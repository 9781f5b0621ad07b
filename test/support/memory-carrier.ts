import type { Clock, Random } from '../../src/lib/clock.ts'
import type { Log } from '../../src/lib/log.ts'
import { after } from '../../src/lib/units.ts'
import type { Endpoint, PcpSocket } from '../../src/pcp/socket.ts'
import { Responder } from '../../src/pcp-server/responder.ts'
import { DEFAULT_SETTINGS, type Settings } from '../../src/pcp-server/settings.ts'
import { ip } from './fake-carrier.ts'

export const SERVER: Endpoint = { address: ip('100.64.0.1'), port: 5351 }
const QUIET: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** The embedded PCP server with no network between: datagrams take a millisecond, or what its faults say. */
export class MemoryCarrier {
  readonly responder: Responder
  /** Datagrams that reached the server. */
  received = 0
  readonly #clock: Clock
  #nextPort = 40_000

  constructor(clock: Clock, random: Random, settings: Partial<Settings> = {}) {
    this.#clock = clock
    this.responder = new Responder({ ...DEFAULT_SETTINGS, ...settings }, { clock, random, log: QUIET })
  }

  readonly connect = (server: Endpoint): Promise<PcpSocket> => {
    const local: Endpoint = { address: ip('100.64.0.2'), port: this.#nextPort++ }
    let hear: (packet: Uint8Array, from: Endpoint) => void = () => undefined
    let open = true
    return Promise.resolve({
      local,
      server,
      send: (packet) => {
        if (!open) return
        this.received++
        for (const { after: wait, bytes } of this.responder.handle(packet, local))
          this.#clock.at(after(this.#clock.now(), wait), () => {
            if (open) hear(bytes, server)
          })
      },
      onMessage: (listener) => {
        hear = listener
      },
      onError: () => undefined,
      close: () => {
        open = false
      },
    })
  }
}
