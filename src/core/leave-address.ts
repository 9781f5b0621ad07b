import { within } from '../lib/abort.ts'
import type { Millis } from '../lib/units.ts'
import type { Context } from './context.ts'
import type { Claim } from './mapping.ts'
import { isAt } from './place.ts'
import { pcpMapping } from './translate.ts'
import { mayComeLate, noteDelete } from './whereabouts.ts'

/**
 * The router has another address now, and the old one still works: what was mapped from that is deleted at the
 * carrier, until `due`. From the new address nobody can, and the carrier would keep the ports for the old one
 * (RFC 6887 §11.3: a mapping belongs to its internal address). The mappings themselves stay, to be made anew.
 */
export async function leaveAddress(context: Context, due: Millis): Promise<void> {
  const { closing, ports, table } = context
  const here = ports.pcp.place
  const isThere = ({ place }: Claim) => !here || !place || isAt(place, here)
  const claims = [...table.mappings()].map(({ claim }) => claim).filter(isThere)
  const outcomes = await Promise.all(
    claims.map((claim) => within(ports.clock, due, (signal) => leaveBehind(context, claim, signal), closing)),
  )
  const kept = outcomes.filter(({ kind }) => kind !== 'deleted')
  const [first] = kept
  const why = first?.kind === 'refused' ? first.result : 'no answer'
  const fields = { kept: kept.length, of: claims.length, why }
  if (first) ports.log.warn(fields, 'the carrier keeps mappings of the old address until they end')
}

async function leaveBehind({ ports: { clock, pcp } }: Context, claim: Claim, signal: AbortSignal) {
  const { place } = claim
  const isRecent = mayComeLate(claim, clock.now())
  const outcome = await pcp.unmap(pcpMapping(claim), signal)
  noteDelete(claim, place, clock.now())
  // Nothing of it stands there any more, unless a request of before the delete, or since, makes it anew.
  const isGone = outcome.kind === 'deleted' && !isRecent && !mayComeLate(claim, clock.now())
  if (isGone && claim.place === place) claim.place = undefined
  return outcome
}
