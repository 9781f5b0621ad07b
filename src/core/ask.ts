import type { Context } from './context.ts'
import type { Claim } from './mapping.ts'
import type { MapRequest, PcpOutcome } from './ports.ts'

/** Asks the carrier for the claim, and notes when: a copy of the request may be on its way for a while yet. */
export async function askCarrier(
  { ports }: Pick<Context, 'ports'>,
  claim: Claim,
  request: MapRequest,
  signal: AbortSignal,
): Promise<PcpOutcome> {
  const outcome = await ports.pcp.map(request, signal)
  claim.askedAt = ports.clock.now()
  return outcome
}
