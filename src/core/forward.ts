import { type Millis, millis, type Seconds, seconds, toSeconds } from '../lib/units.ts'
import type { Context } from './context.ts'
import { type Claim, isRetired, type Mapping } from './mapping.ts'
import { aboutLanPort, nameOf } from './mapping-name.ts'
import type { MappingTable } from './mapping-table.ts'
import type { NatRule, TimedRule } from './ports.ts'
import { lifetimeEnd } from './renewal.ts'
import { STATE } from './state.ts'
import { ruleOf } from './translate.ts'

// The router's own side of a mapping (RFC 6970 §5.5). What the kernel refuses is logged here, once.

/** What a NAT rule outlives the PCP lifetime by: never shorter than the server's (RFC 6970 §5.5). */
const MARGIN = 60

const TO_DO = 'igd-pcp status'

const whyOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Forwards for `timeout`; false when the kernel refused. Without NAT in the router there is nothing to do. */
export async function forward(
  context: Context,
  rule: NatRule | undefined,
  timeout: Seconds,
): Promise<boolean> {
  if (!rule) return true
  try {
    await context.ports.nat.set(rule, timeout)
    return true
  } catch (error) {
    const { client, clientPort: internalPort, external, protocol, wanPort } = rule
    const mapping = nameOf({ client, internalPort, protocol }, external?.port, external?.address)
    const fields = { mapping, host: client, wanPort, why: whyOf(error), todo: TO_DO }
    context.ports.log.error(fields, 'the NAT of this router refused a rule')
    return false
  }
}

/**
 * Forwards as long as the carrier does, and a little longer: should we die, it ends by itself. What was retired while
 * its caller waited for something is left alone: its WAN port may be another's by now.
 */
export const forwardWhileGranted = async (context: Context, mapping: Mapping): Promise<boolean> =>
  isRetired(mapping) ||
  (await forward(context, ruleOf(mapping), timeoutOf(mapping, context.ports.clock.now())))

const timeoutOf = ({ grant }: Mapping, now: Millis): Seconds =>
  seconds(toSeconds(millis(Math.max(0, lifetimeEnd(grant) - now))) + MARGIN)

/** What the router forwards on the strength of what the carrier granted before. */
export const rulesOf = (table: MappingTable, now: Millis): readonly TimedRule[] =>
  [...table.mappings()].flatMap((mapping) => {
    const rule = STATE[mapping.claim.state].nat ? ruleOf(mapping) : undefined
    return rule ? [{ rule, timeout: timeoutOf(mapping, now) }] : []
  })

/** Ends forwarding, running flows too. */
export async function withdraw(context: Context, claim: Claim): Promise<void> {
  if (claim.wanPort === undefined) return
  try {
    await context.ports.nat.remove(claim.protocol, claim.wanPort)
  } catch (error) {
    context.ports.log.error(
      { ...aboutLanPort(claim), wanPort: claim.wanPort, why: whyOf(error), todo: TO_DO },
      'the NAT of this router keeps a rule for now; it goes with the next change',
    )
  }
}
