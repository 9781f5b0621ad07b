import type { Place } from '../core/place.ts'
import { type LinkWorld, openWay } from './way.ts'
import type { Link } from './link.ts'
import type { Endpoint } from './socket.ts'

/**
 * A way to a place that was left, to delete what stands there: from the address that it was asked for from, since a
 * packet that comes from another may not name that (RFC 6887 §16.4). What the server says beside is not heard.
 */
export async function formerLink(
  server: Endpoint,
  { client, self }: Place,
  world: LinkWorld,
): Promise<Link | undefined> {
  const deaf = () => undefined
  const link = await openWay({ address: server, server, client, self: () => self }, world, {
    source: 'static',
    epoch: deaf,
    known: deaf,
    read: deaf,
    heard: deaf,
    seen: deaf,
    updated: deaf,
    lostState: deaf,
    doubtful: deaf,
    unreachable: deaf,
  })
  if (!link || client === undefined || link.place.client === client) return link
  link.close()
  return undefined
}
