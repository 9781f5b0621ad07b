import { fstatSync } from 'node:fs'
import { LiveConfig } from '../config/reload.ts'
import type { Config } from '../config/schema.ts'
import { readConfig } from '../config/read-config.ts'
import { readInterfaces } from '../lan/interfaces.ts'
import { leaseDisk } from '../lan/leases/disk.ts'
import { readNeighbourTable } from '../lan/neighbours.ts'
import { rivalGateway } from '../lan/rivals.ts'
import { bootTime } from '../lib/boot-time.ts'
import { Deadlines } from '../lib/deadlines.ts'
import type { Log } from '../lib/log.ts'
import { SerialQueues } from '../lib/serial.ts'
import { keepHeapSmall } from '../lib/small-heap.ts'
import { isJournalStream } from '../log/journal-stream.ts'
import { type AdjustableLog, createLog } from '../log/logger.ts'
import { RecentEvents } from '../log/recent.ts'
import { throttle } from '../log/throttle.ts'
import { startDaemon } from '../main.ts'
import { localPorts } from '../nat/local-ports.ts'
import { spawnProgram } from '../nat/process.ts'
import { kernelReservedPorts } from '../nat/reserved-ports.ts'
import { claimTable } from '../nat/table-claim.ts'
import { AnnouncementSocket } from '../pcp/announcements.ts'
import { routeTables } from '../pcp/discovery/routes.ts'
import { connectSocket } from '../pcp/socket.ts'
import { loadIdentity } from '../store/identity.ts'
import { keepingIdentity } from '../store/keeping-identity.ts'
import { openStateDirectory } from '../store/state-directory.ts'
import { DONE, type Io, USAGE } from './io.ts'
import { describeSystemError, missingInterface } from './preconditions.ts'
import { reportProblems } from './problems.ts'
import { random } from './random.ts'
import { routerNat } from './router-nat.ts'
import { reload } from './reload.ts'
import { parseRunArguments, RUN_HELP, type RunArguments } from './run-arguments.ts'
import { notifyReady } from './sd-notify.ts'
import { untilSignal } from './signals.ts'

/** Lines of one kind a minute: more tell nothing new and wear the flash. */
const LINES_PER_MINUTE = 20
/** What is kept of the log for whoever asks for the status. */
const EVENTS = 100

const date = (): Date => new Date()

export async function run(argv: readonly string[], io: Io): Promise<number> {
  const args = parseRunArguments(argv)
  if (args.help) {
    io.out(RUN_HELP)
    return DONE
  }
  const config = await readConfig(args.file, { environment: io.environment, flags: args.flags })
  if (!config.ok) return reportProblems(config.why, io)
  const missing = missingInterface(config.value)
  if (missing !== undefined) return refuse(io, missing)
  keepHeapSmall()
  try {
    return await serve(config.value, args, io)
  } catch (error) {
    return refuse(io, describeSystemError(error))
  }
}

async function serve(config: Config, args: RunArguments, io: Io): Promise<number> {
  const ended = untilSignal()
  const live = new LiveConfig(config)
  const clock = new Deadlines(bootTime())
  const written = logTo(io, config)
  live.follow(['log.level', 'log.format'], (changed) => written.adjust(changed.log))
  const events = new RecentEvents(written, date, EVENTS)
  const log = throttle(events, clock, LINES_PER_MINUTE)
  const started = reloadAtHangup(live, args, { io, log })
  const opened = await openStateDirectory(config.state.dir, { clock, log })
  const identity = await loadIdentity(config.state.dir)
  const store = keepingIdentity(opened, identity)
  // A disk that takes nothing at all has been told of.
  if (identity.unkept !== undefined && opened.failure === undefined)
    log.error(
      { error: identity.unkept },
      'state.dir does not take who this installation is: no new mappings until it does',
    )
  const daemon = await startDaemon(live, {
    clock,
    random,
    log,
    events,
    date,
    rival: rivalGateway,
    interfaces: readInterfaces,
    neighbourTable: readNeighbourTable,
    disk: leaseDisk,
    connect: (server, address) => connectSocket(server, { address, port: identity.sourcePort }),
    descriptors: io.descriptors,
    identity,
    routes: routeTables,
    localPorts,
    hear: (announcements) => new AnnouncementSocket(announcements, log),
    nat: routerNat(config, {
      clock,
      log,
      spawn: spawnProgram,
      reservedPorts: kernelReservedPorts,
      claimTable,
    }),
    store,
  })
  started()
  void notifyReady(io.environment, log)
  const signal = await ended
  const release = live.current.pcp.releaseOnExit
  const mappings = release ? 'are deleted at the carrier' : 'stay at the carrier until their lifetime ends'
  log.info({ signal, mappings }, 'stopping')
  await daemon.stop(release)
  await store.close()
  return DONE
}

/** SIGHUP reads the configuration again, as soon as the daemon has started: the call of what is returned says so. */
function reloadAtHangup(
  live: LiveConfig,
  { file, flags }: RunArguments,
  { io, log }: { readonly io: Io; readonly log: Log },
): () => void {
  const turns = new SerialQueues<'reload'>()
  let started = (): void => undefined
  const start = new Promise<void>((resolve) => {
    started = resolve
  })
  const reread = async () => {
    await start
    await reload(live, await readConfig(file, { environment: io.environment, flags }), log)
  }
  process.on('SIGHUP', () => void turns.run('reload', reread))
  return started
}

function logTo(io: Io, { log: { format, level } }: Config): AdjustableLog {
  const journald = isJournalStream(io.environment['JOURNAL_STREAM'], fstatSync(1, { bigint: true }))
  return createLog({ level, format, journald, write: io.out })
}

function refuse(io: Io, why: string): number {
  io.err(`igd-pcp run: ${why}\n`)
  return USAGE
}
