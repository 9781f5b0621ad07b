import type { Millis } from '../lib/units.ts'
import type { Mapping } from './mapping.ts'
import type { PcpRefused } from './ports.ts'

interface Refused {
  readonly result: PcpRefused['result']
  readonly times: number
  /** The carrier does not want to be asked again before. */
  until?: Millis
}

/** What the carrier refused of mappings that are there, and how often in a row. */
export class Refusals {
  #last = new WeakMap<Mapping, Refused>()

  /** How often in a row it said this of the mapping: 1 is news. */
  note(mapping: Mapping, result: PcpRefused['result']): number {
    const last = this.#last.get(mapping)
    const times = last?.result === result ? last.times + 1 : 1
    this.#last.set(mapping, { result, times })
    return times
  }

  /** What was noted last holds until then. */
  hold(mapping: Mapping, until: Millis): void {
    const last = this.#last.get(mapping)
    if (last) last.until = until
  }

  /** Why the carrier does not want to be asked for it `now`; undefined: it does. */
  held(mapping: Mapping, now: Millis): PcpRefused['result'] | undefined {
    const last = this.#last.get(mapping)
    return last?.until !== undefined && now < last.until ? last.result : undefined
  }

  /** It was granted. */
  forget(mapping: Mapping): void {
    this.#last.delete(mapping)
  }

  /** Another server is asked. */
  clear(): void {
    this.#last = new WeakMap()
  }
}
