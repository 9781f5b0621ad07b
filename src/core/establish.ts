import { bracketed, type IpAddress } from '../lib/ip.ts'
import { type Millis, type Seconds, seconds } from '../lib/units.ts'
import { askCarrier, firstAsking, heldUntil } from './ask.ts'
import type { Context } from './context.ts'
import { Fault } from './fault.ts'
import { forward, withdraw } from './forward.ts'
import { believed, isCarriersOwn } from './lease.ts'
import { type Claim, type Grant, happened } from './mapping.ts'
import type { PcpGranted, PcpOutcome } from './ports.ts'
import { reasonOf } from './refusal.ts'
import { errorOf } from './rfc6970.ts'
import { type Wish, firstRule } from './translate.ts'

/** How long the router forwards on the strength of a request that the carrier has not answered yet. */
const REQUESTING = seconds(60)

/**
 * Makes a mapping at the carrier for `claim`: first it is written down, so that a crash leaves no mapping that nobody
 * knows of; then the router's own NAT is set, so that the request reflects what NAT1 does (RFC 6970 §5.5). Whatever
 * goes wrong is undone, also what a silent server may have done unseen, and becomes the fault that §4.3 has for it.
 */
export async function establish(
  context: Context,
  claim: Claim,
  wish: Wish,
  signal: AbortSignal,
): Promise<Grant> {
  const attempt = { claim, wish, asked: context.ports.clock.now(), fresh: claim.state === 'INTENT' }
  const asking = firstAsking(context, claim, wish)
  if (!(await asking.write()))
    throw nothingMade(
      context,
      attempt,
      new Fault(501, 'nothing can be written to state.dir; see igd-pcp status'),
    )
  if (!(await forward(context, firstRule(claim, wish.remoteHost), REQUESTING)))
    throw nothingMade(
      context,
      attempt,
      new Fault(501, 'the NAT of this router refused the rule; see igd-pcp status'),
    )
  happened(claim, 'asking')
  const outcome = await askCarrier(context, asking, signal)
  const elsewhere = isElsewhere(context, outcome)
  if (!elsewhere) context.external.heard(outcome)
  if (isAsWished(outcome, wish) && !(elsewhere && wish.preferFailure)) {
    happened(claim, 'granted')
    return grantOf(outcome, wish.lifetime)
  }
  await withdraw(context, claim)
  throw giveUp(context, attempt, outcome)
}

/** What is granted to who asked for that lifetime. */
export const grantOf = (outcome: PcpGranted, asked: Seconds): Grant => ({
  external: outcome.external,
  lifetime: believed(outcome.lifetime),
  from: outcome.sentAt,
  static: isCarriersOwn(outcome.lifetime, asked),
})

/** RFC 6887 §13.2: what PREFER_FAILURE asked for is compared, as not every server obeys it. */
const isAsWished = (outcome: PcpOutcome, wish: Wish): outcome is PcpGranted =>
  outcome.kind === 'granted' && (!wish.preferFailure || outcome.external.port === wish.externalPort)

/**
 * RFC 6970 §4.1 has one external address, RFC 6887 §10 lets a server have several. One that is not what our other
 * mappings have, and control points were told, is not shown.
 */
const isElsewhere = (context: Context, outcome: PcpOutcome): boolean =>
  outcome.kind === 'granted' &&
  outcome.external.address !== context.external.address &&
  heldAddress(context) !== undefined

/**
 * The external address, as long as a mapping of ours has it. Another may have been given to us since the last one ended,
 * and nobody would have told: who asks for one that is gone is refused for ever.
 */
export function heldAddress({ external, table }: Context): IpAddress | undefined {
  for (const { claim, grant } of table.mappings())
    if (claim.state === 'ACTIVE' && grant.external.address === external.address) return external.address
  return undefined
}

interface Attempt {
  readonly claim: Claim
  readonly wish: Wish
  readonly asked: Millis
  /** Was the carrier never asked for this claim before? Else it may hold what it gave then. */
  readonly fresh: boolean
}

/** This attempt left nothing at the carrier, unless that was asked at several places. */
function nothingMade(context: Context, { asked, claim, fresh, wish }: Attempt, fault: Fault): Fault {
  if (fresh && claim.former.length === 0) context.claims.refuse(claim)
  else context.tombstones.bury(claim, wish.externalPort, heldUntil(asked, wish.lifetime))
  return fault
}

/** Sees to it that the carrier keeps nothing of a failed claim; the fault to answer. */
function giveUp(context: Context, attempt: Attempt, outcome: PcpOutcome): Fault {
  const { asked, claim, wish } = attempt
  if (outcome.kind === 'refused') {
    context.holds.note(claim, wish, outcome)
    const fault = new Fault(errorOf(outcome.result, 2), reasonOf(outcome.result))
    return nothingMade(context, attempt, fault)
  }
  const lifetime = outcome.kind === 'granted' ? outcome.lifetime : wish.lifetime
  const port = outcome.kind === 'granted' ? outcome.external.port : wish.externalPort
  context.tombstones.bury(claim, port, heldUntil(asked, lifetime))
  return outcome.kind === 'granted'
    ? new Fault(
        718,
        `the carrier gives ${bracketed(outcome.external.address)}:${port} instead; the wanted port is taken there`,
      )
    : new Fault(501, 'the carrier did not answer; see igd-pcp status')
}
