import type { Interworking } from '../../../src/interworking.ts'
import type { Surroundings } from '../../../src/main.ts'
import type { Send } from '../../../src/upnp/gena/notify.ts'
import type { SoapCall, SoapReply } from './front.ts'

/** What stands in for a part of the daemon or of what is around it: a broken one, to see that somebody notices. */
export interface StandIns {
  /** The kernel, the disk, the line, the clock: all that the daemon meets. */
  surroundings: (real: Surroundings) => Surroundings
  /** The interworking function, as the LAN meets it. */
  core: (real: Interworking) => Interworking
  /** What the LAN is answered. */
  reply: (call: SoapCall, real: SoapReply) => SoapReply | Promise<SoapReply>
  /** How an event leaves. */
  send: (real: Send) => Send
}

/** The parts themselves. */
export const noStandIns = (): StandIns => ({
  surroundings: (real) => real,
  core: (real) => real,
  reply: (_call, real) => real,
  send: (real) => real,
})

/** The part, with `changes` in place of what it would do itself. */
export function instead<Part extends object>(part: Part, changes: Partial<Part>): Part {
  return new Proxy(part, {
    get: (real, name) => {
      const changed: unknown = Reflect.get(changes, name)
      if (changed !== undefined) return changed
      const own: unknown = Reflect.get(real, name, real)
      return typeof own === 'function' ? (own.bind(real) as unknown) : own
    },
  })
}
