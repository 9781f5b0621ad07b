import { sleepUntil } from '../lib/abort.ts'
import { ANY_IPV4 } from '../lib/ip.ts'
import { after, millis, port, seconds, toMillis } from '../lib/units.ts'
import type { Context } from './context.ts'
import { portKey } from './mapping.ts'
import { holdTime } from './renewal.ts'
import { firstRequest } from './translate.ts'

/** The Discard service, which RFC 6970 §4.2 suggests for this. */
const DISCARD = port(9)
const LIFETIME = seconds(120)
/** After this long without an answer the LAN is told that there is no connection. */
const PATIENCE = millis(25_000)

/**
 * RFC 6970 §4.2, GetExternalIPAddress: where no mapping has told the external address yet, a short-lived one is
 * made for it, once, and given back. Goes on asking until the carrier answers or the daemon stops.
 */
export async function learnExternalAddress(context: Context): Promise<void> {
  const { closing, external, ports } = context
  while (!closing.aborted && external.status !== 'Connected') {
    const hold = await askOnce(context)
    if (hold > 0) await sleepUntil(ports.clock, after(ports.clock.now(), toMillis(hold)), closing)
  }
}

/** How long to wait before asking again. */
async function askOnce(context: Context) {
  const { claims, closing, external, ports, tombstones } = context
  const { clock, pcp } = ports
  const claim = claims.open({ protocol: 'UDP', client: ANY_IPV4, internalPort: DISCARD }, 0)
  const wish = { externalPort: 0, preferFailure: false, remoteHost: '', lifetime: LIFETIME } as const
  const late = clock.at(after(clock.now(), PATIENCE), () => external.heard({ kind: 'silent' }))
  const outcome = await pcp.map(firstRequest(claim, { ...wish, externalAddress: undefined }), closing)
  late[Symbol.dispose]()
  if (outcome.kind === 'refused') {
    claims.close(claim, clock.now())
    external.heard(outcome)
    ports.log.warn({ result: outcome.result }, 'the carrier refuses to tell the external address')
    return holdTime(outcome.result, outcome.lifetime)
  }
  if (outcome.kind === 'granted') external.heard(outcome)
  const key = portKey('UDP', outcome.kind === 'granted' ? outcome.external.port : 0)
  void tombstones.bury(claim, key, after(clock.now(), toMillis(LIFETIME)))
  return seconds(outcome.kind === 'granted' && external.status !== 'Connected' ? 30 : 0)
}
