import { mappingNonce } from '../../src/pcp/nonce.ts'
import { PROTOCOL_NUMBER } from '../../src/pcp/wire/constants.ts'
import { replay } from '../../src/store/format.ts'
import { SERVER_A, SERVER_B } from '../support/world/world.ts'
import type { Invariant, Wrong } from '../support/world/invariants.ts'
import { REFUSED } from './control-points.ts'
import type { Simulation } from './simulation.ts'

// When all trouble is over, all comes to rest: the table, the carrier, the kernel and the journal say the same, and all
// that was promised is there.

const SECOND = 1000
const HOUR = 3_600_000
/** A daemon that lives has all it needs for this. */
const START = 60 * SECOND

export async function rest(sim: Simulation): Promise<void> {
  const { clock, carrier, network, other, router } = sim.world
  sim.world.tell(() => '- all trouble ends')
  sim.heal()
  network.heal()
  carrier.heal()
  other.heal()
  router.dateOffset = 0
  for (const { responder } of [carrier, other]) responder.settings = { ...responder.settings, quota: 1000 }
  if (sim.world.life.alive) sim.world.life.stepsLeft = Infinity
  sim.startNow()
  await clock.advance(START)
  // One that was about to end when the trouble did.
  sim.startNow()
  if (!sim.world.life.ready) await clock.advance(START)
  if (!sim.world.life.ready) sim.world.blame('starts', 'the daemon does not start')
  // One that hears of all that follows.
  const timeout = (longest(sim) + HOUR) / SECOND
  sim.points.subscribers.subscribe({ kind: 'subscribe', by: 0, facade: 2, timeout, behaviour: 'takes' })
  await clock.advance(10 * SECOND)
  await untilQuiet(sim)
  if (sim.world.wrong.length > 0) return
  sim.checks.all()
  for (const { invariant, what } of stuck(sim)) sim.world.blame(invariant, what)
  sim.points.subscribers.check()
  if (sim.world.wrong.length === 0) await sim.points.proveItWorks()
}

/**
 * Nothing is held up for longer: what was mapped at an address that is ours no more keeps its port until its lifetime
 * ends.
 */
const longest = ({ carrier, patience }: Simulation): number =>
  Math.min(patience, Math.max(REFUSED, carrier.responder.settings.maxLifetime * SECOND + HOUR))

async function untilQuiet(sim: Simulation): Promise<void> {
  const end = sim.now + longest(sim)
  for (
    let step = 10 * SECOND;
    sim.now < end && stuck(sim).length > 0 && sim.world.wrong.length === 0;
    step *= 1.3
  )
    await sim.world.clock.advance(Math.min(step, HOUR))
}

/** What is not at rest. */
function stuck(sim: Simulation): Wrong[] {
  const { context, iwf } = sim.world.life.core ?? {}
  if (!context || !iwf) return [{ invariant: 'starts', what: 'there is no daemon' }]
  const restless = [...context.table.mappings()].filter(({ claim }) => claim.state !== 'ACTIVE')
  const status = iwf.connectionStatus()
  return [
    ...all(
      'settled',
      restless.map(({ claim, externalPort }) => `${claim.protocol} ${externalPort} stays ${claim.state}`),
    ),
    ...all(
      'deletes-end',
      context.tombstones.size > 0 ? [`${context.tombstones.size} deletes do not end`] : [],
    ),
    ...all('connected', status === 'Connected' ? [] : [`ConnectionStatus stays ${status}`]),
    ...differences(sim),
    ...unwritten(sim),
  ]
}

const all = (invariant: Invariant, whats: readonly string[]): Wrong[] =>
  whats.map((what) => ({ invariant, what }))

/** Table, carrier and kernel, each told the same way. */
function differences(sim: Simulation): Wrong[] {
  const { context } = sim.world.life.core ?? {}
  const { router } = sim.world
  const mappings = [...(context?.table.mappings() ?? [])]
  const isOurs = sim.profile.nat === 'nftables'
  const table = mappings.map(({ claim, externalPort }) => {
    const internal = isOurs ? `${claim.wanPort ?? 0}` : `${claim.client} ${claim.internalPort}`
    return `${PROTOCOL_NUMBER[claim.protocol]} ${internal} at ${externalPort}`
  })
  const held = sim.carrier.of(router.addresses)
  const server = held.map(({ external, internalAddress, internalPort, protocol }) => {
    const internal = isOurs ? `${internalPort}` : `${internalAddress} ${internalPort}`
    return `${protocol} ${internal} at ${external.port}`
  })
  const journal = replay(router.disk.text())
  const last = journal.ok ? journal.value.lastGeneration : 0
  const strangers = held.flatMap((one) =>
    isNonceOurs(sim, one, last) ? [] : [`nobody knows the nonce of ${one.internalPort}`],
  )
  return [
    ...all('carrier-same', difference('carrier', table, server)),
    ...all('nonce-known', strangers),
    ...all('kernel-same', isOurs ? kernel(sim) : []),
  ]
}

function kernel(sim: Simulation): string[] {
  const mappings = [...(sim.world.life.core?.context.table.mappings() ?? [])]
  const wanted = mappings.map(
    ({ claim }) =>
      `${claim.protocol.toLowerCase()} . ${claim.wanPort ?? 0} ${claim.client} . ${claim.internalPort}`,
  )
  const rules = [...sim.world.router.kernel.live('inbound')]
    .map(([key, data]) => `${key} ${data}`)
    .filter((key) => wanted.includes(key) || !sim.checks.isKept({ key }))
  return difference('kernel', wanted, rules)
}

interface Held {
  readonly protocol: number
  readonly internalAddress: Parameters<typeof mappingNonce>[1]['internalAddress']
  readonly internalPort: number
  readonly nonce: Uint8Array
}

/** Could any life of this port have made it? NAT-PMP knows no nonces. */
function isNonceOurs(sim: Simulation, held: Held, last: number): boolean {
  if (held.nonce.every((octet) => octet === 0)) return true
  const server = sim.server === 'a' ? SERVER_A : SERVER_B
  for (let generation = last; generation >= 0; generation--) {
    const nonce = mappingNonce(sim.world.router.secret, { ...held, server, generation })
    if (nonce.every((octet, i) => octet === held.nonce[i])) return true
  }
  return false
}

/** What the journal would bring back is what is in memory. */
function unwritten(sim: Simulation): Wrong[] {
  const { context } = sim.world.life.core ?? {}
  const read = replay(sim.world.router.disk.text())
  if (!read.ok || !context) return all('journal-whole', ['the journal cannot be read'])
  const { kept, lost, torn } = read.value
  const written = [...kept.values()].map(({ record }) => {
    if (record.state !== 'ACTIVE') return `${record.state} ${record.generation}`
    const entries = record.entries.map(({ description, leaseEnd }) => `${description} ${leaseEnd}`)
    return `${record.generation} ${record.externalPort} ${record.client} ${record.internalPort} ${entries.join()}`
  })
  const wanted = [...context.table.mappings()].map(({ claim, entries, externalPort }) => {
    const shown = entries.map(({ description, leaseEnd }) => `${description} ${leaseEnd}`)
    return `${claim.generation} ${externalPort} ${claim.client} ${claim.internalPort} ${shown.join()}`
  })
  return [
    ...all('journal-whole', torn || lost > 0 ? ['the journal is damaged'] : []),
    ...all('journal-same', difference('journal', wanted, written)),
  ]
}

function difference(what: string, table: readonly string[], other: readonly string[]): string[] {
  const missing = table.filter((one) => !other.includes(one)).map((one) => `the ${what} lacks ${one}`)
  const strange = other.filter((one) => !table.includes(one)).map((one) => `only the ${what} has ${one}`)
  return [...missing, ...strange]
}
