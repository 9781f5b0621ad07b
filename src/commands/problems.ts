import { describeProblem, type Problem } from '../config/setting.ts'
import { type Io, USAGE } from './io.ts'

/** Prints each problem of the configuration on a line of its own; the answer is the exit code. */
export function reportProblems(problems: readonly Problem[], io: Io): number {
  for (const problem of problems) io.err(`${describeProblem(problem)}\n`)
  return USAGE
}
