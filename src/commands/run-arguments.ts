import { FLAG_HELP, FLAG_OPTIONS, type FlagValues } from '../config/flags.ts'
import { parseArguments } from './arguments.ts'
import { columns } from './columns.ts'

/** The command line of `igd-pcp run`. */
export interface RunArguments {
  readonly help: boolean
  /** The configuration file. */
  readonly file: string | undefined
  /** The keys that flags set. */
  readonly flags: FlagValues
}

/** Throws UsageError. */
export function parseRunArguments(argv: readonly string[]): RunArguments {
  const { values } = parseArguments({
    args: [...argv],
    options: { ...FLAG_OPTIONS, config: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  })
  const { config, help, ...flags } = values
  return { help: help === true, file: typeof config === 'string' ? config : undefined, flags }
}

const ROWS = [['--config FILE', 'Configuration file, TOML.'], ...FLAG_HELP] as const

export const RUN_HELP = `usage: igd-pcp run [flags]

Runs the daemon in the foreground. Each flag beats the variable IGD_PCP_<SECTION>_<KEY>, which beats the file.

${columns(ROWS)}
SIGTERM and SIGINT end it: it says goodbye on every LAN and leaves the mappings as they are.
SIGHUP reloads the configuration.
`
