import type { Take } from './guide.ts'
import type { Profile } from './profile.ts'
import { Reached } from './reached.ts'

// What is kept of the inputs that were found: as few as reach all that they reach, each as short as it can be.

/** Longer ones are not kept: limits have tests of their own. */
const LONGEST = 2048
/** How often an input may be taken again to make it shorter. */
const MOST_TRIES = 500

/** Of `inputs` those that reach what `given` and the shorter ones before them do not; the new of them shortened. */
export async function distilled(
  profile: Profile,
  take: Take,
  given: readonly Uint8Array[],
  inputs: readonly { readonly input: Uint8Array; readonly isNew: boolean }[],
): Promise<readonly Uint8Array[]> {
  const reached = new Reached()
  const kept: Uint8Array[] = []
  profile.take()
  for (const input of given) {
    await take(input)
    reached.add(profile.take())
  }
  for (const { input, isNew } of inputs.toSorted((a, b) => a.input.length - b.input.length)) {
    await take(input)
    const ran = profile.take()
    if (reached.news(ran) === 0) continue
    const shortest = isNew ? await shortened(profile, take, input) : input
    if (shortest.length > LONGEST) continue
    reached.add(ran)
    kept.push(shortest)
  }
  return kept
}

/** Leaves out stretches, ever smaller ones, without which the input reaches all the same. */
async function shortened(profile: Profile, take: Take, input: Uint8Array): Promise<Uint8Array> {
  const ranBy = async (some: Uint8Array) => {
    await take(some)
    return profile.take()
  }
  const wanted = await ranBy(input)
  let best = Buffer.from(input)
  let length = Math.ceil(best.length / 2)
  for (let [at, tries] = [0, 0]; length > 0 && tries < MOST_TRIES; tries++) {
    const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + length)])
    const reached = new Reached()
    reached.add(await ranBy(shorter))
    if (reached.news(wanted) === 0) best = shorter
    else at += length
    if (at >= best.length) [at, length] = [0, Math.floor(length / 2)]
  }
  return best
}
