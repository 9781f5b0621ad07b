import { either, sleepUntil, within } from '../lib/abort.ts'
import { ANY_IPV4 } from '../lib/ip.ts'
import { after, type Millis, millis, port, seconds, toMillis } from '../lib/units.ts'
import { askCarrier, firstAsking } from './ask.ts'
import type { Context } from './context.ts'
import { happened } from './mapping.ts'
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

/** How soon a carrier that is there and did not answer is asked again, at first and at last. */
const FIRST_GAP = millis(30_000)
const LONGEST_GAP = millis(1_024_000)

/**
 * Sees to it that the external address is known and ConnectionStatus true, also when no mapping tells it (RFC 6970
 * §4.2, GetExternalIPAddress): for that a short-lived one is made and given back.
 */
export class LearnAddress {
  readonly #context: Context
  #learning: Promise<void> | undefined
  /** Ends a wait; which one, `#refused` says. */
  #wake = new AbortController()
  /** The wait is for the end of a refusal. */
  #refused = false
  /** What was refused last, and how often in a row: one that is only repeated is no news. */
  #told: PcpRefused['result'] | undefined
  #times = 0

  constructor(context: Context) {
    this.#context = context
    // While it reads "Disconnected" no control point asks for a mapping, so nothing else would ever end that.
    context.changes.listen(() => {
      if (context.external.status === 'Disconnected') this.#begin(FIRST_GAP)
    })
  }

  /** Asks the carrier, at once unless it does not want to be asked. */
  start(): void {
    if (!this.#refused) this.#wake.abort()
    this.#begin()
  }

  /** Asks another carrier, or as another customer of it: no refusal counts any more. */
  startAnew(): void {
    this.#wake.abort()
    this.#begin()
  }

  #begin(gap?: Millis): void {
    this.#learning ??= this.#learn(gap).finally(() => {
      this.#learning = undefined
    })
  }

  /** Ends when the address is known or nobody is to be reached: whoever reaches the carrier then begins anew. */
  async #learn(first?: Millis): Promise<void> {
    const { closing, external, ports } = this.#context
    this.#told = undefined
    if (first !== undefined) await this.#wait(first)
    for (let gap = FIRST_GAP; !closing.aborted && external.status !== 'Connected'; ) {
      const outcome = await askOnce(this.#context)
      external.heard(outcome)
      if (outcome.kind === 'refused') await this.#respect(outcome)
      else if (outcome.kind === 'silent') {
        if (!ports.pcp.reachable) return
        await this.#wait(gap)
        gap = millis(Math.min(2 * gap, LONGEST_GAP))
      }
    }
  }

  async #respect({ lifetime, result }: PcpRefused): Promise<void> {
    const { log, random } = this.#context.ports
    this.#times = this.#told === result ? this.#times + 1 : 1
    const level = this.#times > 1 ? 'debug' : 'warn'
    log[level]({ why: reasonOf(result) }, 'the carrier refuses to tell the external address')
    this.#told = result
    this.#refused = true
    await this.#wait(retryTime(result, lifetime, random.unit(), this.#times))
    this.#refused = false
  }

  async #wait(span: Millis): Promise<void> {
    const { closing, ports } = this.#context
    this.#wake = new AbortController()
    const end = either(this.#wake.signal, closing)
    await sleepUntil(ports.clock, after(ports.clock.now(), span), end.signal)
    end[Symbol.dispose]()
  }
}

/** One short-lived mapping; silent also where there is nobody to ask. */
async function askOnce(context: Context): Promise<PcpOutcome> {
  const { claims, closing, ports, tombstones } = context
  const { clock } = ports
  const own = { protocol: 'UDP', client: ANY_IPV4, internalPort: UNUSED } as const
  const claim = ports.pcp.reachable ? claims.tryOpen(own, 0) : undefined
  if (!claim) return SILENT
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
