import { readConfig } from '../config/read-config.ts'
import { parseArguments, UsageError } from './arguments.ts'
import { DONE, type Io } from './io.ts'
import { reportProblems } from './problems.ts'

const HELP = `usage: igd-pcp check-config FILE

Reads FILE as "igd-pcp run --config FILE" would, together with the IGD_PCP_ variables of the environment,
and prints every problem and where it is. Exit code 0: no problem; 2: at least one.
`

export async function checkConfig(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArguments({
    args: [...argv],
    options: { help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
  })
  if (values.help === true) {
    io.out(HELP)
    return DONE
  }
  const [path, ...rest] = positionals
  if (path === undefined || rest.length > 0) throw new UsageError('give one FILE')
  const config = await readConfig(path, { environment: io.environment, flags: {} })
  if (!config.ok) return reportProblems(config.why, io)
  io.out(`${path}: OK\n`)
  return DONE
}
