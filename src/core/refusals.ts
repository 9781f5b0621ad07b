import type { Mapping } from './mapping.ts'
import type { PcpRefused } from './ports.ts'

interface Refused {
  readonly result: PcpRefused['result']
  readonly times: number
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

  /** It was granted. */
  forget(mapping: Mapping): void {
    this.#last.delete(mapping)
  }

  /** Another server is asked. */
  clear(): void {
    this.#last = new WeakMap()
  }
}
