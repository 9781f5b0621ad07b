import { assembleCore } from '../../src/core/assemble.ts'
import { NOTHING_SAVED } from '../../src/core/record.ts'
import type { Limits } from '../../src/core/policy.ts'
import type { Ipv4Address } from '../../src/lib/ip.ts'
import { sharedAbort } from '../../src/lib/abort.ts'
import { port } from '../../src/lib/units.ts'
import { Announcements } from '../../src/pcp/announcements.ts'
import { epochMemory } from '../../src/pcp/epoch-memory.ts'
import { serverLinks } from '../../src/pcp/server-links.ts'
import type { Endpoint } from '../../src/pcp/socket.ts'
import { Upstream } from '../../src/pcp/upstream.ts'
import type { Settings } from '../../src/pcp-server/settings.ts'
import { add, caller, FREE, HOST } from './core-bench.ts'
import { seeded } from './dice.ts'
import { FakeHosts } from './fake-hosts.ts'
import { FakeNat } from './fake-nat.ts'
import { MemoryCarrier, reachOver, SERVER } from './memory-carrier.ts'
import { MemoryStore } from './memory-store.ts'
import { VirtualClock } from './virtual-clock.ts'

export type Chain = Awaited<ReturnType<typeof chain>>

/** The real core, client and wire against the embedded server: every octet, but no socket and no waiting. */
export async function chain(
  settings: Partial<Settings> = {},
  seed = 1,
  natPmp: 'auto' | 'off' = 'auto',
  limits: Partial<Limits> = {},
) {
  const clock = new VirtualClock()
  const random = seeded(seed)
  const carrier = new MemoryCarrier(clock, random, settings)
  const nat = new FakeNat()
  const hosts = new FakeHosts()
  const lines: string[] = []
  const line = (_fields: object, message: string) => void lines.push(message)
  const log = { debug: () => undefined, info: line, warn: line, error: line }
  const secret = new Uint8Array(32).fill(7)
  const world = { clock, random, log, secret, natPmp }
  const upstream = new Upstream({ clock, log, reach: reachOver(carrier, world) })
  const core = assembleCore(
    { clock, random, log, nat, hosts, pcp: upstream, store: new MemoryStore() },
    {
      wanPorts: { first: 49_152, last: 57_343 },
      takenPorts: [],
      maxLifetime: undefined,
      limits: { ...FREE, ...limits },
      isLanHost: () => true,
      probe: false,
      describes: false,
      saved: NOTHING_SAVED,
      closing: sharedAbort().signal,
    },
  )
  upstream.listen(core.events)
  const announcements = new Announcements()
  const { connect } = carrier
  const origin = {
    source: 'static',
    ipv4: () => carrier.address,
    epochs: epochMemory(undefined, () => undefined),
  } as const
  const parts = { ...world, connect, events: core.events, announcements, ...origin }
  const linksTo = (server: readonly Endpoint[]) => serverLinks(server, parts).links
  const links = linksTo([SERVER])
  await upstream.use(links)
  const within = <T>(call: Promise<T>): Promise<T> => clock.answered(call)
  const held = () =>
    carrier.responder
      .mappings()
      .map(({ external }) => external.port)
      .sort()
  return { announcements, carrier, clock, core, held, hosts, lines, links, linksTo, nat, upstream, within }
}

/** Asks for a mapping and waits for the answer. */
export const map = (
  { core, within }: Chain,
  externalPort: number,
  client: Ipv4Address = HOST,
): Promise<void> =>
  within(
    core.iwf.addPortMapping(
      add({ externalPort: port(externalPort), internalClient: client }),
      caller(client),
    ),
  )
