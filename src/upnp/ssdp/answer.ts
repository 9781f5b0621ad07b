import {
  type Facts,
  MAX_AGE,
  type MessageSet,
  type SsdpMessage,
  bootAndConfig,
  locationOf,
  networkLocationSignature,
} from './message.ts'
import type { Search } from './search.ts'
import type { Target, Tree } from './tree.ts'

/**
 * What a search is answered with, in this order; nothing for a target nobody here has (UDA 1.1 §1.3.3).
 *
 * `trees` holds the facades, the announced one first. A target of version N is answered from the tree that has
 * exactly :N, so a control point that walks the description finds the version it asked for all the way down.
 */
export function answersTo(
  search: Search,
  trees: readonly [Tree, Tree],
  facts: Facts,
  date: Date,
): MessageSet {
  const asked = search.target.toLowerCase()
  const [announced] = trees
  if (asked === 'ssdp:all') {
    return announced.advertised.map((target) => answer(announced, target, facts, date))
  }
  for (const tree of trees) {
    const found = tree.answered.find(({ nt }) => nt.toLowerCase() === asked)
    // ST is repeated as it was written: control points compare it letter by letter.
    if (found) return [answer(tree, { ...found, nt: search.target }, facts, date)]
  }
  return []
}

function answer(tree: Tree, { nt, usn }: Target, facts: Facts, date: Date): SsdpMessage {
  return {
    method: '200 OK',
    headers: {
      'CACHE-CONTROL': `max-age=${MAX_AGE}`,
      DATE: date.toUTCString(),
      EXT: '',
      LOCATION: locationOf(tree, facts),
      ...networkLocationSignature(facts),
      SERVER: facts.serverHeader,
      ST: nt,
      USN: usn,
      ...bootAndConfig(facts),
    },
  }
}
