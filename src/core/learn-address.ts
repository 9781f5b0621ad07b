import { sleepUntil, within } from '../lib/abort.ts'
import { ANY_IPV4 } from '../lib/ip.ts'
import { after, millis, port, seconds, toMillis } from '../lib/units.ts'
import { askCarrier, firstAsking } from './ask.ts'
import type { Context } from './context.ts'
import { type Claim, happened } from './mapping.ts'
import type { PcpOutcome, PcpRefused } from './ports.ts'
import { reasonOf } from './refusal.ts'
import { retryTime } from './renewal.ts'
import type { Wish } from './translate.ts'

/**
 * The internal port without NAT. RFC 6970 §4.2 suggests 9, but carriers refuse ports below 1024; at the first dynamic
 * one (RFC 6335 §6) no service of a router listens.
 */
const UNUSED = port(49_152)
/** After this long without an answer the LAN is told that there is no connection. */
const PATIENCE = millis(25_000)

const SILENT: PcpOutcome = { kind: 'silent' }

const WISH: Wish = {
  externalPort: 0,
  preferFailure: false,
  remoteHost: '',
  description: '',
  lifetime: seconds(120),
  externalAddress: undefined,
}

/** Sees to it that the external address becomes known, also when no mapping tells it. */
export class LearnAddress {
  readonly #context: Context
  #learning: Promise<void> | undefined

  constructor(context: Context) {
    this.#context = context
  }

  start(): void {
    this.#learning ??= learnExternalAddress(this.#context).finally(() => {
      this.#learning = undefined
    })
  }
}

/**
 * RFC 6970 §4.2, GetExternalIPAddress: where no mapping has told the external address yet, a short-lived one is
 * made for it, once, and given back. Ends when the address is known or nobody answers.
 */
async function learnExternalAddress(context: Context): Promise<void> {
  const { claims, closing, external, ports } = context
  let told: PcpRefused['result'] | undefined
  while (!closing.aborted && external.status !== 'Connected') {
    const own = { protocol: 'UDP', client: ANY_IPV4, internalPort: UNUSED } as const
    const claim = ports.pcp.reachable ? claims.tryOpen(own, 0) : undefined
    const outcome = claim ? await askOnce(context, claim) : SILENT
    external.heard(outcome)
    if (outcome.kind !== 'refused') return
    const level = told === outcome.result ? 'debug' : 'warn'
    ports.log[level]({ why: reasonOf(outcome.result) }, 'the carrier refuses to tell the external address')
    told = outcome.result
    const retry = retryTime(outcome.result, outcome.lifetime, ports.random.unit())
    await sleepUntil(ports.clock, after(ports.clock.now(), retry), closing)
  }
}

async function askOnce(context: Context, claim: Claim): Promise<PcpOutcome> {
  const { claims, closing, ports, tombstones } = context
  const { clock } = ports
  const asking = firstAsking(context, claim, WISH)
  if (!(await asking.write())) {
    claims.refuse(claim)
    return SILENT
  }
  happened(claim, 'probing')
  const ask = (signal: AbortSignal) => askCarrier(context, asking, signal)
  const outcome = await within(clock, after(clock.now(), PATIENCE), ask, closing)
  const assigned = outcome.kind === 'granted' ? outcome.external.port : 0
  if (outcome.kind === 'refused' && claim.former.length === 0) claims.refuse(claim)
  else tombstones.bury(claim, assigned, after(clock.now(), toMillis(WISH.lifetime)))
  return outcome
}
