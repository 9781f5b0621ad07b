import { type Millis, type Seconds, after, millis, toMillis } from '../lib/units.ts'
import type { Context } from './context.ts'
import { believed } from './lease.ts'
import type { Claim } from './mapping.ts'
import type { MapRequest, PcpOutcome, PcpSilent } from './ports.ts'
import { firstRequest, type Wish } from './translate.ts'
import { afterDeletes, arrive } from './whereabouts.ts'

const SILENT: PcpSilent = { kind: 'silent' }

interface Asking {
  readonly claim: Claim
  readonly request: MapRequest
  /** When what was asked for before ends at the carrier by itself, should this be another place than that. */
  readonly heldUntil: Millis
  /** Writes down what the claim is; false when the disk takes nothing. */
  readonly write: () => Promise<boolean>
}

/** What a first request takes at most from its record to its last packet. */
const LONGEST_ASKING = millis(30_000)

/** When the carrier holds nothing of a mapping that it is asked for from `asked` on, if it grants `lifetime`. */
export const heldUntil = (asked: Millis, lifetime: Seconds): Millis =>
  after(asked, millis(LONGEST_ASKING + toMillis(believed(lifetime))))

/** The first request for a claim. It is on the disk when its `write` has resolved. */
export function firstAsking({ journal, ports }: Context, claim: Claim, wish: Wish): Asking {
  const until = heldUntil(ports.clock.now(), wish.lifetime)
  arrive(claim, ports.pcp.place, until)
  const write = () => journal.intent(claim, wish.externalPort, until)
  return { claim, request: firstRequest(claim, wish), heldUntil: until, write }
}

/** Refusals that the same mapping may be the reason of, as it stands at the place before: by another name, or address. */
const IN_THE_WAY: ReadonlySet<string> = new Set(['NOT_AUTHORIZED', 'CANNOT_PROVIDE_EXTERNAL'])

/**
 * Asks the carrier for the claim, wherever that is asked now: no packet leaves for a place that is not on the disk as
 * one of the claim's. What it has elsewhere is deleted there when it was granted, or before, if it is in the way.
 */
export async function askCarrier(context: Context, asking: Asking, signal: AbortSignal): Promise<PcpOutcome> {
  const { departures } = context
  const { claim } = asking
  let outcome = await askHere(context, asking, signal)
  const isBlocked = outcome.kind === 'refused' && IN_THE_WAY.has(outcome.result)
  if (isBlocked && (await departures.clear(claim))) outcome = await askHere(context, asking, signal)
  if (outcome.kind !== 'granted') return outcome
  departures.start(claim)
  const isNews = claim.knownAs !== outcome.knownAs
  claim.knownAs = outcome.knownAs
  // What is granted for the first time is written down anyway.
  if (isNews && asking.request.renews) void asking.write()
  return outcome
}

async function askHere(
  { departures, ports }: Context,
  { claim, heldUntil, request, write }: Asking,
  signal: AbortSignal,
): Promise<PcpOutcome> {
  while (!signal.aborted) {
    if (arrive(claim, ports.pcp.place, heldUntil)) {
      departures.stop(claim)
      note(claim, write)
    }
    if ((await claim.noting) === false && !request.renews) return SILENT
    await afterDeletes(ports.clock, claim, signal)
    claim.asking++
    const outcome = await ports.pcp.map({ ...request, place: claim.place }, signal)
    claim.asking--
    claim.askedAt = ports.clock.now()
    if (outcome.kind !== 'elsewhere') return outcome
  }
  return SILENT
}

/** Another request for the claim may begin before this one, which came to the place first, has it on the disk. */
function note(claim: Claim, write: () => Promise<boolean>): void {
  const noting = write().finally(() => {
    if (claim.noting === noting) claim.noting = undefined
  })
  claim.noting = noting
}
