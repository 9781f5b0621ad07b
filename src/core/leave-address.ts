import { within } from '../lib/abort.ts'
import type { Millis } from '../lib/units.ts'
import type { Context } from './context.ts'
import type { Claim } from './mapping.ts'
import { pcpMapping } from './translate.ts'
import { mayComeLate } from './whereabouts.ts'

/**
 * The router has another address now, and the old one still works: what was mapped from that is deleted at the
 * carrier, until `due`. From the new address nobody can, and the carrier would keep the ports for the old one
 * (RFC 6887 §11.3: a mapping belongs to its internal address). The mappings themselves stay, to be made anew.
 */
export async function leaveAddress({ closing, ports, table }: Context, due: Millis): Promise<void> {
  const claims = [...table.mappings()].map(({ claim }) => claim)
  const leave = async (signal: AbortSignal) => {
    const outcomes = await Promise.all(
      claims.map(async (claim) => {
        const outcome = await ports.pcp.unmap(pcpMapping(claim), signal)
        if (outcome.kind === 'deleted') left(claim, ports.clock.now())
        return outcome
      }),
    )
    const kept = outcomes.filter(({ kind }) => kind !== 'deleted')
    const [first] = kept
    const why = first?.kind === 'refused' ? first.result : 'no answer'
    const fields = { kept: kept.length, of: claims.length, why }
    if (first) ports.log.warn(fields, 'the carrier keeps mappings of the old address until they end')
  }
  await within(ports.clock, due, leave, closing)
}

/** Nothing of the claim stands there any more, unless a request on its way makes it anew. */
function left(claim: Claim, now: Millis): void {
  claim.unmapped = { place: claim.place, at: now }
  if (!mayComeLate(claim, now)) claim.place = undefined
}
