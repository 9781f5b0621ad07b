import { type Millis, after, seconds, toMillis } from '../lib/units.ts'
import type { Context } from './context.ts'
import { Fault } from './fault.ts'
import { forward, withdraw } from './forward.ts'
import { believed } from './lease.ts'
import { type Claim, type Grant, portKey } from './mapping.ts'
import type { MapRequest, PcpGranted, PcpOutcome } from './ports.ts'
import { errorOf } from './rfc6970.ts'
import { type Wish, firstRequest, firstRule } from './translate.ts'

/** How long the router forwards on the strength of a request that the carrier has not answered yet. */
const REQUESTING = seconds(60)

/**
 * Makes a mapping at the carrier for `claim`, the router's own NAT first, so that the request reflects what NAT1
 * does (RFC 6970 §5.5). Whatever goes wrong is undone, also what a silent server may have done unseen, and
 * becomes the fault that §4.3 has for it.
 */
export async function establish(
  context: Context,
  claim: Claim,
  wish: Wish,
  signal: AbortSignal,
): Promise<Grant> {
  const { clock } = context.ports
  const rule = firstRule(claim, wish.remoteHost)
  if (!(await forward(context, rule, REQUESTING))) {
    context.claims.close(claim, clock.now())
    throw new Fault(501, 'the router NAT refused the rule')
  }
  const asked = clock.now()
  const outcome = await askFor(context, firstRequest(claim, wish), signal)
  context.external.heard(outcome)
  if (isAsWished(outcome, wish)) return grantOf(outcome)
  await withdraw(context, claim)
  throw giveUp(context, { claim, wish, asked, outcome })
}

/** Asks, and should the server lack an option, asks without it; what it grants is compared all the same. */
async function askFor(context: Context, wanted: MapRequest, signal: AbortSignal): Promise<PcpOutcome> {
  const { capabilities, ports } = context
  for (;;) {
    const request = capabilities.fit(wanted)
    const outcome = await ports.pcp.map(request, signal)
    if (!capabilities.learn(request, outcome)) return outcome
  }
}

export const grantOf = (outcome: PcpGranted): Grant => ({
  external: outcome.external,
  lifetime: believed(outcome.lifetime),
  from: outcome.sentAt,
})

/** RFC 6887 §13.2: what PREFER_FAILURE asked for is compared, as not every server obeys it. */
const isAsWished = (outcome: PcpOutcome, wish: Wish): outcome is PcpGranted =>
  outcome.kind === 'granted' && (!wish.preferFailure || outcome.external.port === wish.externalPort)

interface Failure {
  readonly claim: Claim
  readonly wish: Wish
  /** When the first request left. */
  readonly asked: Millis
  readonly outcome: PcpOutcome
}

/** Sees to it that the carrier keeps nothing of a failed claim; the fault to answer. */
function giveUp(context: Context, { claim, wish, asked, outcome }: Failure): Fault {
  if (outcome.kind === 'refused') {
    context.claims.close(claim, context.ports.clock.now())
    context.holds.note(claim, wish, outcome)
    return new Fault(errorOf(outcome.result, 2), `the carrier answered ${outcome.result}`)
  }
  const lifetime = outcome.kind === 'granted' ? outcome.lifetime : wish.lifetime
  const port = outcome.kind === 'granted' ? outcome.external.port : wish.externalPort
  const until = after(asked, toMillis(believed(lifetime)))
  void context.tombstones.bury(claim, portKey(claim.protocol, port), until)
  return outcome.kind === 'granted'
    ? new Fault(718, `the carrier gave port ${port} instead`)
    : new Fault(501, 'the carrier did not answer')
}
