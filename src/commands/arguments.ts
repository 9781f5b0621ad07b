import { parseArgs, type ParseArgsConfig } from 'node:util'

/** The command line is wrong. The message is one line for the operator; the exit code is 2. */
export class UsageError extends Error {}

/** `util.parseArgs`, strict; throws UsageError for unknown flags, missing values and words too many. */
export function parseArguments<const C extends ParseArgsConfig>(config: C): ReturnType<typeof parseArgs<C>> {
  try {
    return parseArgs(config)
  } catch (error) {
    if (!isAboutArguments(error)) throw error
    throw new UsageError(oneSentence(error.message))
  }
}

const isAboutArguments = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_')

/** Node adds advice for programmers after the first sentence. */
const oneSentence = (message: string): string => message.split(/\.\s|\n/, 1).join('')
