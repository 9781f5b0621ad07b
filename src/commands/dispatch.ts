import { VERSION } from '../lib/version.ts'
import { UsageError } from './arguments.ts'
import { columns } from './columns.ts'
import { DONE, type Io, USAGE } from './io.ts'

/** Takes the arguments after its name, answers with the exit code. Throws UsageError where they are wrong. */
export type Run = (argv: readonly string[], io: Io) => Promise<number>

interface Command {
  readonly about: string
  /** Loads the code: a command costs the start of no other. */
  readonly load: () => Promise<Run>
}

export type Commands = ReadonlyMap<string, Command>

/** Runs the command that `argv` names, and answers with the exit code. */
export async function dispatch(commands: Commands, argv: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = argv
  if (name === '--help' || name === '-h') return say(io, helpOf(commands))
  if (name === '--version') return say(io, `igd-pcp ${VERSION}\n`)
  const command = commands.get(name ?? '')
  if (name === undefined || !command) return refuse(io, mistake(name), '')
  try {
    const run = await command.load()
    return await run(rest, io)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return refuse(io, error.message, ` ${name}`)
  }
}

function say(io: Io, text: string): number {
  io.out(text)
  return DONE
}

function refuse(io: Io, mistake: string, command: string): number {
  io.err(`igd-pcp${command}: ${mistake}; see igd-pcp${command} --help\n`)
  return USAGE
}

function mistake(name: string | undefined): string {
  if (name === undefined) return 'no command given'
  return name.startsWith('-')
    ? `unknown flag ${JSON.stringify(name)}`
    : `unknown command ${JSON.stringify(name)}`
}

const helpOf = (commands: Commands): string => `usage: igd-pcp COMMAND [flags]

Shows the LAN a UPnP Internet Gateway Device and maps its ports at the carrier with PCP (RFC 6970).

${columns([...commands].map(([name, { about }]) => [name, about]))}
igd-pcp COMMAND --help tells more, igd-pcp --version the version.
`
