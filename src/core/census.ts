import { STATE, type State } from './state.ts'

type Living = Exclude<State, 'GONE'>

const LIVING = Object.keys(STATE).filter((state): state is Living => state !== 'GONE')

/** How many claims are in each state: counted as they change, so that asking costs the same at any table size. */
export class Census {
  readonly #counts = new Map<State, number>()

  /** Each state but GONE, also those that no claim is in. */
  counts(): Readonly<Record<Living, number>> {
    const each = LIVING.map((state) => [state, this.#counts.get(state) ?? 0])
    return Object.fromEntries(each) as Record<Living, number>
  }

  /** How many the carrier has, or is asked for. */
  asked(): number {
    let all = 0
    for (const [state, count] of this.#counts) if (state !== 'INTENT' && state !== 'GONE') all += count
    return all
  }

  born(state: State): void {
    this.#add(state, 1)
  }

  moved(from: State, to: State): void {
    this.#add(from, -1)
    this.#add(to, 1)
  }

  #add(state: State, step: number): void {
    this.#counts.set(state, (this.#counts.get(state) ?? 0) + step)
  }
}
