import type { Status } from '../../core/status.ts'
import type { PageView, Scope } from '../view.ts'
import { sentence, span } from '../words.ts'
import { abilitiesOf } from './abilities.ts'
import { eventsOf } from './events.ts'
import { mappingsOf } from './mappings.ts'
import { pathOf, type Viewer } from './path.ts'

/** More rows than a person reads, or a phone likes. */
const MOST_ROWS = 200

/** What `viewer` may see of how things are. */
export function viewOf(status: Status, viewer: Viewer, scope: Scope): PageView {
  const { daemon, health, problems } = status
  const all = mappingsOf(status.mappings)
  const mappings = scope === 'all' ? all : all.filter(({ internal }) => internal.address === viewer.host)
  return {
    health: health.severity,
    sentence: health.sentence,
    cures: problems.map(({ cure }) => sentence(cure)),
    path: pathOf(status, viewer),
    scope,
    mappings: mappings.slice(0, MOST_ROWS),
    more: Math.max(0, mappings.length - MOST_ROWS),
    others: all.length - mappings.length,
    events: eventsOf(status, viewer, scope),
    abilities: abilitiesOf(status),
    about: `igd-pcp ${daemon.version}, running for ${span(daemon.uptime)}`,
  }
}
