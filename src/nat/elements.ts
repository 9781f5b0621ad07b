import type { NatRule } from '../core/ports.ts'
import { type Millis, millis, seconds, toMillis, toSeconds } from '../lib/units.ts'
import { TABLE } from './ruleset.ts'
import type { Held, SlotKind, Step } from './slots.ts'

// The text that brings the maps from one state to the next. Numbers and parsed addresses are all it is made of.

/**
 * The longest timeout of an element: should the daemon die, forwarding ends within a day. The kernel refuses 2^32-1 s.
 */
export const LONGEST_TIMEOUT = toMillis(seconds(24 * 3600 + 60))

interface Element {
  readonly map: MapName
  readonly key: string
  /** What the map gives for it; a set gives nothing. */
  readonly data?: string
  readonly timeout?: string
}

/**
 * In the order they are written in, and so expire in: first what lets packets through, last what makes a WAN port
 * a filtered one.
 */
const MAPS = ['inbound', 'outbound', 'hairpin', 'hairpinned', 'peers', 'filtered'] as const
type MapName = (typeof MAPS)[number]

/** `meta l4proto` in nft's spelling. */
const l4proto = (rule: NatRule): string => rule.protocol.toLowerCase()

const ELEMENTS: Record<SlotKind, (rule: NatRule) => Element[]> = {
  wanPort: (rule) => {
    const key = `${l4proto(rule)} . ${rule.wanPort}`
    const peers = [...new Set(rule.remoteHosts)]
    return [
      { map: 'inbound', key, data: `${rule.client} . ${rule.clientPort}` },
      ...peers.map((peer) => ({ map: 'peers', key: `${key} . ${peer}` }) as const),
      ...(peers.length > 0 ? [{ map: 'filtered', key } as const] : []),
    ]
  },
  endpoint: (rule) => {
    const key = `${l4proto(rule)} . ${rule.client} . ${rule.clientPort}`
    return [
      { map: 'outbound', key, data: String(rule.wanPort) },
      { map: 'hairpinned', key },
    ]
  },
  external: (rule) => {
    if (!rule.external) return []
    const key = `${l4proto(rule)} . ${rule.external.address} . ${rule.external.port}`
    return [{ map: 'hairpin', key, data: `${rule.client} . ${rule.clientPort}` }]
  },
}

/**
 * The commands of one transaction. nft refuses to delete what is not there and to add a key that has other data, and
 * old kernels keep the timeout of what is there: so an element that was written before is added as it was, which
 * cannot fail whether or not it has expired meanwhile, then deleted, then added as it is to be.
 */
export function commands(steps: readonly Step[], now: Millis): string[] {
  const had = steps.flatMap(({ kind, had }) => (had ? ELEMENTS[kind](had.rule) : []))
  const want = steps.flatMap(({ kind, want }) => (want ? timed(ELEMENTS[kind](want.rule), want, now) : []))
  return MAPS.flatMap((map) => {
    const old = had.filter((element) => element.map === map)
    return [
      ...command(`add element ${TABLE} ${map}`, old.map(text)),
      ...command(
        `delete element ${TABLE} ${map}`,
        old.map(({ key }) => key),
      ),
      ...command(`add element ${TABLE} ${map}`, want.filter((element) => element.map === map).map(text)),
    ]
  })
}

const command = (verb: string, elements: readonly string[]): string[] =>
  elements.length > 0 ? [`${verb} { ${elements.join(', ')} }`] : []

const text = ({ key, timeout, data }: Element): string =>
  key + (timeout ?? '') + (data === undefined ? '' : ` : ${data}`)

const timed = (elements: readonly Element[], { until }: Held, now: Millis): Element[] => {
  const left = Math.min(until - now, LONGEST_TIMEOUT)
  return elements.map((element) => ({
    ...element,
    timeout: ` timeout ${Math.max(1, toSeconds(millis(left)))}s`,
  }))
}
