import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Log } from '../lib/log.ts'
import type { Io } from './io.ts'

const execute = promisify(execFile)

/** In milliseconds: later than this no service manager listens. */
const PATIENCE = 10_000

/**
 * Tells the service manager that the daemon serves (sd_notify(3)), where one asked to be told. Node has no datagram
 * sockets of AF_UNIX, so systemd's own program says it. It is not told `--no-block`: then it may be gone before the
 * manager has found out which unit it belongs to.
 */
export async function notifyReady(environment: Io['environment'], log: Log): Promise<void> {
  if (environment['NOTIFY_SOCKET'] === undefined) return
  try {
    await execute('systemd-notify', ['--ready'], { env: environment, timeout: PATIENCE })
  } catch (error) {
    log.warn(
      { error: String(error) },
      'systemd is not told that the daemon is ready; set Type=exec in the unit',
    )
  }
}
