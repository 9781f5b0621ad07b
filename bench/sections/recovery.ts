import { seeded } from '../../test/support/dice.ts'
import { Deadlines } from '../../src/lib/deadlines.ts'
import { bootTime } from '../../src/lib/boot-time.ts'
import { sharedAbort } from '../../src/lib/abort.ts'
import { parseIp } from '../../src/lib/ip.ts'
import { port, seconds } from '../../src/lib/units.ts'
import { PcpClient } from '../../src/pcp/client.ts'
import { connectSocket } from '../../src/pcp/socket.ts'
import { recover } from '../fleet/recovery.ts'
import { Daemon } from '../support/daemon.ts'
import { askOnRouter } from '../support/on-router.ts'
import type { Place } from '../support/place.ts'
import type { Report } from '../support/report.ts'

// All mappings of one router anew, as after a restart of the server: how fast the server is, how fast the client could
// be, and how fast it lets itself be (core/pacing.ts), which is simulated, as it takes that long by design.

const nothing = (): void => undefined

/** The daemon's PCP client asks for all at once; in seconds. Run where the daemon runs, by `pcp-round-trip.js`. */
export async function mapAll(carrier: string, count: number): Promise<number> {
  const address = parseIp(carrier)
  if (!address) throw new Error(`no address: ${carrier}`)
  const listener = {
    onResponse: nothing,
    onMappingUpdate: nothing,
    onUnsupportedVersion: nothing,
    onUnreachable: nothing,
  }
  const client = new PcpClient({
    socket: await connectSocket({ address, port: 5351 }),
    server: address,
    secret: new Uint8Array(32),
    clock: new Deadlines(bootTime()),
    random: seeded(1),
    listener,
  })
  const started = performance.now()
  const { signal } = sharedAbort()
  const all = Array.from({ length: count }, (_, n) => client.map(requestFor(n), signal))
  const outcomes = await Promise.all(all)
  const took = (performance.now() - started) / 1000
  const missed = outcomes.filter(({ kind }) => kind !== 'granted').length
  if (missed > 0) throw new Error(`${missed} of ${count} mappings were not granted`)
  client.close()
  return took
}

/** TCP, as the bare requests have mapped UDP with nonces of their own. */
const requestFor = (n: number) => ({
  protocol: 'TCP' as const,
  internalAddress: undefined,
  internalPort: port(20_000 + n),
  generation: n,
  suggestedPort: 0 as const,
  suggestedAddress: undefined,
  lifetime: seconds(3600),
  preferFailure: false,
  remotePeers: undefined,
  description: '',
  sending: 'until-answered' as const,
  renews: false,
})

export async function recoveryReport(place: Place, mappings: number): Promise<Report> {
  const daemon = new Daemon(place, 'none')
  await daemon.carrier.said('PCP server on')
  const rate = Number(await askOnRouter(place, 'rate', mappings))
  const unpaced = Number(await askOnRouter(place, 'client', mappings))
  await daemon.stop()
  const random = seeded(1)
  const paced = recover({
    fleet: { cpes: 1, mappings },
    capacity: { rate, backlog: 1, roundTrip: 0.001, loss: 0, upFrom: 0 },
    notice: 'announce',
    paced: true,
    random: () => random.unit(),
    horizon: 3600,
  })
  return {
    title: 'Recovery',
    note: `${mappings} mappings of one router made anew after the server lost them. The paced one is simulated.`,
    head: ['how', 'seconds', 'requests/s'],
    rows: [
      ['the server at its fastest, bare requests', mappings / rate, Math.round(rate)],
      ['the PCP client, all at once', unpaced, Math.round(mappings / unpaced)],
      ['as the daemon does it, paced', paced.last, paced.peak],
    ],
  }
}
