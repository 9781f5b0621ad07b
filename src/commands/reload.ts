import { changedKeys, type LiveConfig, reloaded } from '../config/reload.ts'
import type { Config } from '../config/schema.ts'
import { describeProblem, type Problem } from '../config/setting.ts'
import type { Decoded } from '../lib/decoded.ts'
import type { Log } from '../lib/log.ts'

/** Takes over what a running daemon can of the configuration as it stands now. A mistake in it changes nothing. */
export function reload(live: LiveConfig, next: Decoded<Config, readonly Problem[]>, log: Log): void {
  if (!next.ok) {
    for (const problem of next.why)
      log.error(
        { problem: describeProblem(problem) },
        'the configuration has a mistake; going on with the old one',
      )
    return
  }
  const { reload: now, restart } = changedKeys(live.current, next.value)
  live.current = reloaded(live.current, next.value)
  log.info({ takenOver: now, needsRestart: restart }, 'the configuration is reloaded')
}
