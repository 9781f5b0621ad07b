import { execFileSync } from 'node:child_process'
import { Daemon } from '../support/daemon.ts'
import type { Place } from '../support/place.ts'
import { pause } from '../support/program.ts'
import type { Report } from '../support/report.ts'
import { fill } from './soap.ts'

// What renewals cost: with the shortest lifetime that a server should grant (RFC 6887 §15), so that each mapping is
// renewed within some 75 seconds.

const LIFETIME = 120
const ROUND = 90_000

interface Renewals {
  readonly mappings: number
  readonly seconds: number
  readonly renewed: number
  /** Microseconds of processor time for each. */
  readonly cpu: number
}

export async function renewals(place: Place, mappings: number): Promise<Renewals> {
  const daemon = new Daemon(place, 'none', ['--max-lifetime', String(LIFETIME)])
  await daemon.start()
  await fill({ place, target: daemon.target }, 0, mappings)
  const [before, spent, started] = [renewed(place, daemon), daemon.program.cpu(), performance.now()]
  await pause(ROUND)
  const seconds = (performance.now() - started) / 1000
  const cpu = daemon.program.cpu() - spent
  const count = renewed(place, daemon) - before
  await daemon.stop()
  return { mappings, seconds, renewed: count, cpu: (1e6 * cpu) / count }
}

/** What the daemon itself has counted. */
function renewed(place: Place, daemon: Daemon): number {
  const [file = '', ...args] = place.on('cpe', daemon.command('status', '--json'))
  const status = JSON.parse(execFileSync(file, args, { encoding: 'utf8', maxBuffer: 1e8 })) as {
    readonly counters: { readonly renewals: number }
  }
  return status.counters.renewals
}

export const renewalReport = ({ cpu, mappings, renewed, seconds }: Renewals): Report => ({
  title: 'Renewals',
  note: `Lifetimes of ${LIFETIME} s, the shortest a server should grant.`,
  head: ['mappings', 'seconds', 'renewals', 'CPU µs/renewal'],
  rows: [[mappings, Math.round(seconds), renewed, Math.round(cpu)]],
})
