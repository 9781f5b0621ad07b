/** What is common to all that a program does to the world: it may die at it. */
export type Step = <T>(name: string, act: () => T | Promise<T>) => Promise<T>

/** A running program. */
export interface Process {
  readonly alive: boolean
  readonly step: Step
}
