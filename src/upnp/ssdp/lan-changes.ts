import { type Lan, sameLan } from '../../lib/lan.ts'

/** How one list of LANs becomes another, by interface name. */
export interface LanChanges {
  readonly gone: readonly Lan[]
  /** With an address or prefix other than before. */
  readonly moved: readonly Lan[]
  readonly added: readonly Lan[]
}

export function lanChanges(before: readonly Lan[], now: readonly Lan[]): LanChanges {
  const known = new Map(before.map((lan) => [lan.name, lan]))
  const names = new Set(now.map(({ name }) => name))
  return {
    gone: before.filter(({ name }) => !names.has(name)),
    moved: now.filter((lan) => {
      const old = known.get(lan.name)
      return old !== undefined && !sameLan(old, lan)
    }),
    added: now.filter(({ name }) => !known.has(name)),
  }
}
