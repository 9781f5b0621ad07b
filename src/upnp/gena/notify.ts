import type { Ipv4Address } from '../../lib/ip.ts'
import type { Callback } from './callback.ts'
import { type Values, writePropertySet } from './events.ts'
import type { Subscription } from './subscriptions.ts'

/** One NOTIFY, and between which addresses it travels. */
export interface Notify {
  readonly from: Ipv4Address
  readonly to: Callback
  /** Spelled as they go out. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Sends one and resolves with the status of the answer; rejects when none comes or `signal` aborts. */
export type Send = (notify: Notify, signal: AbortSignal) => Promise<number>

/** UDA 1.1 §4.3.2. */
export function notifyTo(
  to: Callback,
  { lanAddress, sid }: Subscription,
  seq: number,
  values: Values,
): Notify {
  const body = Buffer.from(writePropertySet(values))
  const headers = {
    HOST: `${to.address}:${to.port}`,
    'CONTENT-TYPE': 'text/xml; charset="utf-8"',
    'CONTENT-LENGTH': String(body.length),
    NT: 'upnp:event',
    NTS: 'upnp:propchange',
    SID: sid,
    SEQ: String(seq),
    CONNECTION: 'close',
  }
  return { from: lanAddress, to, headers, body }
}
