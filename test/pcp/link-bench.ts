import { sharedAbort } from '../../src/lib/abort.ts'
import { Announcements } from '../../src/pcp/announcements.ts'
import { epochMemory } from '../../src/pcp/epoch-memory.ts'
import { serverLinks } from '../../src/pcp/server-links.ts'
import type { Endpoint } from '../../src/pcp/socket.ts'
import { seeded } from '../support/dice.ts'
import { MemoryCarrier, SERVER } from '../support/memory-carrier.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { wanted } from './client-bench.ts'
import { ipv4 as ip } from './literals.ts'

/** A link to a server that speaks NAT-PMP alone, unless told otherwise. */
export async function linked({
  natPmp = 'auto',
  natPmpOnly = true,
}: {
  natPmp?: 'auto' | 'off'
  natPmpOnly?: boolean
} = {}) {
  const clock = new VirtualClock()
  const random = seeded(1)
  const carrier = new MemoryCarrier(clock, random)
  carrier.responder.faults.natPmpOnly = natPmpOnly
  const announcements = new Announcements()
  const told: string[] = []
  const lines: string[] = []
  const unreachable: string[] = []
  const line = (_fields: object, message: string) => void lines.push(message)
  const connects: Endpoint[] = []
  const routes = { down: false }
  const { links } = serverLinks([SERVER], {
    clock,
    random,
    natPmp,
    source: 'static',
    epochs: epochMemory(undefined, () => undefined),
    log: { debug: line, info: line, warn: line, error: line },
    secret: new Uint8Array(32),
    announcements,
    ipv4: () => ip('100.64.0.2'),
    connect: async (server) => {
      if (routes.down) throw new Error('ENETUNREACH')
      connects.push(server)
      return await carrier.connect(server)
    },
    events: {
      switched: () => undefined,
      lost: () => undefined,
      lostState: () => void told.push('lost'),
      returned: () => undefined,
      doubtful: () => void told.push('doubt'),
      mappingUpdate: () => undefined,
    },
  })
  /** A link that knows nothing of those before. */
  const open = async () => {
    const opened = await links[0]?.({
      heard: () => undefined,
      unreachable: (why) => void unreachable.push(why),
      inUse: () => true,
    })
    if (!opened) throw new Error('no link')
    return opened
  }
  const link = await open()
  const stop = sharedAbort()
  const map = async () => {
    const outcome = link.map(wanted, stop.signal)
    await clock.advance(100)
    return await outcome
  }
  return { announcements, carrier, clock, connects, lines, link, map, open, routes, stop, told, unreachable }
}
