import { uptime } from 'node:os'
import { type Millis, millis } from './units.ts'

/** How far the boot time may run ahead before it counts as a suspend and not as rounding of the kernel's figure. */
const SUSPEND = 1000

/** How often the boot time is read: reading it costs a hundred times as much as the monotonic clock. */
const CHECK = 100

/** Two clocks of the kernel, in milliseconds. Neither knows the date. */
interface KernelClocks {
  /** CLOCK_MONOTONIC: stands still while the machine is suspended. */
  readonly monotonic: () => number
  /** CLOCK_BOOTTIME, to a hundredth of a second. */
  readonly boot: () => number
}

const KERNEL: KernelClocks = {
  monotonic: () => Number(process.hrtime.bigint()) / 1e6,
  boot: () => uptime() * 1000,
}

/**
 * Milliseconds since boot with the time spent suspended, which CLOCK_MONOTONIC leaves out and leases do not.
 * The monotonic clock gives the resolution; the kernel's uptime adds what was slept.
 */
export function bootTime({ boot, monotonic }: KernelClocks = KERNEL): () => Millis {
  let offset = boot() - monotonic()
  let checkedAt = monotonic()
  return () => {
    const now = monotonic()
    if (now - checkedAt > CHECK) {
      checkedAt = now
      const slept = boot() - now - offset
      if (slept > SUSPEND) offset += slept
    }
    return millis(now + offset)
  }
}
