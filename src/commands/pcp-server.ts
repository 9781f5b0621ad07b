import { bootTime } from '../lib/boot-time.ts'
import { Deadlines } from '../lib/deadlines.ts'
import { createLog } from '../log/logger.ts'
import type { Options } from '../pcp-server/flag.ts'
import { FAULT_FLAGS, FLAG_OPTIONS, flagRow, readFlags, SERVER_FLAGS } from '../pcp-server/flags.ts'
import { textOf } from '../pcp-server/reply.ts'
import { Responder } from '../pcp-server/responder.ts'
import { PcpServer } from '../pcp-server/server.ts'
import { groupOf } from '../pcp-server/unsolicited.ts'
import { parseArguments, UsageError } from './arguments.ts'
import { columns } from './columns.ts'
import { DONE, type Io, USAGE } from './io.ts'
import { random } from './random.ts'
import { untilSignal } from './signals.ts'

const HELP = `usage: igd-pcp pcp-server [flags]

A PCP server (RFC 6887) that keeps a table and moves no packets: for tests and labs, not for production.

${columns(SERVER_FLAGS.map(flagRow))}
Faults, to see whether a client copes:

${columns(FAULT_FLAGS.map(flagRow))}
SIGTERM and SIGINT end it, SIGHUP restarts it with an empty table and epoch 0.
`

/** Runs until a signal ends it. Throws UsageError. */
export async function runPcpServer(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parseArguments({
    args: [...argv],
    options: { ...FLAG_OPTIONS, help: { type: 'boolean', short: 'h' } },
  })
  if (values['help'] === true) {
    io.out(HELP)
    return DONE
  }
  const options = readFlags(values)
  if (!options.ok) throw new UsageError(options.why)
  return await serve(options.value, io)
}

async function serve({ listen, settings, faults, announcements }: Options, io: Io): Promise<number> {
  const clock = new Deadlines(bootTime())
  const log = createLog({ level: 'info', format: 'auto', journald: false, write: io.out })
  const responder = new Responder(settings, { clock, random, log })
  Object.assign(responder.faults, faults)
  const server = new PcpServer(responder, { clock, log })
  const announce = () => server.send(responder.announcements(groupOf(listen.address), announcements))
  const restart = () => {
    responder.restart()
    log.info({}, 'restarted with an empty table')
    announce()
  }
  try {
    const bound = await server.start(listen)
    io.out(`PCP server on ${textOf(bound)}, for tests and labs: it moves no packets. Not for production.\n`)
  } catch (error) {
    await server.stop()
    io.err(`igd-pcp pcp-server: cannot listen on ${textOf(listen)}: ${reasonOf(error)}\n`)
    return USAGE
  }
  announce()
  process.on('SIGHUP', restart)
  await untilSignal()
  process.off('SIGHUP', restart)
  await server.stop()
  return DONE
}

/** Why the system lets nobody listen, in plain words. */
const REASONS = new Map<unknown, string>([
  ['EADDRINUSE', 'the port is in use; end the other server or choose another port with --listen'],
  ['EADDRNOTAVAIL', 'this machine has no such address; see "ip address"'],
  ['EACCES', 'no permission for this port; choose one above 1023 with --listen'],
])

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return REASONS.get('code' in error ? error.code : undefined) ?? error.message
}
