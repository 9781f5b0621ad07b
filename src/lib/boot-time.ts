import { uptime } from 'node:os'
import { type Millis, millis } from './units.ts'

/** How far the boot time may run ahead before it counts as a suspend and not as rounding of the kernel's figure. */
const SUSPEND = 1000

const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6
const boot = (): number => uptime() * 1000

/**
 * Milliseconds since boot with the time spent suspended, which CLOCK_MONOTONIC leaves out and leases do not.
 * The monotonic clock gives the resolution; the kernel's uptime, read once a second, adds what was slept.
 */
export function bootTime(): () => Millis {
  let offset = boot() - monotonic()
  let checkedAt = monotonic()
  return () => {
    const now = monotonic()
    if (now - checkedAt > 1000) {
      checkedAt = now
      const slept = boot() - now - offset
      if (slept > SUSPEND) offset += slept
    }
    return millis(now + offset)
  }
}
