import type { Profile } from './profile.ts'
import { Reached } from './reached.ts'

// Guidance by coverage: an input that makes code run which no input before it made run is kept, and later ones are
// made of it too. So inputs get further step by step, where blind ones would need all the luck at once.

export type Take = (input: Uint8Array) => void | Promise<void>

/** Decides what inputs are made of. */
export interface Guide {
  readonly corpus: readonly Uint8Array[]
  /** The target is open, and no input was taken yet. */
  begin(): void
  /** Told of each input that was taken. May have it taken again, to look closer. */
  tried(input: Uint8Array, take: Take): Promise<void>
}

/** Coverage is asked for after so many inputs, as asking takes longer than most of them. */
const BATCH = 32
/** Longer inputs reach limits, which have tests of their own. */
const LONGEST_KEPT = 8192

/** How many were found last. */
const LAST = 4

export const blind = (corpus: readonly Uint8Array[]): Guide => ({
  corpus,
  begin: () => undefined,
  tried: () => Promise.resolve(),
})

/** Looks what a corpus that stays as it is reaches. */
export class Onlooker implements Guide {
  readonly reached = new Reached()
  readonly corpus: readonly Uint8Array[]
  readonly #profile: Profile
  #tried = 0

  constructor(profile: Profile, corpus: readonly Uint8Array[]) {
    this.#profile = profile
    this.corpus = corpus
  }

  begin(): void {
    this.#profile.take()
  }

  tried(): Promise<void> {
    if ((this.#tried += 1) % BATCH === 0) this.reached.add(this.#profile.take())
    return Promise.resolve()
  }
}

/** Lets the corpus grow. */
export class Pathfinder implements Guide {
  readonly reached = new Reached()
  readonly found: Uint8Array[] = []
  readonly #given: readonly Uint8Array[]
  readonly #profile: Profile
  #batch: Uint8Array[] = []

  constructor(profile: Profile, given: readonly Uint8Array[]) {
    this.#profile = profile
    this.#given = given
  }

  /** Every other input is made of one of the last that were found: there is the edge of what is known. */
  get corpus(): readonly Uint8Array[] {
    const all = [...this.#given, ...this.found]
    return [
      ...all,
      ...this.found
        .slice(-LAST)
        .flatMap((last) => Array<Uint8Array>(Math.ceil(all.length / LAST)).fill(last)),
    ]
  }

  begin(): void {
    this.#profile.take()
  }

  async tried(input: Uint8Array, take: Take): Promise<void> {
    this.#batch.push(input)
    if (this.#batch.length < BATCH) return
    const batch = this.#batch
    this.#batch = []
    const ran = this.#profile.take()
    if (this.reached.news(ran) === 0) return
    for (const each of batch) await this.#look(each, take)
    // What did not happen again hung on something else than the input.
    this.reached.add(ran)
  }

  async #look(input: Uint8Array, take: Take): Promise<void> {
    await take(input)
    const ran = this.#profile.take()
    if (this.reached.news(ran) === 0) return
    this.reached.add(ran)
    if (!this.#given.includes(input) && input.length <= LONGEST_KEPT) this.found.push(input)
  }
}
