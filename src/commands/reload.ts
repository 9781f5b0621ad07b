import type { LiveConfig } from '../config/reload.ts'
import type { Config } from '../config/schema.ts'
import { describeProblem, type Problem } from '../config/setting.ts'
import type { Decoded } from '../lib/decoded.ts'
import type { Log } from '../lib/log.ts'

/** Takes over what a running daemon can of the configuration as it stands now. A mistake in it changes nothing. */
export async function reload(
  live: LiveConfig,
  next: Decoded<Config, readonly Problem[]>,
  log: Log,
): Promise<void> {
  if (!next.ok) {
    for (const problem of next.why)
      log.error(
        { problem: describeProblem(problem) },
        'the configuration has a mistake; going on with the old one',
      )
    return
  }
  const { atRestart, failures, now } = await live.take(next.value)
  const fields = {
    ...(now.length > 0 && { takenOver: now }),
    ...(atRestart.length > 0 && { needsRestart: atRestart }),
  }
  log.info(fields, now.length + atRestart.length === 0 ? UNCHANGED : 'the configuration is reloaded')
  for (const why of failures) log.error({ why }, 'a setting could not be taken over')
}

const UNCHANGED = 'the configuration is read again; nothing in it has changed'
