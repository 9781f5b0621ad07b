import { sleepUntil, within } from '../lib/abort.ts'
import type { Clock } from '../lib/clock.ts'
import { type Millis, after, millis, toMillis } from '../lib/units.ts'
import type { Claim } from './mapping.ts'
import { aboutLanPort } from './mapping-name.ts'
import { isAt, type Place, type Standing } from './place.ts'
import type { PcpRefused, Ports } from './ports.ts'
import { reasonOf } from './refusal.ts'
import { retryTime } from './renewal.ts'
import { pcpMapping } from './translate.ts'

// At which servers, and under which addresses of ours, a claim may stand: where it was asked for last, and where it
// was left behind when that became another place.

/** For so long the network may keep a copy of a datagram and deliver it after those that were sent later. */
export const LATEST_COPY = millis(2000)

/** Where a claim stands that is asked for `here`. */
const placeOf = (claim: Claim, here: Place): Place =>
  pcpMapping(claim).internalAddress === undefined ? here : { server: here.server }

/**
 * The claim is asked for `here` from now on; what it may have at the place before ends there at `heldUntil` by itself.
 * True when that has to be on the disk before anything is sent: else nobody would know of it after a crash.
 */
export function arrive(claim: Claim, here: Place | undefined, heldUntil: Millis): boolean {
  if (!here || (claim.place && isAt(claim.place, here))) return false
  const left: readonly Standing[] = claim.place ? [{ place: claim.place, until: heldUntil }] : []
  claim.former = [...claim.former, ...left].filter(({ place }) => !isAt(place, here))
  claim.place = placeOf(claim, here)
  return true
}

/** May a request for it come to the server after a delete that leaves now, and undo that? */
export const mayComeLate = ({ asking, askedAt }: Claim, now: Millis): boolean =>
  asking > 0 || (askedAt !== undefined && now < after(askedAt, LATEST_COPY))

/** A delete of the claim at `place` was answered, or nobody waits for that any more. */
export function noteDelete(claim: Claim, place: Place | undefined, now: Millis): void {
  const recent = claim.unmapped.filter(({ at }) => now < after(at, LATEST_COPY))
  claim.unmapped = [...recent, { place, at: now }]
}

/** A delete of the same life is on its way where the claim is asked for again: it must not come after the request. */
export async function afterDeletes(
  clock: Clock,
  { place, unmapped }: Claim,
  signal: AbortSignal,
): Promise<void> {
  const here = unmapped.filter((one) => place && one.place && isAt(one.place, place))
  const late = Math.max(0, ...here.map(({ at }) => after(at, LATEST_COPY)))
  if (clock.now() < late) await sleepUntil(clock, millis(late), signal)
}

/**
 * Has the claim deleted at `place`; undefined: wherever is asked now. Resolves with the moment when the server's last
 * trace of it there ends, which is `until` where it does not say so before `signal` aborts.
 */
export async function unmapAt(
  ports: Pick<Ports, 'clock' | 'log' | 'pcp' | 'random'>,
  claim: Claim,
  { place, until }: { readonly place: Place | undefined; readonly until: Millis },
  signal: AbortSignal,
): Promise<Millis> {
  const { clock, log, pcp, random } = ports
  let told: PcpRefused['result'] | undefined
  while (!signal.aborted) {
    const outcome = await pcp.unmap({ ...pcpMapping(claim), place }, signal)
    noteDelete(claim, place, clock.now())
    if (outcome.kind === 'deleted') return after(clock.now(), toMillis(outcome.lifetime))
    if (outcome.kind === 'silent') break
    const { lifetime, result } = outcome
    const fields = { ...aboutLanPort(claim), why: reasonOf(result) }
    log[told === result ? 'debug' : 'warn'](
      fields,
      'the carrier refuses to delete a mapping; it ends with its lifetime',
    )
    told = result
    if (result === 'NOT_AUTHORIZED') break
    await sleepUntil(clock, after(clock.now(), retryTime(result, lifetime, random.unit())), signal)
  }
  return until
}

/** An end at a place where nothing is asked for any more, in two steps. */
interface Leaving {
  /** It was deleted there, or has ended. */
  readonly deleted: Promise<Millis>
  /** The same, and no request that was on its way can have made it anew: it was deleted once more. */
  readonly ended: Promise<Millis>
}

/** Has the claim deleted where it was left. */
export function leave(
  ports: Pick<Ports, 'clock' | 'log' | 'pcp' | 'random'>,
  claim: Claim,
  standing: Standing,
  signal: AbortSignal,
): Leaving {
  const { clock } = ports
  const unmap = () => within(clock, standing.until, (until) => unmapAt(ports, claim, standing, until), signal)
  const deleted = unmap()
  const again = async () => {
    await sleepUntil(clock, after(clock.now(), LATEST_COPY), signal)
    return await unmap()
  }
  return { deleted, ended: deleted.then(again) }
}
